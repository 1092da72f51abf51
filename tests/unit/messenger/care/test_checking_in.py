"""Check-ins travel as answers; each device scores them, and what must be seen first is flagged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import MessengerError, WrongRole
from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.messenger.care import prioritising
from e2etherapy.therapy.care.flags import Flag
from e2etherapy.wire import care
from tests.support.devices import WISH, Two, agree, record_of, two
from tests.support.dishonest import say

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


@pytest.mark.parametrize("reply", ["2 working days", "48 hours", "3 days", "12 working hours"])
async def test_an_agreement_by_which_nobody_looks_in_time_offers_phq_8(
    pair: Two, reply: str
) -> None:
    await agree(pair)
    await pair.therapist.ask_check_in(SAM, "phq-9", "every Monday", date(2026, 1, 5))
    await pair.client.sync()
    (asked,) = (await pair.client.check_ins(OKAFOR)).asked
    assert (asked.instrument, asked.instead_of) == ("phq-9", None)
    pair.clock.now += timedelta(minutes=1)
    await agree(pair, replace(WISH, reply_within=reply))
    for messenger, name in ((pair.client, OKAFOR), (pair.therapist, SAM)):
        (asked,) = (await messenger.check_ins(name)).asked
        assert (asked.instrument, asked.instead_of) == ("phq-8", "phq-9")
        assert await messenger.fitting_check_in(name, "phq-9") == "phq-8"
        assert await messenger.fitting_check_in(name, "gad-7") == "gad-7"
    for attempt in (
        pair.client.take_check_in(OKAFOR, "phq-9", NOTHING),
        pair.therapist.ask_check_in(SAM, "phq-9", "every Friday", date(2026, 1, 5)),
    ):
        with pytest.raises(MessengerError, match=r"phq-8.*Nothing was sent"):
            await attempt
    await pair.therapist.ask_check_in(SAM, "phq-9", "", date(2026, 1, 5))
    await pair.client.sync()
    assert (await pair.client.check_ins(OKAFOR)).asked == ()


async def test_what_another_program_asks_for_is_offered_without_its_last_question(
    pair: Two,
) -> None:
    await say(
        pair.therapist,
        SAM,
        care.CheckInSchedule,
        instrument="phq-9",
        schedule="every Monday",
        begins="2026-01-05",
    )
    await pair.therapist.sync()
    await pair.client.sync()
    (asked,) = (await pair.client.check_ins(OKAFOR)).asked
    assert (asked.instrument, asked.instead_of) == ("phq-8", "phq-9")


async def test_the_connection_is_a_sum_that_the_therapist_sees_and_nothing_follows_from(
    pair: Two,
) -> None:
    for given in ([5, 5, 5, 5], [0, 0, 0, 0]):
        report = await pair.client.take_check_in(OKAFOR, "connection", given)
        assert (report.result.total, report.result.band) == (sum(given), None)
        assert (report.result.findings, report.priority) == ((), False)
    await pair.therapist.sync()
    taken = (await pair.therapist.check_ins(SAM)).of("connection")
    assert [one.result.total for one in taken if one.result] == [20, 0]
    assert await flags(pair) == ()


async def test_a_schedule_is_the_same_on_both_sides_until_it_ends(pair: Two) -> None:
    await pair.therapist.ask_check_in(SAM, "gad-7", "every second monday", date(2026, 1, 5))
    await pair.client.sync()
    (asked,) = (await pair.client.check_ins(OKAFOR)).asked
    assert (asked.instrument, asked.instead_of) == ("gad-7", None)
    assert str(asked.asked.schedule) == "every second Monday"
    await pair.therapist.ask_check_in(SAM, "gad-7", "", date(2026, 1, 5))
    await pair.client.sync()
    assert (await pair.client.check_ins(OKAFOR)).asked == ()


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
