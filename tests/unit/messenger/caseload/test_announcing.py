"""Every client is told of holidays alone, in an agreement of their own, and once."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import UnknownConversation, WrongRole
from e2etherapy.messenger.caseload.announcing import Standing, Told
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.therapy import holidays
from e2etherapy.therapy.caseload.announcement import Absence
from tests.support.cut_line import Line
from tests.support.devices import WISH, Two, agree, record_of, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
ABSENCE = Absence(holidays.parse("2026-01-12..2026-01-16 Skiing"), "Dr. Byrne, by telephone.")


async def join_as(pair: Two, *names: str) -> None:
    """Let the client's device be that of other clients too."""
    for name in names:
        link = (await pair.therapist.invite(name)).link
        await pair.client.join(link, f"{OKAFOR} as {name}")
        await pair.therapist.sync()


async def agreed_with(pair: Two, *names: str) -> None:
    for name in names:
        await pair.therapist.propose_agreement(name, replace(WISH, cover=f"for {name} alone"))
    await pair.client.sync()
    for name in names:
        await pair.client.accept_agreement(f"{OKAFOR} as {name}")
    await pair.therapist.sync()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        await agree(made)
        await join_as(made, "Kim", "Lee", "Ada", "Bo")
        await agreed_with(made, "Kim", "Lee")
        await made.therapist.record_verification("Bo", matched=False)
        await made.therapist.invite("Eve")
        yield made


async def told(messenger: Messenger, within: int = 0, stop_after: int = 99) -> list[Told]:
    done: list[Told] = []
    reviewed = await messenger.review_absence(ABSENCE)
    async for one in messenger.announce_absence(reviewed, within):
        done += [one]
        if len(done) == stop_after:
            break
    return done


async def standings(pair: Two) -> dict[str, Standing]:
    return {one.name: one.standing for one in await pair.therapist.review_absence(ABSENCE)}


async def test_each_is_told_alone_and_due_times_follow_on_both_sides_once_accepted(
    pair: Two,
) -> None:
    reviewed = {one.name: one for one in await pair.therapist.review_absence(ABSENCE, ["lee"])}
    assert {name: one.standing for name, one in reviewed.items()} == {
        SAM: Standing.TO_SEND,
        "Kim": Standing.TO_SEND,
        "Ada": Standing.CANNOT,
        "Bo": Standing.CANNOT,
    }
    assert "agreement propose" in reviewed["Ada"].reason
    assert "six words differed" in reviewed["Bo"].reason
    before = {
        name: (await record_of(pair.therapist, name)).sequence for name in (SAM, "Kim", "Lee")
    }
    done = [one async for one in pair.therapist.announce_absence(reviewed.values())]
    assert {one.name for one in done} == {SAM, "Kim"}
    assert {one.sent.state for one in done if one.sent} == {"stored"}
    after = {name: (await record_of(pair.therapist, name)).sequence for name in (SAM, "Kim", "Lee")}
    assert after["Lee"] == before["Lee"]
    await pair.client.sync()
    (_, theirs) = await pair.client.agreements(f"{OKAFOR} as Kim")
    assert theirs.terms.holidays.text() == "2026-01-12..2026-01-16 Skiing"
    thread = await pair.client.thread(f"{OKAFOR} as Kim")
    assert not any(name in message.text for message in thread for name in (SAM, "Lee", "Ada"))
    assert (await standings(pair))[SAM] is Standing.TOLD
    await pair.client.accept_agreement(OKAFOR)
    await pair.therapist.sync()
    assert (await standings(pair))[SAM] is Standing.AGREED
    pair.clock.now = datetime(2026, 1, 12, 9, tzinfo=UTC)
    for name in ("", " as Kim"):
        await pair.client.send(f"{OKAFOR}{name}", "Are you there?")
    await pair.therapist.sync()
    back, next_day = datetime(2026, 1, 20, 16, tzinfo=UTC), datetime(2026, 1, 13, 16, tzinfo=UTC)
    due = {entry.name: entry.due for entry in await pair.therapist.queue()}
    assert (due[SAM], due["Kim"]) == (back, next_day)
    assert (await pair.client.thread(OKAFOR))[-1].due == back
    held = {one.name: one for one in await pair.therapist.agreements_in_force()}
    ours = held[SAM].agreed
    assert ours is not None
    assert ours.cover == "Dr. Byrne, by telephone."
    assert held["Kim"].waiting is not None
    assert (held["Ada"].agreed, held["Ada"].waiting) == (None, None)


async def test_once_more_tells_the_rest_and_nobody_twice(pair: Two) -> None:
    await join_as(pair, "Cy")
    await agreed_with(pair, "Cy")
    reviewed = await pair.therapist.review_absence(ABSENCE)
    first = await told(pair.therapist, stop_after=2)
    await pair.therapist.__aexit__()
    pair.therapist = await pair.therapist_home.open()
    rest = await told(pair.therapist)
    assert {one.name for one in [*first, *rest]} == {SAM, "Kim", "Lee", "Cy"}
    assert len(first) + len(rest) == 4
    assert await told(pair.therapist) == []
    stale = [one async for one in pair.therapist.announce_absence(reviewed)]
    assert all(one.sent is None and "changed meanwhile" in one.reason for one in stale)


async def test_they_leave_at_drawn_moments_in_a_drawn_order_and_one_at_a_time(pair: Two) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        other = await pair.therapist_home.open()
        await other.__aexit__()
        pair.clock.now += timedelta(seconds=seconds)

    pair.therapist.device.sleep = sleep
    begun = pair.clock.now
    names = [one.name for one in await told(pair.therapist, within=3_600)]
    assert sorted(names) == ["Kim", "Lee", SAM]
    assert waited
    assert pair.clock.now - begun <= timedelta(hours=1)
    drawn = itertools.count()
    pair.therapist.device.entropy = lambda length: (999 - next(drawn)).to_bytes(length, "big")
    again = Absence(holidays.parse("2026-02-02"))
    reviewed = await pair.therapist.review_absence(again)
    order = [one.name async for one in pair.therapist.announce_absence(reviewed)]
    assert order == ["Lee", "Kim", SAM]


async def test_who_may_and_who_is_named(pair: Two) -> None:
    with pytest.raises(WrongRole):
        await pair.client.review_absence(ABSENCE)
    with pytest.raises(UnknownConversation):
        await pair.therapist.review_absence(ABSENCE, ["Nobody"])
    await pair.client.end_therapy(OKAFOR, "Farewell.")
    await pair.therapist.sync()
    assert SAM not in await standings(pair)


async def test_without_a_relay_each_waits_in_its_own_outbox(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        await agree(pair)
        line.down = True
        (one,) = await told(pair.therapist)
        assert one.sent is not None
        assert one.sent.state == "on_device"
        line.down = False
        await pair.therapist.sync()
        await pair.client.sync()
        assert len(await pair.client.agreements(OKAFOR)) == 2
