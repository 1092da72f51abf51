"""The examples of the definition, and clocks that are set, worked out by hand.

2026-11-30 is a Monday.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from e2etherapy.errors.therapy import InvalidAgreement, InvalidMoment, NoWorkingTime
from e2etherapy.therapy.due import applicable, due, late
from tests.support.agreements import at, terms


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-30T10:00", "2026-12-01T17:00"),
        ("2026-11-30T07:00", "2026-12-01T17:00"),
        ("2026-11-30T16:59:59", "2026-12-01T17:00"),
        ("2026-11-30T17:00", "2026-12-02T17:00"),
        ("2026-11-30T23:59:59", "2026-12-02T17:00"),
        ("2026-12-01T00:00", "2026-12-02T17:00"),
        ("2026-12-04T16:59", "2026-12-07T17:00"),
        ("2026-12-04T17:00", "2026-12-08T17:00"),
        ("2026-12-05T12:00", "2026-12-08T17:00"),
        ("2026-12-06T23:00", "2026-12-08T17:00"),
        ("2026-12-07T09:00", "2026-12-08T17:00"),
    ],
)
def test_one_working_day_ends_with_the_next_working_day(written: str, expected: str) -> None:
    assert due(terms(), at(written)) == at(expected)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ("2026-12-03", "2026-12-04T17:00"),
        ("2026-12-03..2026-12-04", "2026-12-07T17:00"),
        ("2026-12-03 until 12:00", "2026-12-03T12:00"),
        ("2026-12-03 until 09:00", "2026-12-04T17:00"),
        ("2026-12-03 until 18:00", "2026-12-03T17:00"),
        ("2026-12-02", "2026-12-04T17:00"),
        ("2026-12-02 until 10:00", "2026-12-04T17:00"),
    ],
)
def test_a_holiday_is_not_counted_and_a_half_day_is(off: str, expected: str) -> None:
    assert due(terms(off=off), at("2026-12-02T10:00")) == at(expected)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-30T10:00", "2026-11-30T14:00"),
        ("2026-11-30T13:00", "2026-11-30T17:00"),
        ("2026-11-30T13:00:01", "2026-12-01T09:00:01"),
        ("2026-12-04T15:00", "2026-12-07T11:00"),
        ("2026-12-05T15:00", "2026-12-07T13:00"),
        ("2026-11-30T03:00", "2026-11-30T13:00"),
    ],
)
def test_working_hours_run_in_working_time_only(written: str, expected: str) -> None:
    assert due(terms("4 working hours"), at(written)) == at(expected)


def test_working_hours_stop_over_lunch_and_go_on_over_midnight() -> None:
    lunch = terms("4 working hours", "Mon-Fri 09:00-12:30 14:00-18:00")
    assert due(lunch, at("2026-11-30T10:00")) == at("2026-11-30T15:30")
    assert due(lunch, at("2026-11-30T13:00")) == at("2026-11-30T18:00")
    night = terms("4 working hours", "Mon 22:00-24:00, Tue 00:00-06:00")
    assert due(night, at("2026-11-30T23:00")) == at("2026-12-01T03:00")


def test_hours_run_at_night_at_weekends_and_on_holidays() -> None:
    always = terms("24 hours", off="2026-12-05")
    assert due(always, at("2026-12-04T18:00:07")) == at("2026-12-05T18:00:07")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-30T10:00", "2026-12-04T00:00"),
        ("2026-11-30T23:59:59", "2026-12-04T00:00"),
        ("2026-12-01T00:00", "2026-12-05T00:00"),
        ("2026-12-03T10:00", "2026-12-07T00:00"),
    ],
)
def test_days_end_at_the_end_of_the_day(written: str, expected: str) -> None:
    assert due(terms("3 days"), at(written)) == at(expected)


def test_a_leap_day_is_a_working_day() -> None:
    assert due(terms(), at("2028-02-28T10:00")) == at("2028-02-29T17:00")
    assert due(terms("1 day"), at("2028-02-28T10:00")) == at("2028-03-01T00:00")
    assert due(terms(off="2028-02-29"), at("2028-02-28T10:00")) == at("2028-03-01T17:00")


def test_times_are_those_of_the_clock_in_a_zone_with_quarters_of_an_hour() -> None:
    kathmandu = terms(hours="Sun-Fri 10:00-18:00", zone="Asia/Kathmandu")
    assert due(kathmandu, at("2026-11-30T10:00+05:45")) == at("2026-12-01T18:00+05:45")
    # Monday 23:00 in UTC is Tuesday there.
    assert due(kathmandu, at("2026-11-30T23:00")) == at("2026-12-02T18:00+05:45")


def test_an_hour_that_the_clock_leaves_out_is_no_working_time() -> None:
    """Dublin: on 2026-03-29, a Sunday, 01:00 GMT is 02:00 IST."""
    night = terms("1 working hour", "Sun 00:30-01:30 02:00-04:00", zone="Europe/Dublin")
    assert due(night, at("2026-03-29T00:00")) == at("2026-03-29T02:30+01:00")
    gap = terms("1 working day", "Sat 12:00-13:00, Sun 00:30-01:30", zone="Europe/Dublin")
    assert due(gap, at("2026-03-28T12:00")) == at("2026-03-29T01:00")
    nothing = terms("1 working day", "Sat-Mon 01:15-01:45", zone="Europe/Dublin")
    assert due(nothing, at("2026-03-28T01:20")) == at("2026-03-30T01:45+01:00")


def test_an_hour_that_the_clock_repeats_is_working_time_twice() -> None:
    """Dublin: on 2026-10-25, a Sunday, 02:00 IST is 01:00 GMT."""
    night = terms("1 working hour", "Sun 01:15-01:45", zone="Europe/Dublin")
    assert due(night, at("2026-10-25T01:15+01:00")) == at("2026-10-25T01:45+00:00")
    day = terms("1 working day", "Sat-Sun 01:15-01:45", zone="Europe/Dublin")
    assert due(day, at("2026-10-24T01:20+01:00")) == at("2026-10-25T01:45+00:00")
    # Between the two passes, it counts as coming with the second.
    assert due(day, at("2026-10-25T01:50+01:00")) == at("2026-10-31T01:45+00:00")


def test_twenty_four_hours_are_not_a_day_when_the_clock_is_set() -> None:
    dublin = terms("24 hours", zone="Europe/Dublin")
    assert due(dublin, at("2026-03-28T18:00+00:00")) == at("2026-03-29T19:00+01:00")
    assert due(dublin, at("2026-10-24T18:00+01:00")) == at("2026-10-25T17:00+00:00")


def test_hours_in_the_day_are_the_same_before_and_after_the_clock_is_set() -> None:
    dublin = terms(zone="Europe/Dublin")
    assert due(dublin, at("2026-03-27T10:00")) == at("2026-03-30T17:00+01:00")
    assert due(dublin, at("2026-10-23T10:00")) == at("2026-10-26T17:00+00:00")


def test_a_date_that_a_zone_leaves_out_is_neither_worked_nor_counted() -> None:
    """Apia went from Thursday, 2011-12-29, to Saturday, 2011-12-31."""
    apia = terms(zone="Pacific/Apia")
    assert due(apia, at("2011-12-29T10:00-10:00")) == at("2012-01-02T17:00+14:00")
    assert due(apia, at("2011-12-29T18:00-10:00")) == at("2012-01-03T17:00+14:00")
    one_day = terms("1 day", zone="Pacific/Apia")
    assert due(one_day, at("2011-12-29T10:00-10:00")) == at("2012-01-01T00:00+14:00")


def test_a_clock_that_is_set_back_over_midnight_shows_the_day_before_again() -> None:
    """St John's: on Sunday, 2006-10-29, at 00:01 (UTC-2:30) it was Saturday, 23:01 (UTC-3:30)."""
    zone = "America/St_Johns"
    saturday = terms("1 working day", "Fri-Sat 23:00-24:00", zone=zone)
    assert due(saturday, at("2006-10-27T23:30-02:30")) == at("2006-10-29T00:00-03:30")
    # Saturday's first hour, Sunday's first minute, and Saturday again, in the order of time.
    both = "Sat 23:00-24:00, Sun 00:00-01:00"
    hour = terms("1 working hour", both, zone=zone)
    assert due(hour, at("2006-10-28T23:30-02:30")) == at("2006-10-28T23:30-03:30")
    day = terms("1 working day", both, zone=zone)
    assert due(day, at("2006-10-28T23:30-02:30")) == at("2006-10-29T01:00-03:30")
    # What comes in Sunday's first minute comes on Sunday, or on Saturday once more.
    late_hour = terms("1 working hour", "Sat 23:00-24:00", zone=zone)
    assert due(late_hour, at("2006-10-29T00:00:30-02:30")) == at("2006-11-04T23:01-03:30")
    assert due(day, at("2006-10-29T00:00:30-02:30")) == at("2006-11-05T00:00-03:30")


def test_a_due_time_is_not_rounded() -> None:
    assert due(terms("1 working hour"), at("2026-11-30T10:00:01")) == at("2026-11-30T11:00:01")


LONG_PAUSE = "2026-12-01..2027-11-30\n2027-12-01..2028-02-01"


def test_no_due_time_is_named_beyond_the_horizon() -> None:
    for reply in ("1 working day", "1 working hour"):
        with pytest.raises(NoWorkingTime, match="400 days"):
            due(terms(reply, off=LONG_PAUSE), at("2026-12-01T10:00"))
    assert due(terms("1 day", off=LONG_PAUSE), at("2026-12-01T10:00")) == at("2026-12-03T00:00")


def test_the_400th_day_after_is_looked_at_and_the_next_one_is_not() -> None:
    pause = terms(hours="Mon-Sun 09:00-17:00", off="2026-12-02..2027-12-01\n2027-12-02..2028-01-04")
    assert due(pause, at("2026-12-01T10:00")) == at("2028-01-05T17:00")
    longer = terms(
        hours="Mon-Sun 09:00-17:00", off="2026-12-02..2027-12-01\n2027-12-02..2028-01-05"
    )
    with pytest.raises(NoWorkingTime):
        due(longer, at("2026-12-01T10:00"))


def test_the_horizon_is_counted_from_the_day_of_writing_also_where_work_begins_later() -> None:
    off = "2026-12-01..2026-12-02\n2026-12-04..2027-12-03\n2027-12-04..2028-01-0"
    hours = "Mon-Sun 09:00-17:00"
    assert due(terms(hours=hours, off=off + "4"), at("2026-12-01")) == at("2028-01-05T17:00")
    with pytest.raises(NoWorkingTime):
        due(terms(hours=hours, off=off + "5"), at("2026-12-01"))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - without a zone, as it must not come
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 1, 1, microsecond=1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(9000, 1, 1, tzinfo=UTC),
        datetime.max.replace(microsecond=0, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
    ],
)
def test_a_moment_of_which_no_due_time_can_be_computed_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidMoment):
        due(terms(), moment)
    with pytest.raises(InvalidMoment):
        applicable([terms()], moment)


@pytest.mark.parametrize("unit", ["working day", "working hour", "day", "hour"])
@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Adak", "Africa/Monrovia"])
def test_the_first_and_the_last_moments_have_due_times(unit: str, zone: str) -> None:
    for moment in ("1970-01-01T00:00", "8999-12-31T23:59:59"):
        assert due(terms(f"1 {unit}", zone=zone), at(moment)) > at(moment)


def test_an_answer_at_the_due_time_is_in_time_and_a_second_later_it_is_late() -> None:
    end = at("2026-12-01T17:00")
    assert not late(end, at("2026-12-01T09:00"))
    assert not late(end, end)
    assert late(end, end + timedelta(seconds=1)) == timedelta(seconds=1)
    assert late(end, at("2026-12-01T20:00")) == timedelta(hours=3)


def test_the_agreement_that_applies_is_the_last_one_that_has_begun() -> None:
    first = terms(valid_from=at("2026-01-01"))
    second = terms("2 days", version=2, valid_from=at("2026-03-01"))
    # Agreed on after the second one, and valid before it.
    third = terms("3 days", version=3, valid_from=at("2026-02-01"))
    versions = [third, first, second]
    assert applicable(versions, at("2025-12-31T23:59:59")) is None
    assert applicable(versions, at("2026-01-01")) is first
    assert applicable(versions, at("2026-01-31T23:59:59")) is first
    assert applicable(versions, at("2026-02-01")) is third
    assert applicable(versions, at("2026-03-01")) is third
    assert applicable([first, second], at("2026-03-01")) is second
    assert applicable([], at("2026-03-01")) is None


def test_two_agreements_with_one_number_are_not_chosen_between() -> None:
    with pytest.raises(InvalidAgreement):
        applicable([terms(), terms("2 days")], at("2026-01-01"))
    assert applicable([terms(), terms()], at("2026-01-01")) == terms()
