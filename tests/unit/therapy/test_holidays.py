from __future__ import annotations

from datetime import date

import pytest

from e2etherapy.errors.therapy import InvalidHolidays, InvalidWords
from e2etherapy.therapy import holidays
from e2etherapy.therapy.holidays import Holiday, Holidays

FILE = """
# what the practice agreed on
2026-12-25 Christmas Day
2026-12-24   until 12:00   Christmas Eve   # the afternoon is off

2026-08-03..2026-08-14 Summer
2027-01-01
"""
CANONICAL = """2026-08-03..2026-08-14 Summer
2026-12-24 until 12:00 Christmas Eve
2026-12-25 Christmas Day
2027-01-01"""


def test_a_file_is_read_in_any_order_and_has_one_text() -> None:
    read = holidays.parse(FILE)
    assert read.text() == CANONICAL
    assert holidays.parse(CANONICAL) == read
    assert read.days() == 15


def test_a_file_may_come_from_another_system() -> None:
    assert holidays.parse(FILE.replace("\n", "\r\n")) == holidays.parse(FILE)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 8, 2), 1_440),
        (date(2026, 8, 3), 0),
        (date(2026, 8, 14), 0),
        (date(2026, 8, 15), 1_440),
        (date(2026, 12, 24), 720),
        (date(2026, 12, 25), 0),
        (date.min, 1_440),
        (date.max, 1_440),
    ],
)
def test_a_date_says_until_when_there_is_work(day: date, end: int) -> None:
    assert holidays.parse(FILE).end_of_work(day) == end


def test_no_holidays_are_an_empty_text() -> None:
    assert holidays.parse("# none yet\n") == holidays.NONE
    assert holidays.NONE.text() == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Christmas", "Line 1: this is not understood. Write a date like 2026-12-25"),
        ("25.12.2026", "Line 1"),
        ("2026-02-29", "2026-02-29 is not in the calendar"),
        ("2026-12-25x", "not understood"),
        ("2026-08-14..2026-08-03", "ends before it begins"),
        ("2026-01-01..2027-01-02", "more than 366 days"),
        ("2026-12-24 until 24:00", "between 00:01 and 23:59"),
        ("2026-12-24 until 00:00", "between 00:01 and 23:59"),
        ("2026-12-24 until 12:60", "between 00:01 and 23:59"),
        ("2026-12-24 until noon", "begins like something else"),
        ("2026-12-24 " + "x" * 61, "more than 60 characters"),
        ("2026-12-24 a\x07b", "control character"),
        ("2026-12-24\n2026-12-20..2026-12-26", "stands there twice"),
        ("2026-12-24\n2026-12-24 until 12:00", "stands there twice"),
        ("# fine\n\nwhat", "Line 3"),
        ("\n".join(f"{2027 + n}-01-01" for n in range(151)), "more than 150 holidays"),
        ("#" * 40_001, "more than 40,000 characters"),
    ],
)
def test_a_refusal_names_the_line_and_what_is_wrong(line: str, says: str) -> None:
    with pytest.raises(InvalidHolidays) as refusal:
        holidays.parse(line)
    assert says in str(refusal.value)


DAY = date(2026, 12, 24)


@pytest.mark.parametrize(
    "name", ["a#b", "until 12:00", "Until then", "..2027", "a  b", "a\tb", " a"]
)
def test_a_name_that_would_be_read_as_something_else_cannot_be_given(name: str) -> None:
    with pytest.raises((InvalidHolidays, InvalidWords)):
        Holiday(DAY, DAY, 0, name)


def test_entries_out_of_order_cannot_be_made() -> None:
    early, late = Holiday(date(2026, 1, 1), date(2026, 1, 1)), Holiday(DAY, DAY)
    assert Holidays((early, late)).on(DAY) == late
    with pytest.raises(InvalidHolidays):
        Holidays((late, early))
