"""What must be true of two people's vaults at any moment, whatever the relay did."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from e2etherapy.messenger.views import MessageView
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.kem import Kem768Secret, Kem1024Secret
from e2etherapy.session import states
from e2etherapy.session.phases import Phase
from e2etherapy.session.states import Conversation, Established, Invited
from tests.support.ledger import Said, Speaker
from tests.support.thief import can_open, secrets_in
from tests.support.two_people import CLIENT, THERAPIST, Owner, TwoPeople

Threads = dict[Speaker, list[MessageView]]
OTHER = {THERAPIST: CLIENT, CLIENT: THERAPIST}


class DeliveryClaims:
    """Checks a world against its ledger; remembers every private key that it has seen."""

    def __init__(self, world: TwoPeople) -> None:
        self._world = world
        self._seen: dict[str, set[bytes]] = {THERAPIST: set(), CLIENT: set()}
        self.destroyed = world.relay.destroyed

    async def hold_now(self) -> None:
        """Check what must hold after every step."""
        payments = self._world.relay.payments
        assert len(payments) == len(set(payments)), "a ticket was paid twice"
        threads: Threads = {}
        for owner in self._world.owners.values():
            await owner.messenger.journal_verify()
            await self._no_key_outlives_its_use(owner)
            for line_number, line in enumerate(await owner.messenger.conversations(), 1):
                speaker = Speaker(owner.name, line_number)
                threads[speaker] = await owner.messenger.thread(line.name)
        for speaker, thread in threads.items():
            self._own_record_is_whole(speaker, thread)
            self._nothing_forged_doubled_or_out_of_order(speaker, thread)
            other = threads.get(Speaker(OTHER[speaker.person], speaker.conversation), [])
            self._states_are_true(speaker, thread, other)

    async def hold_in_the_end(self) -> None:
        """Check what must hold once everything that the relay has is delivered."""
        await self.hold_now()
        for owner in self._world.owners.values():
            for line_number, line in enumerate(await owner.messenger.conversations(), 1):
                thread = await owner.messenger.thread(line.name)
                await self._files_are_whole(owner, line.name, thread)
                assert line.waiting == 0
                if self._nothing_destroyed_of(Speaker(OTHER[owner.name], line_number)):
                    assert line.missing == 0
            await self._no_used_key_anywhere(owner)
            await self._opened_envelopes_stay_shut(owner)

    async def nothing_is_lost(self) -> None:
        """Check that everything has arrived of which the relay destroyed no part."""
        for owner in self._world.owners.values():
            for line_number, line in enumerate(await owner.messenger.conversations(), 1):
                thread = await owner.messenger.thread(line.name)
                arrived = {view.text for view in thread if not view.own}
                for said in self._said(Speaker(OTHER[owner.name], line_number)):
                    if self.destroyed.isdisjoint(said.envelopes):
                        assert said.words in arrived, f"{said.words[:30]!r} is lost"

    async def nothing_whole_waits(self) -> None:
        """Check that every long item of which all pieces have arrived is in the thread."""
        for owner in self._world.owners.values():
            assert await owner.db.fetch_all("SELECT 1 FROM partial WHERE arrived >= total") == []

    def _said(self, author: Speaker) -> list[Said]:
        return self._world.ledger.said.get(author, [])

    def _nothing_destroyed_of(self, author: Speaker) -> bool:
        of = self._world.ledger.author
        return all(of.get(name) != author for name in self.destroyed)

    def _own_record_is_whole(self, speaker: Speaker, thread: list[MessageView]) -> None:
        assert [view.text for view in thread if view.own] == [
            said.words for said in self._said(speaker)
        ]

    def _nothing_forged_doubled_or_out_of_order(
        self, reader: Speaker, thread: list[MessageView]
    ) -> None:
        author = Speaker(OTHER[reader.person], reader.conversation)
        place = {said.words: number for number, said in enumerate(self._said(author))}
        shown = [view.text for view in thread if not view.own]
        assert set(shown) <= set(place), "something was shown that nobody wrote"
        places = [place[words] for words in shown]
        assert places == sorted(set(places)), "shown twice or out of order"

    def _states_are_true(
        self, speaker: Speaker, thread: list[MessageView], other: list[MessageView]
    ) -> None:
        envelopes = {said.words: set(said.envelopes) for said in self._said(speaker)}
        there = {view.text for view in other if not view.own}
        for view in thread:
            if not view.own:
                assert view.state == "received"
            elif view.state in {"fetched", "read"}:
                assert view.text in there
            elif view.state == "stored":
                known = envelopes[view.text] <= self._world.relay.answered
                assert known or view.text in there
            else:
                assert view.state == "on_device"

    async def _no_key_outlives_its_use(self, owner: Owner) -> None:
        rows = await owner.db.fetch_all("SELECT state FROM conversation")
        current: set[bytes] = set()
        for (dumped,) in rows:
            state = states.load(dumped)
            if state.phase is Phase.READY:
                assert isinstance(state, Established)
                assert state.ratchet.own is None
            if isinstance(state, Established):
                assert not any(isinstance(key, Kem1024Secret) for key in secrets_in(state))
            current |= set(_private_keys(state))
        seen = self._seen[owner.name]
        for key in seen - current:
            assert all(key not in dumped for (dumped,) in rows), "a used key is still stored"
        seen |= current

    async def _no_used_key_anywhere(self, owner: Owner) -> None:
        """Look through every value of every table."""
        states = await _states(owner)
        current = {key for state in states for key in _private_keys(state)}
        tables = await owner.db.fetch_all(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%'"
        )
        values = []
        for (table,) in tables:
            for row in await owner.db.fetch_all(f"SELECT * FROM {table}"):  # noqa: S608
                values += [value for value in row if isinstance(value, bytes)]
        everything = b"\x00".join(values)
        for key in self._seen[owner.name] - current:
            assert key not in everything, "a used key is somewhere in the vault"

    async def _opened_envelopes_stay_shut(self, owner: Owner) -> None:
        """No secret that is left fits the newest envelope which this person has opened or made."""
        world = self._world
        for number, line in enumerate(await owner.messenger.conversations(), 1):
            thread = await owner.messenger.thread(line.name)
            shown = {view.text for view in thread}
            state = (await _states(owner))[number - 1]
            for person in OTHER:
                said = [one for one in self._said(Speaker(person, number)) if one.words in shown]
                for name in said[-1].envelopes[-1:] if said else ():
                    assert not can_open(state, world.ledger.envelopes[name])

    async def _files_are_whole(self, owner: Owner, name: str, thread: list[MessageView]) -> None:
        for view in thread:
            if view.file is not None:
                found = await owner.messenger.attachment(name, view.file.id, author=view.author)
                assert found == (view.text, file_of(view.text))


def file_of(name: str) -> bytes:
    """Return the bytes of the file that is sent under a name."""
    return name.encode() * 1_500


async def _states(owner: Owner) -> list[Conversation]:
    rows = await owner.db.fetch_all("SELECT state FROM conversation ORDER BY id")
    return [states.load(dumped) for (dumped,) in rows]


def _private_keys(state: Conversation) -> Iterator[bytes]:
    """Yield every private key but the therapist's identity, which lives on in the settings."""
    if isinstance(state, Invited):
        state = msgspec.structs.replace(state, identity=X25519Secret(bytes(32)))
    for secret in secrets_in(state):
        if isinstance(secret, X25519Secret | Kem768Secret | Kem1024Secret) and any(secret):
            yield bytes(secret)
