"""A text that goes out later: with the first sync after its time, once, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from e2etherapy.cli.later import line
from e2etherapy.errors import InvalidText, MessengerError, NotReady
from e2etherapy.messenger.device import Device
from e2etherapy.vault import delayed
from tests.support.crash_points import Crash, CrashingDatabase, CrashPoints
from tests.support.devices import Two, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
HOUR = timedelta(hours=1)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def numbers(pair: Two) -> list[int]:
    return [view.number for view in await pair.client.delayed()]


async def test_it_leaves_with_the_first_sync_after_its_time(pair: Two) -> None:
    at = pair.clock.now + HOUR
    view = await pair.client.send_later("dr. okafor", "good morning", at)
    assert (view.name, view.at) == (OKAFOR, at)
    await pair.client.__aexit__()
    pair.client = await pair.client_home.open()
    await pair.client.sync()
    assert "good morning" not in await texts(pair.client, OKAFOR)
    pair.clock.now = at
    assert (await pair.client.sync()).delivered == 1
    assert await numbers(pair) == []
    await pair.therapist.sync()
    (last,) = [one for one in await pair.therapist.thread(SAM) if one.text == "good morning"]
    assert last.written == at
    assert (await pair.client.sync()).delivered == 0


async def test_what_was_cancelled_is_not_sent_and_no_number_is_given_twice(pair: Two) -> None:
    first = await pair.client.send_later(OKAFOR, "first", pair.clock.now + 2 * HOUR)
    second = await pair.client.send_later(OKAFOR, "second", pair.clock.now + HOUR)
    assert await numbers(pair) == [second.number, first.number]
    assert (await pair.client.cancel_delayed(second.number)).text == "second"
    third = await pair.client.send_later(OKAFOR, "third", pair.clock.now + HOUR)
    assert third.number not in {first.number, second.number}
    for gone in (second.number, 0, -1, 2**70):
        with pytest.raises(MessengerError, match="Nothing was changed"):
            await pair.client.cancel_delayed(gone)
    pair.clock.now += HOUR
    await pair.client.sync()
    assert "second" not in await texts(pair.client, OKAFOR)
    assert await numbers(pair) == [first.number]


async def test_what_could_not_be_sent_is_not_kept(pair: Two) -> None:
    later = pair.clock.now + HOUR
    with pytest.raises(InvalidText, match="Nothing was sent"):
        await pair.client.send_later(OKAFOR, " ", later)
    for wrong in (pair.clock.now, pair.clock.now - HOUR, pair.clock.now + timedelta(days=400)):
        with pytest.raises(MessengerError, match="Nothing was sent"):
            await pair.client.send_later(OKAFOR, "x", wrong)
    await pair.therapist.invite("Lee")
    with pytest.raises(NotReady):
        await pair.therapist.send_later("Lee", "x", later)
    assert await numbers(pair) == []


async def test_what_cannot_be_sent_at_its_time_is_kept_and_told_of(pair: Two) -> None:
    await pair.client.send_later(OKAFOR, "good morning", pair.clock.now + HOUR)
    await pair.client.record_verification(OKAFOR, matched=False)
    pair.clock.now += HOUR
    for _ in range(2):
        (notice,) = (await pair.client.sync()).notices
        assert "was not sent" in notice.sentence
        assert "good morning" not in notice.sentence
    assert len(await numbers(pair)) == 1
    await pair.client.record_verification(OKAFOR, matched=True)
    await pair.client.sync()
    assert (await texts(pair.client, OKAFOR))[-1] == "good morning"


async def waiting(device: Device) -> list[str]:
    return [one.text for one in await delayed.every(device.vault.db)]


async def test_a_sync_that_dies_anywhere_loses_none_and_sends_none_twice(tmp_path: Path) -> None:
    moments = 0
    while True:
        folder = tmp_path / str(moments)
        async with two(folder, turns=2) as pair:
            await pair.client.send_later(OKAFOR, "once", pair.clock.now + HOUR)
            pair.clock.now += HOUR
            points = CrashPoints(pair.client_home.place.folder, folder / "survivor")
            vault = pair.client.device.vault
            vault._db = CrashingDatabase(vault.db, points, lambda _: None)
            points.arm(moments)
            try:
                await pair.client.sync()
            except Crash:
                await pair.client.__aexit__()
                pair.client_home.restore_from(folder / "survivor")
                pair.client = await pair.client_home.open()
            kept = await waiting(pair.client.device)
            assert len(kept) + (await texts(pair.client, OKAFOR)).count("once") == 1, moments
            if not points.crashed:
                break
            await pair.client.sync()
            await pair.therapist.sync()
            assert (await texts(pair.therapist, SAM)).count("once") == 1
        moments += 1
    assert moments > 4


async def test_what_the_end_came_before_is_said_never_to_go_out(pair: Two) -> None:
    view = await pair.client.send_later(OKAFOR, "too late", pair.clock.now + HOUR)
    assert [one.ended for one in await pair.client.delayed()] == [False]
    await pair.client.end_therapy(OKAFOR, "Farewell.")
    (waits,) = await pair.client.delayed()
    assert (waits.number, waits.ended) == (view.number, True)
    assert f"It never goes: it has ended. 'e2etherapy later cancel {view.number}'" in line(waits)
