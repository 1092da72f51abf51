"""A schedule is read from a person's words, written in one way, and gives the days."""

from __future__ import annotations

from datetime import date
from itertools import islice

import pytest

from e2etherapy.errors.therapy import InvalidSchedule
from e2etherapy.therapy.instruments.schedule import UNDERSTOOD, due, due_after, parse

WEDNESDAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("once", "once"),
        ("  ONCE ", "once"),
        ("on 2026-03-01", "on 2026-03-01"),
        ("every day", "every day"),
        ("every 14 days", "every 14 days"),
        ("every week", "every week"),
        ("every 1 weeks", "every week"),
        ("every 2 weeks", "every 2 weeks"),
        ("every second week", "every 2 weeks"),
        ("every Monday", "every Monday"),
        ("Every   second\tmonday", "every second Monday"),
        ("every other Monday", "every second Monday"),
        ("every 2nd Monday", "every second Monday"),
        ("every third friday", "every third Friday"),
        ("every 6th Sunday", "every sixth Sunday"),
        ("every 7 Sunday", "every 7th Sunday"),
        ("every 11th Sunday", "every 11th Sunday"),
        ("every 21 Sunday", "every 21st Sunday"),
        ("every 22 Sunday", "every 22nd Sunday"),
        ("every 23 Sunday", "every 23rd Sunday"),
        ("every month", "every month"),
        ("every 3 months", "every 3 months"),
        ("every third month", "every 3 months"),
        ("every 366 days", "every 366 days"),
    ],
)
def test_words_are_read_and_written_in_one_way(text: str, canonical: str) -> None:
    schedule = parse(text)
    assert str(schedule) == canonical
    assert parse(canonical) == schedule


@pytest.mark.parametrize("example", UNDERSTOOD)
def test_every_example_is_understood_as_it_is_written(example: str) -> None:
    assert str(parse(example)) == example


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "sometimes",
        "every",
        "every 0 days",
        "every -1 days",
        "every 1.5 weeks",
        "every 367 days",
        "every 99999999999999999999 days",
        "every ² days",
        "every ٣ days",
        "every two weeks",
        "every Monday morning at nine",
        "every moonday",
        "monday",
        "once more",
        "on Monday",
        "on 1 March",
        "on 2026-3-1",
        "on 20260301",
        "on",
    ],
)
def test_other_words_are_refused_with_a_list_of_what_is_understood(text: str) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        parse(text)
    for example in UNDERSTOOD:
        assert example in str(refusal.value)


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_does_not_exist_is_refused_as_such(day: str) -> None:
    with pytest.raises(InvalidSchedule, match=f"There is no day {day}"):
        parse(f"on {day}")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("once", ["2026-03-04"]),
        ("on 2026-03-04", ["2026-03-04"]),
        ("on 2026-05-01", ["2026-05-01"]),
        ("on 2026-03-03", []),
        ("every day", ["2026-03-04", "2026-03-05", "2026-03-06"]),
        ("every 14 days", ["2026-03-04", "2026-03-18", "2026-04-01"]),
        ("every week", ["2026-03-04", "2026-03-11", "2026-03-18"]),
        ("every 2 weeks", ["2026-03-04", "2026-03-18", "2026-04-01"]),
        ("every Wednesday", ["2026-03-04", "2026-03-11", "2026-03-18"]),
        ("every Monday", ["2026-03-09", "2026-03-16", "2026-03-23"]),
        ("every second Monday", ["2026-03-09", "2026-03-23", "2026-04-06"]),
        ("every Tuesday", ["2026-03-10", "2026-03-17", "2026-03-24"]),
        ("every month", ["2026-03-04", "2026-04-04", "2026-05-04"]),
        ("every 12 months", ["2026-03-04", "2027-03-04", "2028-03-04"]),
    ],
)
def test_days_follow_from_the_first_one(text: str, days: list[str]) -> None:
    assert [day.isoformat() for day in islice(due(parse(text), WEDNESDAY), 3)] == days


def test_a_month_that_is_too_short_has_its_last_day_and_the_next_has_its_own_again() -> None:
    days = [day.isoformat() for day in islice(due(parse("every month"), date(2027, 12, 31)), 5)]
    assert days == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]


def test_the_next_day_is_after_the_one_given() -> None:
    monday = parse("every Monday")
    assert due_after(monday, WEDNESDAY, date(2026, 3, 9)) == date(2026, 3, 16)
    assert due_after(monday, WEDNESDAY, date(2020, 1, 1)) == date(2026, 3, 9)
    assert due_after(parse("once"), WEDNESDAY, WEDNESDAY) is None


@pytest.mark.parametrize("text", ["every day", "every Monday", "every month", "every 366 months"])
def test_days_end_with_the_calendar(text: str) -> None:
    days = list(due(parse(text), date(9999, 11, 29)))
    assert days
    assert days[-1] <= date.max
