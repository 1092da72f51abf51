"""Two people whose relay lies, forgets, repeats or is full: nothing is lost, and they are told."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from e2etherapy.errors import (
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.batch import BatchedOperation, BatchResult
from e2etherapy.mailbox.capabilities import (
    DepositAddress,
    OwnerKey,
)
from e2etherapy.mailbox.operations import MAX_PAGE, StoredEnvelope
from e2etherapy.messenger.inbound import collecting
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.session import states
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.cut_line import Line
from tests.support.devices import record_of, texts, two
from tests.support.liar import liar, saying
from tests.support.people import seeded

SAM, OKAFOR = "Sam", "Dr. Okafor"
DRAW = seeded("what a lying relay shows")


class Endless(RelayConnection):
    """Says of every mailbox that there is one more page."""

    pages = 0

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        type(self).pages += 1
        assert self.pages < 9, "this goes on without end"
        await super().collect(owner_key, after, limit)
        first = max(after, 1_000 * self.pages) + 1
        positions = range(first, first + MAX_PAGE)
        return [StoredEnvelope(position, DRAW(ENVELOPE_SIZE)) for position in positions]

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        await super().wait(mailboxes, seconds)
        return [*range(len(mailboxes))]


async def test_a_relay_that_always_has_one_more_page_does_not_hold_a_sync_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MAILBOX_CAPACITY", 2 * MAX_PAGE)
    async with two(tmp_path, turns=2) as pair:
        await pair.client.__aexit__()
        pair.client_home.connect = Endless
        pair.client = await pair.client_home.open()
        for number in (1, 2):
            report = await pair.client.sync()
            refused = EventName.ENVELOPE_REFUSED
            counts = [one.count for one in report.notices if one.event is refused]
            assert sum(counts) == 2 * MAX_PAGE
            assert Endless.pages == 2 * number


class Replaying(RelayConnection):
    """Says of every mailbox twice that it has news, and shows the first page again and again."""

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        await super().wait(mailboxes, seconds)
        return [*range(len(mailboxes)), *range(len(mailboxes))]

    first: list[StoredEnvelope]

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        page = await super().collect(owner_key, after, limit)
        if page and not hasattr(type(self), "first"):
            type(self).first = page
        if page or after > 9:
            return page
        return [StoredEnvelope(after + 1, type(self).first[0].envelope)]


async def test_a_mailbox_that_is_named_twice_does_not_set_a_state_back(tmp_path: Path) -> None:
    class Here(Replaying):
        pass

    async with two(tmp_path, met=False, therapist_connect=Here) as pair:
        link = (await pair.therapist.invite(SAM)).link
        await pair.client.join(link)
        for words in ("one", "two", "three"):
            await pair.client.send(OKAFOR, words)
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: 3}
        assert [notice.event for notice in report.notices] == [EventName.CONVERSATION_ESTABLISHED]
        state = states.dump((await record_of(pair.therapist, SAM)).state)
        await pair.therapist.sync()
        assert states.dump((await record_of(pair.therapist, SAM)).state) == state
        assert await texts(pair.therapist, SAM) == ["one", "two", "three"]


async def test_a_full_mailbox_keeps_what_waits_and_tells_of_it(tmp_path: Path) -> None:
    class Full(RelayConnection):
        full = False

        async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
            if Full.full:
                raise RelayFull("The relay has no room for this now.")
            await super().deposit(address, envelope)

        async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
            if Full.full:
                return [BatchResult(507) for _ in batched]
            return await super().batch(batched)

    async with two(tmp_path, turns=2, client_connect=Full) as pair:
        Full.full = True
        report = await pair.client.send(OKAFOR, "patience")
        assert report.state == "on_device"
        assert report.problem is not None
        assert report.problem.startswith("The relay has no room for this now")
        with pytest.raises(RelayFull):
            await pair.client.sync()
        (line,) = await pair.client.conversations()
        assert line.waiting == 2
        Full.full = False
        assert (await pair.client.sync()).unsent == 0
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def test_a_mailbox_that_is_gone_is_told_of_and_the_others_go_on(tmp_path: Path) -> None:
    gone: set[bytes] = set()

    class Forgetful(RelayConnection):
        async def wait(
            self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float
        ) -> list[int]:
            arrived = await super().wait(mailboxes, seconds)
            forgotten = [i for i, (key, _) in enumerate(mailboxes) if bytes(key) in gone]
            return sorted({*arrived, *forgotten})

        async def collect(
            self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
        ) -> list[StoredEnvelope]:
            if bytes(owner_key) in gone:
                raise RelayRefused("The relay has nothing here for this key.")
            return await super().collect(owner_key, after, limit)

        async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
            results = await super().batch(batched)
            return [
                BatchResult(404) if bytes(operation.key) in gone else result
                for operation, result in zip(batched, results, strict=True)
            ]

    async with two(tmp_path, turns=2, therapist_connect=Forgetful) as pair:
        invitation = await pair.therapist.invite("Other")
        await pair.client.join(invitation.link, "Dr. O again")
        gone.add(bytes((await record_of(pair.therapist, SAM)).mailbox.owner_key))
        await pair.client.send(OKAFOR, "lost on a forgetful relay")
        await pair.client.send("Dr. O again", "arrives")
        report = await pair.therapist.sync()
        assert report.arrived == {"Other": 1}
        assert EventName.DELIVERY_REFUSED in [notice.event for notice in report.notices]


async def test_nonsense_of_one_relay_does_not_stop_another(tmp_path: Path) -> None:
    async with (
        two(tmp_path / "one", turns=2) as pair,
        liar(saying(200, b"nonsense")) as server,
    ):
        await pair.client.join((await pair.therapist.invite("Sam, liar's")).link, "A first")
        # The relay of the older conversation is now one that lies.
        await pair.client.device.vault.db.write(
            [("UPDATE conversation SET relay = ? WHERE name = 'A first'", ((server.url,),))]
        )
        await pair.therapist.send(SAM, "from an honest relay")
        report = await pair.client.sync()
        assert report.arrived == {OKAFOR: 1}
        assert report.problem is not None
        assert "makes no sense" in report.problem
        with pytest.raises(RelayProtocolError):
            await pair.client.sync()


async def test_what_arrived_before_the_line_was_cut_is_reported(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        await pair.client.send(OKAFOR, "hello")
        reports = []
        for call in range(1, 5):
            line.cut(call, after_effect=True)
            with contextlib.suppress(RelayUnreachable):
                reports.append(await pair.therapist.sync())
            line.mend()
        assert sum(report.arrived.get(SAM, 0) for report in reports) == 1
        assert (await texts(pair.therapist, SAM))[-1] == "hello"
