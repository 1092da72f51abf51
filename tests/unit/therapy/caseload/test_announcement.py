"""An absence is told in the next version, and alone counts on its dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors.therapy import InvalidHolidays, InvalidWords, NoWorkingTime
from e2etherapy.therapy import holidays
from e2etherapy.therapy.caseload.announcement import Absence, announced
from e2etherapy.therapy.due import due
from e2etherapy.therapy.holidays import Holiday, Holidays
from tests.support.agreements import at, terms

NOW = at("2026-07-01T10:00")


@pytest.mark.parametrize(
    ("before", "absence", "after"),
    [
        ("", "2026-08-03..2026-08-14 Summer", "2026-08-03..2026-08-14 Summer"),
        ("2026-06-01 Over\n2026-12-25", "2026-08-03", "2026-08-03\n2026-12-25"),
        (
            "2026-08-01..2026-08-31 August",
            "2026-08-10..2026-08-12 until 12:00",
            (
                "2026-08-01..2026-08-09 August\n2026-08-10..2026-08-12 until 12:00\n"
                "2026-08-13..2026-08-31 August"
            ),
        ),
        ("2026-08-03 until 12:00", "2026-08-01..2026-08-05", "2026-08-01..2026-08-05"),
        ("2026-06-20..2026-07-03", "2026-08-03", "2026-06-20..2026-07-03\n2026-08-03"),
    ],
)
def test_the_dates_of_the_absence_replace_what_stood_there(
    before: str, absence: str, after: str
) -> None:
    old = terms(off=before, cover="Dr. Byrne.")
    told = announced(old, Absence(holidays.parse(absence)), 2, NOW)
    assert told.holidays.text() == after
    assert (told.version, told.valid_from, told.cover) == (2, NOW, "Dr. Byrne.")
    assert (told.office_hours, told.reply_time, told.crisis) == (
        old.office_hours,
        old.reply_time,
        old.crisis,
    )


def test_what_is_said_already_is_known_and_a_new_cover_is_not() -> None:
    absence = Absence(holidays.parse("2026-08-03..2026-08-14"), "Dr. Byrne.")
    assert not absence.stands_in(terms(off="2026-08-03..2026-08-14"))
    assert not absence.stands_in(terms(off="2026-08-03..2026-08-13", cover="Dr. Byrne."))
    told = announced(terms(cover="Nobody."), absence, 2, NOW)
    assert absence.stands_in(told)
    assert Absence(absence.holidays).stands_in(told)
    assert Absence(Holidays(), "Dr. Byrne.").stands_in(told)


def test_due_times_follow_it() -> None:
    written = at("2026-08-03T10:00")
    told = announced(terms(), Absence(holidays.parse("2026-08-03..2026-08-14")), 2, NOW)
    assert due(terms(), written) == at("2026-08-04T17:00")
    assert due(told, written) == at("2026-08-18T17:00")


def test_what_nobody_could_keep_is_refused() -> None:
    with pytest.raises(InvalidWords):
        Absence(Holidays(), "x" * 2_001)
    full = "\n".join(f"{date(2027, 1, 1) + timedelta(days=2 * n)}" for n in range(150))
    with pytest.raises(InvalidHolidays):
        announced(terms(off=full), Absence(holidays.parse("2026-08-03")), 2, NOW)
    years = "\n".join(f"{year}-07-01..{year + 1}-06-30" for year in range(2026, 2040))
    with pytest.raises(NoWorkingTime):
        announced(terms(), Absence(holidays.parse(years)), 2, NOW)


_ranges = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 6), st.sampled_from([0, 720])), max_size=6
)


def _holidays(ranges: list[tuple[int, int, int]]) -> Holidays:
    entries, free = [], 0
    for start, length, until in sorted(ranges):
        first = max(start, free)
        free = first + length + 1
        begins = date(2026, 7, 2)
        entries.append(
            Holiday(begins + timedelta(days=first), begins + timedelta(days=first + length), until)
        )
    return Holidays(tuple(entries))


@given(before=_ranges, absence=_ranges)
def test_each_date_is_as_announced_or_as_it_was(
    before: list[tuple[int, int, int]], absence: list[tuple[int, int, int]]
) -> None:
    old, new = _holidays(before), _holidays(absence)
    told = announced(terms(off=old.text()), Absence(new), 2, NOW)
    for day in (date(2026, 7, 2) + timedelta(days=n) for n in range(120)):
        expected = new if new.on(day) else old
        assert told.holidays.end_of_work(day) == expected.end_of_work(day)
    assert Absence(new).stands_in(told)
