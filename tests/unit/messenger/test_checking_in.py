"""Check-ins travel as answers; each device scores them, and what must be seen first is flagged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from e2etherapy.errors import MessengerError, WrongRole
from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.messenger import prioritising
from e2etherapy.therapy.care.flags import Flag
from tests.support.devices import Two, agree, record_of, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
NOTHING = [0, 0, 0, 0, 0, 0, 0, 0, 0, None]
ITEM_9 = [0, 0, 0, 0, 0, 0, 0, 0, 1, None]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def flags(pair: Two) -> tuple[Flag, ...]:
    return await prioritising.open_flags(
        pair.therapist.device, await record_of(pair.therapist, SAM)
    )


async def test_both_devices_score_the_same_answers(pair: Two) -> None:
    await agree(pair)
    report = await pair.client.take_check_in(OKAFOR, "phq-9", [1, 2, 0, 0, 1, 0, 0, 0, 0, 1])
    assert (report.result.total, report.result.band, report.priority) == (4, "minimal", False)
    await pair.therapist.sync()
    (taken,) = (await pair.therapist.check_ins(SAM)).taken
    assert taken.result == report.result
    assert (await pair.client.check_ins(OKAFOR)).taken[0].result == report.result
    assert await flags(pair) == ()


async def test_item_nine_is_seen_first_whatever_the_total(pair: Two) -> None:
    await agree(pair)
    report = await pair.client.take_check_in(OKAFOR, "phq-9", ITEM_9)
    assert (report.result.total, report.priority) == (1, True)
    await pair.therapist.sync()
    (flag,) = await flags(pair)
    assert flag.reason == "check_in"
    assert flag.check_in == flag.id, "no second item, which a relay could count"


async def test_phq_9_is_not_asked_where_nobody_looks_in_time(pair: Two) -> None:
    for attempt in (
        pair.client.take_check_in(OKAFOR, "phq-9", NOTHING),
        pair.client.require_fitting(OKAFOR, "phq-9"),
        pair.therapist.ask_check_in(SAM, "phq-9", "every Monday", date(2026, 1, 5)),
    ):
        with pytest.raises(MessengerError, match="phq-8"):
            await attempt
    await pair.client.take_check_in(OKAFOR, "phq-8", [0] * 8)
    await agree(pair)
    await pair.client.require_fitting(OKAFOR, "phq-9")


async def test_a_schedule_is_the_same_on_both_sides_until_it_ends(pair: Two) -> None:
    await pair.therapist.ask_check_in(SAM, "gad-7", "every second monday", date(2026, 1, 5))
    await pair.client.sync()
    (asked,) = (await pair.client.check_ins(OKAFOR)).asked.values()
    assert str(asked.schedule) == "every second Monday"
    await pair.therapist.ask_check_in(SAM, "gad-7", "", date(2026, 1, 5))
    await pair.client.sync()
    assert (await pair.client.check_ins(OKAFOR)).asked == {}


async def test_bad_answers_send_nothing(pair: Two) -> None:
    before = await pair.client.conversations()
    with pytest.raises(InvalidAnswers):
        await pair.client.take_check_in(OKAFOR, "gad-7", [0, 1])
    with pytest.raises(WrongRole):
        await pair.therapist.take_check_in(SAM, "gad-7", [0] * 7)
    assert await pair.client.conversations() == before


async def test_a_flag_stays_until_what_was_done_is_recorded(pair: Two) -> None:
    await pair.client.ask_sooner(OKAFOR, "Please call me.")
    await pair.client.ask_sooner(OKAFOR)
    await pair.therapist.sync()
    assert [flag.text for flag in await flags(pair)] == ["Please call me.", ""]
    with pytest.raises(MessengerError, match="what was done"):
        await pair.therapist.resolve(SAM, " ")
    assert await pair.therapist.resolve(SAM, "Called at 10:05; safe, appointment tomorrow.") == 2
    assert await flags(pair) == ()
    with pytest.raises(MessengerError, match="has to be seen first"):
        await pair.therapist.resolve(SAM, "again")
    assert len(await pair.therapist.search("appointment tomorrow")) == 2
    await pair.therapist.journal_verify()
    await pair.client.sync()
    assert await pair.client.search("appointment tomorrow") == []
