"""A relay that names a false position once, or counts anew, hides nothing that comes after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.errors import RelayUnreachable
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import MAX_PAGE, MAX_POSITION, StoredEnvelope
from e2etherapy.messenger.line.connection import RelayConnection
from tests.support.devices import record_of, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


class Renumbering(RelayConnection):
    """A relay that gives the last envelope of a page a position of its choice, once.

    What lies at positions that it made up is acknowledged with them.
    """

    named: int | None = None

    async def features(self) -> frozenset[str]:
        return frozenset()

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        page = await super().collect(owner_key, after, limit)
        if page and Renumbering.named is not None:
            page[-1] = replace(page[-1], position=Renumbering.named)
            Renumbering.named = None
        return page


@pytest.fixture(autouse=True)
def honest_again() -> None:
    Renumbering.named = None


@pytest.mark.parametrize(
    ("position", "event", "words"),
    [
        (2**31, EventName.GAP_NOTICED, "were removed from the relay"),
        (2**32, EventName.RELAY_RESTORED, "restored from a backup"),
        (2**62, EventName.RELAY_RESTORED, "restored from a backup"),
        (MAX_POSITION, EventName.RELAY_RESTORED, "restored from a backup"),
    ],
)
async def test_after_a_position_far_too_high_what_comes_later_is_still_fetched(
    tmp_path: Path, position: int, event: EventName, words: str
) -> None:
    async with two(tmp_path, turns=1, therapist_connect=Renumbering) as pair:
        await pair.client.send(OKAFOR, "one")
        Renumbering.named = position
        report = await pair.therapist.sync()
        assert [notice.event for notice in report.notices] == [event]
        assert words in report.notices[0].sentence
        for text in ("two", "three"):
            await pair.client.send(OKAFOR, text)
            assert (await pair.therapist.sync()).arrived == {SAM: 1}
        assert (await texts(pair.therapist, SAM))[-3:] == ["one", "two", "three"]
        record = await record_of(pair.therapist, SAM)
        assert record.collected == record.acknowledged < 2**31


async def test_one_delivery_that_is_missing_is_told_of_as_one(tmp_path: Path) -> None:
    async with two(tmp_path, turns=1, therapist_connect=Renumbering) as pair:
        await pair.therapist.sync()
        collected = (await record_of(pair.therapist, SAM)).collected
        await pair.client.send(OKAFOR, "one")
        Renumbering.named = collected + 2
        (notice,) = (await pair.therapist.sync()).notices
        assert notice.sentence.startswith("A delivery from Sam was removed from the relay")


async def test_a_device_that_waits_hears_of_what_comes_after_a_false_position(
    tmp_path: Path,
) -> None:
    async with two(tmp_path, turns=1, therapist_connect=Renumbering) as pair:
        await pair.client.send(OKAFOR, "one")
        Renumbering.named = 2**40
        await pair.therapist.sync()
        await pair.client.send(OKAFOR, "two")
        assert await pair.therapist.wait(5)


class AfterAll(RelayConnection):
    """A relay that says that it has deleted, and goes on showing the same."""

    asked = 0

    async def features(self) -> frozenset[str]:
        return frozenset()

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        """Do nothing."""

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        AfterAll.asked += 1
        return await super().collect(owner_key, after, limit)

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        return await super().wait(mailboxes, seconds)


async def test_what_is_shown_again_changes_nothing(tmp_path: Path) -> None:
    async with two(tmp_path, turns=1, therapist_connect=AfterAll) as pair:
        await pair.client.send(OKAFOR, "one")
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
        before = await pair.therapist.thread(SAM)
        AfterAll.asked = 0
        for _ in range(3):
            report = await pair.therapist.sync()
            assert (report.arrived, report.notices) == ({}, [])
        assert AfterAll.asked >= 3, "it was shown again each time"
        assert await pair.therapist.thread(SAM) == before
        await pair.therapist.journal_verify()


class Forgetful(RelayConnection):
    """A relay that does not get to hear one acknowledgement, or shows its last page as new."""

    deaf = False

    async def features(self) -> frozenset[str]:
        return frozenset()

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        if Forgetful.deaf:
            Forgetful.deaf = False
            raise RelayUnreachable("The relay can't be reached.")
        await super().acknowledge(owner_key, through)


@pytest.mark.parametrize("position", [None, 2**31, 2**62])
async def test_a_lost_acknowledgement_deletes_nothing_that_was_not_shown(
    tmp_path: Path, position: int | None
) -> None:
    class Both(Forgetful, Renumbering):
        """Both at once: the false position is what would be acknowledged later."""

    async with two(tmp_path, turns=1, therapist_connect=Both) as pair:
        await pair.client.send(OKAFOR, "one")
        Renumbering.named, Forgetful.deaf = position, True
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: 1}
        assert report.problem is not None
        await pair.client.send(OKAFOR, "two")
        assert await pair.therapist.wait(5)
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
        assert (await texts(pair.therapist, SAM))[-2:] == ["one", "two"]


async def test_what_comes_again_after_its_keys_are_gone_is_passed_over(tmp_path: Path) -> None:
    """A restored relay shows envelopes of turns that are over: no alarm, and nothing changes."""
    async with two(tmp_path, turns=1, therapist_connect=AfterAll) as pair:
        for turn in range(3):
            await pair.client.send(OKAFOR, f"asked {turn}")
            await pair.therapist.sync()
            await pair.therapist.send(SAM, f"answered {turn}")
            await pair.client.sync()
        report = await pair.therapist.sync()
        assert (report.arrived, report.notices) == ({}, [])
        await pair.therapist.journal_verify()


class Counting(RelayConnection):
    """A relay whose positions are far apart."""

    step = 2

    async def features(self) -> frozenset[str]:
        return frozenset()

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        page = await super().collect(owner_key, after, limit)
        return [replace(one, position=one.position * Counting.step) for one in page]


@pytest.mark.parametrize("step", [2, 2**32])
async def test_positions_that_are_far_apart_are_told_of_once_for_a_page(
    tmp_path: Path, step: int
) -> None:
    Counting.step = step
    async with two(tmp_path, turns=1, therapist_connect=Counting) as pair:
        for number in range(20):
            await pair.client.send(OKAFOR, f"{number}")
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: 20}
        assert len(report.notices) == 1
