"""Two conversations over a malicious relay, with crashes at every step.

Each side stores its state, its journal and its outbox together, as the vault does, and only what
is stored counts: an envelope leaves after that, and is acknowledged after that. The relay keeps
every envelope for ever and delivers what it likes, as often as it likes, to whom it likes. It may
delay an envelope, but not past the four further turns of docs/protocol.md, section 5.5.

ci runs at least 1,000 steps, nightly at least 20,000 (`make test-nightly`).
"""

from __future__ import annotations

import os
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from e2etherapy.errors import EnvelopeRefused, InvitationUsed, MalformedData
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.kem import Kem768Secret, Kem1024Secret
from e2etherapy.session import conversation, states
from e2etherapy.session.conversation import Opened
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.phases import Phase
from tests.support.forgeries import ATTACKS, Material
from tests.support.people import LAST_DAY, TODAY, Person, meet, seeded, text
from tests.support.sides import ROLES, Posted, Role, Side, sides_of
from tests.support.thief import secrets_in

NIGHTLY = os.environ.get("E2ETHERAPY_TEST_PROFILE") == "nightly"
EXAMPLES, STEPS, AT_LEAST = (1_000, 60, 20_000) if NIGHTLY else (120, 50, 1_000)
CONVERSATIONS = 2
LAST_DELAY = 25
"""Days that may pass; openings count for 30 and kept secrets for 45."""

PRIVATE = (X25519Secret, Kem768Secret, Kem1024Secret)


class TwoConversations(RuleBasedStateMachine):
    """A therapist with two clients; every rule is something that a person or the relay does."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.pairs = [meet(f"machine/{number}") for number in range(CONVERSATIONS)]
        self.conversations = [sides_of(pair) for pair in self.pairs]
        self.day = TODAY

    @initialize(
        lengths=st.lists(
            st.lists(st.integers(1, 3), max_size=6),
            min_size=CONVERSATIONS,
            max_size=CONVERSATIONS,
        )
    )
    def talk_before(self, lengths: list[list[int]]) -> None:
        """Begin somewhere in a conversation; of each turn only the last envelope has arrived."""
        for sides, turns in zip(self.conversations, lengths, strict=True):
            for turn, length in enumerate(turns):
                author, reader = ROLES if turn % 2 == 0 else ROLES[::-1]
                for number in range(length):
                    self._write(sides[author], f"turn {turn + 1}, number {number}")
                self._open(sides[reader], sides[author].outgoing[-1])

    def side(self, number: int, role: Role) -> Side:
        type(self).steps += 1
        return self.conversations[number][role]

    def peer(self, number: int, role: Role) -> Side:
        return self.conversations[number]["therapist" if role == "client" else "client"]

    number = st.integers(0, CONVERSATIONS - 1)
    role = st.sampled_from(ROLES)
    words = st.text(max_size=40)
    choice = st.integers(0, 2**20)

    # What people do ---------------------------------------------------------------------------

    @rule(number=number, role=role, words=words, crash=st.booleans())
    def write(self, number: int, role: Role, words: str, crash: bool) -> None:
        """Seal and store; after a crash in between the envelope has never left."""
        side = self.side(number, role)
        if side.person.state.phase is not Phase.INVITED:
            self._write(side, words, crash=crash)

    @rule(number=number, role=role)
    def restart(self, number: int, role: Role) -> None:
        self.side(number, role).crash()

    @rule(days=st.integers(1, 3))
    @precondition(lambda self: self.day < TODAY + LAST_DELAY)
    def wait(self, days: int) -> None:
        self.day += days

    # What the relay does ----------------------------------------------------------------------

    @rule(number=number, role=role, choice=choice, crash=st.sampled_from(["no", "before", "after"]))
    def deliver(self, number: int, role: Role, choice: int, crash: str) -> None:
        """Deliver any envelope that is under way, in any order; the reader may crash meanwhile."""
        reader, author = self.side(number, role), self.peer(number, role)
        waiting = [posted for posted in author.outgoing if not posted.opened]
        if not waiting:
            return
        posted = waiting[choice % len(waiting)]
        for overtaken in waiting:
            if overtaken.turn < posted.turn - 2 * (STANDARD.old_chains - 1):
                self._open(reader, overtaken)
        if crash == "before":
            self._unseal(reader, posted)
            reader.crash()
            return
        self._open(reader, posted)
        if crash == "after":
            reader.crash()
            self._refused(reader, posted.envelope)

    @rule(number=number, role=role)
    def flush(self, number: int, role: Role) -> None:
        """Deliver all that is under way, in order."""
        self._open_all(self.side(number, role), self.peer(number, role))

    @rule(number=number, role=role, attack=st.sampled_from(sorted(ATTACKS)), choice=choice)
    def attack(self, number: int, role: Role, attack: str, choice: int) -> None:
        """Deliver something that nobody meant for this reader, or not in this form."""
        reader, author = self.side(number, role), self.peer(number, role)
        strangers = self.conversations[(number + 1) % CONVERSATIONS]
        material = Material(
            genuine=[posted.envelope for posted in author.outgoing],
            opened=[posted.envelope for posted in author.outgoing if posted.opened],
            own=[posted.envelope for posted in reader.outgoing],
            foreign=[posted.envelope for side in strangers.values() for posted in side.outgoing],
        )
        for forged in ATTACKS[attack](material, choice):
            self._refused(reader, forged)

    @rule(number=number)
    def claim_again(self, number: int) -> None:
        """Somebody else with the same link writes to the therapist."""
        reader = self.side(number, "therapist")
        if reader.person.state.phase is Phase.INVITED:
            return
        draw = seeded("rival")
        rival = Person(conversation.join(self.pairs[number].bundle, TODAY, LAST_DAY, draw), draw)
        self._refused(reader, rival.seal("me too"))

    # What must hold ---------------------------------------------------------------------------

    @invariant()
    def nothing_twice_and_nothing_forged(self) -> None:
        for sides in self.conversations:
            for role, reader in sides.items():
                author = sides["therapist" if role == "client" else "client"]
                written = {posted.item.id: posted.item for posted in author.outgoing}
                assert len({item.id for item in reader.journal}) == len(reader.journal)
                assert all(written[item.id] == item for item in reader.journal)

    @invariant()
    def no_private_key_while_the_other_side_spoke_last(self) -> None:
        for side in self._all_sides():
            if side.person.state.phase is Phase.READY:
                found = secrets_in(side.person.state)
                assert not any(isinstance(secret, PRIVATE) for secret in found)

    @invariant()
    def what_is_stored_is_what_is_in_memory(self) -> None:
        for side in self._all_sides():
            assert states.load(side.stored) == side.person.state
            assert states.dump(side.person.state) == side.stored

    @invariant()
    def old_turns_are_closed_and_few(self) -> None:
        for side in self._all_sides():
            state = side.person.state
            if isinstance(state, states.Established):
                old = state.ratchet.receiving[1:]
                assert len(old) <= STANDARD.old_chains
                assert all(chain.chain_key is None and chain.skipped for chain in old)

    def teardown(self) -> None:
        """In the end the relay delivers all that it held back: nothing is lost, order is known."""
        for sides in self.conversations:
            for role, reader in sides.items():
                author = sides["therapist" if role == "client" else "client"]
                self._open_all(reader, author)
                in_order = sorted(reader.journal, key=lambda item: item.sequence)
                assert in_order == [posted.item for posted in author.outgoing]
                assert [item.sequence for item in in_order] == list(range(1, len(in_order) + 1))

    def _all_sides(self) -> list[Side]:
        return [side for sides in self.conversations for side in sides.values()]

    def _write(self, side: Side, words: str, *, crash: bool = False) -> None:
        begins = side.person.state.phase in {Phase.READY, Phase.JOINED}
        sealed = side.person.try_seal(words)
        if crash:
            side.crash()
            return
        side.person.state = sealed.state
        side.person.sent += 1
        side.turn += 2 if begins else 0
        side.commit()
        item = text(words, side.person.sent)
        side.outgoing.append(Posted(sealed.envelope, side.turn, item))

    def _open_all(self, reader: Side, author: Side) -> None:
        for posted in author.outgoing:
            if not posted.opened:
                self._open(reader, posted)

    def _unseal(self, reader: Side, posted: Posted) -> Opened:
        opened = conversation.unseal(reader.person.state, posted.envelope, self.day)
        assert opened.body is not None
        assert opened.body.item == posted.item
        return opened

    def _open(self, reader: Side, posted: Posted) -> None:
        """Open, store state and journal together, and only then acknowledge."""
        opened = self._unseal(reader, posted)
        reader.person.state = opened.state
        reader.journal.append(posted.item)
        reader.commit()
        posted.opened = True

    def _refused(self, reader: Side, envelope: bytes) -> None:
        with pytest.raises((EnvelopeRefused, InvitationUsed, MalformedData)):
            conversation.unseal(reader.person.state, envelope, self.day)
        assert states.dump(reader.person.state) == reader.stored


def test_nothing_is_lost_doubled_or_forged_whatever_the_relay_does() -> None:
    TwoConversations.steps = 0
    run_state_machine_as_test(
        TwoConversations,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    assert TwoConversations.steps >= AT_LEAST
