"""Figures and days of contact come from the record alone, and hold none of its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from e2etherapy.errors import WrongRole
from e2etherapy.errors.therapy import InvalidAttendance, UnknownZone
from e2etherapy.messenger.caseload.counting import Period
from e2etherapy.therapy.caseload.attendance import digest_of
from tests.support.devices import Two, agree, two
from tests.support.hostile_author import HostileAuthor, packed

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def test_answers_are_counted_from_the_record(pair: Two) -> None:
    await agree(pair)
    pair.clock.now = datetime(2026, 1, 12, 9, tzinfo=UTC)
    await pair.client.send(OKAFOR, "first")
    await pair.therapist.sync()
    assert (await pair.therapist.caseload()).replies.waiting == 1
    pair.clock.now += timedelta(hours=2)
    await pair.therapist.send(SAM, "an answer")
    replies = (await pair.therapist.caseload()).replies
    assert (replies.answered, replies.with_due, replies.in_time) == (2, 2, 2)
    assert (replies.nine_of_ten, replies.waiting) == (timedelta(hours=2), 0)
    with pytest.raises(WrongRole):
        await pair.client.caseload()


async def test_scores_and_messages_are_counted_by_client(pair: Two) -> None:
    for given in ([3] * 7, [0] * 7):
        await pair.client.take_check_in(OKAFOR, "gad-7", given)
    await pair.therapist.sync()
    found = await pair.therapist.caseload(ZoneInfo("Europe/Berlin"))
    (written,) = found.engagement
    assert (written.name, written.days) == (SAM, 1)
    (change,) = found.trends
    assert (change.instrument, change.improved, change.deteriorated) == ("gad-7", 1, 0)


async def test_both_devices_make_the_same_list_of_days(pair: Two) -> None:
    await agree(pair)
    pair.clock.now = datetime(2026, 1, 12, 23, 30, tzinfo=UTC)
    await pair.client.send(OKAFOR, "after midnight in Berlin")
    await pair.therapist.sync()
    period = Period(date(2026, 1, 10), date(2026, 1, 13))
    ours = await pair.therapist.attendance("sam", period)
    theirs = await pair.client.attendance(OKAFOR, period)
    assert ours == theirs
    assert digest_of(ours) == digest_of(theirs)
    assert (ours.zone, ours.days) == ("Europe/Berlin", (date(2026, 1, 13),))
    assert (ours.client, ours.therapist) == (SAM, OKAFOR)


async def test_days_that_cannot_be_are_refused(pair: Two) -> None:
    today = pair.clock.now.date()
    for first, last in ((today, today - timedelta(1)), (today, today + timedelta(2))):
        with pytest.raises(InvalidAttendance):
            await pair.therapist.attendance(SAM, Period(first, last))
    with pytest.raises(UnknownZone):
        await pair.therapist.attendance(SAM, Period(today, today, "Nowhere"))


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_message_from_the_end_of_the_calendar_stops_nothing(
    pair: Two, written: str
) -> None:
    author = HostileAuthor(pair.client, OKAFOR)
    await author.say(packed(author.item("text", text="x", written=written)))
    await pair.therapist.sync()
    today = pair.clock.now.date()
    shown = await pair.therapist.attendance(SAM, Period(today, today, "Pacific/Kiritimati"))
    assert shown.days in {(), (today,)}
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert (await pair.therapist.caseload(ZoneInfo(name))).engagement[0].days >= 1
