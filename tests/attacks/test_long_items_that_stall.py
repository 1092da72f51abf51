"""Threat E12: pieces that never come neither stop further long items nor fill the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.errors import RelayUnreachable
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.inbound.long_items import MAX_PARTIALS, STALLED_DAYS
from e2etherapy.messenger.views import SyncReport
from tests.support.cut_line import Line
from tests.support.devices import Two, texts, two
from tests.support.hostile_author import HostileAuthor, base64_of, packed
from tests.support.meddler import Meddler

SAM, OKAFOR = "Sam", "Dr. Okafor"
LONG = " and so on" * 2_000
"""More than one envelope holds, less than two."""


@dataclass
class Withholding:
    """An operator who lets so many of the envelopes through that come at the same time."""

    pair: Two
    keep: int = 0
    withheld: list[bytes] = field(default_factory=list)

    def arrange(self, held: list[bytes]) -> list[bytes]:
        fresh = [envelope for envelope in held if envelope not in self.withheld]
        self.withheld += fresh[self.keep :]
        return fresh[: self.keep]

    async def sync(self, keep: int = 1_000) -> SyncReport:
        self.keep = keep
        return await self.pair.therapist.sync()

    async def release(self, first: int, last: int) -> SyncReport:
        """Show some of what was withheld, in the order of its arrival."""
        del self.withheld[first:last]
        return await self.sync()

    async def stall(self, words: str) -> list[EventName]:
        """Let a long text come without one piece; return what the therapist is told."""
        await self.pair.client.send(OKAFOR, words + LONG)
        return events(await self.sync(keep=1))

    async def rows(self) -> tuple[int, int]:
        """Return how many long items are on their way, and how many pieces of them are kept."""
        db = self.pair.therapist.device.vault.db
        ((partials,),) = await db.fetch_all("SELECT count(*) FROM partial")
        ((chunks,),) = await db.fetch_all("SELECT count(*) FROM chunk")
        return int(partials), int(chunks)


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Withholding]:
    meddler = Meddler()
    async with two(tmp_path, turns=2, therapist_connect=meddler.connect) as pair:
        await carry_the_receipts(pair)
        relay = Withholding(pair)
        meddler.rearrange = relay.arrange
        yield relay


async def carry_the_receipts(pair: Two) -> None:
    """Let what is owed go along with something short, so that it is not counted as a piece."""
    await pair.client.send(OKAFOR, "short")
    await pair.therapist.sync()


def events(report: SyncReport) -> list[EventName]:
    return [notice.event for notice in report.notices]


async def last_texts(pair: Two, count: int) -> list[str]:
    return [text.removesuffix(LONG) for text in (await texts(pair.therapist, SAM))[-count:]]


async def test_a_relay_that_drops_a_piece_of_each_does_not_stop_the_next(
    relay: Withholding,
) -> None:
    for number in range(MAX_PARTIALS):
        assert await relay.stall(f"{number}") == []
    await relay.pair.client.send(OKAFOR, "whole" + LONG)
    report = await relay.sync()
    assert (report.arrived, events(report)) == ({SAM: 1}, [EventName.LONG_ITEM_LOST])
    assert await last_texts(relay.pair, 1) == ["whole"]
    assert await relay.rows() == (MAX_PARTIALS - 1, MAX_PARTIALS - 1)
    assert await relay.stall("there is room for one again") == []
    assert await relay.stall("and then there is none") == [EventName.LONG_ITEM_LOST]
    await relay.pair.therapist.journal_verify()


async def test_what_waited_longest_is_given_up_and_the_others_can_be_completed(
    relay: Withholding,
) -> None:
    for number in range(MAX_PARTIALS + 1):
        relay.pair.clock.forward(days=1)
        await relay.stall(f"{number}")
    report = await relay.release(1, MAX_PARTIALS + 1)
    assert (report.arrived, events(report)) == ({SAM: MAX_PARTIALS}, [])
    assert await last_texts(relay.pair, MAX_PARTIALS) == [
        f"{number}" for number in range(1, MAX_PARTIALS + 1)
    ]


async def test_a_late_piece_of_what_was_given_up_is_refused_and_takes_no_place(
    relay: Withholding,
) -> None:
    for number in range(MAX_PARTIALS + 1):
        await relay.stall(f"{number}")
    before = await relay.rows()
    report = await relay.release(0, 1)
    assert (report.arrived, events(report)) == ({}, [EventName.CONTENT_REFUSED])
    assert "given up" in report.notices[0].sentence
    assert await relay.rows() == before == (MAX_PARTIALS, MAX_PARTIALS)


async def test_an_item_without_a_new_piece_is_given_up_when_its_keys_are_gone(
    relay: Withholding,
) -> None:
    await relay.stall("never whole")
    relay.pair.clock.forward(days=STALLED_DAYS)
    assert events(await relay.sync()) == []
    assert await relay.rows() == (1, 1)
    relay.pair.clock.forward(days=1)
    report = await relay.sync()
    assert events(report) == [EventName.LONG_ITEM_LOST]
    assert "1 of its 2 pieces" in report.notices[0].sentence
    assert await relay.rows() == (0, 0)
    await relay.pair.client.send(OKAFOR, "afterwards")
    assert ((await relay.sync()).arrived, relay.withheld != []) == ({SAM: 1}, True)
    assert (await relay.pair.therapist.conversations())[0].missing == 1


async def test_a_piece_that_comes_begins_the_time_anew(relay: Withholding) -> None:
    await relay.pair.client.send(OKAFOR, "three pieces" + LONG * 2)
    assert events(await relay.sync(keep=1)) == []
    relay.pair.clock.forward(days=30)
    await relay.release(0, 1)
    relay.pair.clock.forward(days=STALLED_DAYS)
    assert events(await relay.sync()) == []
    assert (await relay.rows())[0] == 1


async def test_nothing_is_given_up_while_its_piece_may_wait_at_the_relay(tmp_path: Path) -> None:
    """The author's device was away in the middle of it, and then the relay."""
    lines = Line(), Line()
    async with two(
        tmp_path, turns=2, client_connect=lines[0].connect, therapist_connect=lines[1].connect
    ) as pair:
        await carry_the_receipts(pair)
        lines[0].batches = False
        lines[0].cut(2, after_effect=False)
        assert (await pair.client.send(OKAFOR, "late" + LONG)).state == "on_device"
        assert (await pair.therapist.sync()).arrived == {}
        pair.clock.forward(days=STALLED_DAYS + 1)
        lines[0].mend()
        await pair.client.sync()
        lines[1].down = True
        with pytest.raises(RelayUnreachable):
            await pair.therapist.sync()
        lines[1].mend()
        report = await pair.therapist.sync()
        assert (report.arrived, events(report)) == ({SAM: 1}, [])
        assert await last_texts(pair, 1) == ["late"]


async def test_a_hostile_author_who_begins_without_end_takes_a_bounded_room(
    relay: Withholding,
) -> None:
    """All in one page, so that what is given up has come in the same transaction."""
    author = HostileAuthor(relay.pair.client, OKAFOR)
    bodies = []
    for number in range(40):
        whole = number.to_bytes(16, "big")
        first, second, _ = author.parts(whole, [b"x"] * 3)
        bodies += [first] if number % 2 else [first, second]
    await author.say(*bodies[:-1], bodies[0])
    await relay.sync()
    assert (await relay.rows())[0] == MAX_PARTIALS
    assert (await relay.rows())[1] <= MAX_PARTIALS * 2
    for number in range(40):
        item = author.item("part", whole=base64_of(number.to_bytes(16, "big")), index=2, count=3)
        await author.say(packed(item | {"sequence": 1_003 + 3 * number}, b"x"))
    await relay.sync()
    assert (await relay.rows())[0] <= MAX_PARTIALS
    assert (await relay.rows())[1] <= MAX_PARTIALS * 3
    await author.say(packed(author.item("text", text="honest again")))
    assert (await relay.sync()).arrived == {SAM: 1}
    await relay.pair.therapist.journal_verify()
