from __future__ import annotations

import pytest

from e2etherapy.errors.therapy import InvalidOfficeHours
from e2etherapy.therapy import office_hours
from e2etherapy.therapy.office_hours import Interval, OfficeHours

HALF_DAYS = "Mon-Thu 09:00-12:30 14:00-18:00, Fri 09:00-13:00"


@pytest.mark.parametrize(
    ("words", "canonical"),
    [
        ("Mon-Fri 09:00-17:00", "Mon-Fri 09:00-17:00"),
        (HALF_DAYS, HALF_DAYS),
        ("monday to friday 9am - 5 pm", "Mon-Fri 09:00-17:00"),
        ("Mon, Wed and Fri: 9-12", "Mon 09:00-12:00, Wed 09:00-12:00, Fri 09:00-12:00"),
        ("Fri 9-13; Mon 14:00-18:00 9-12.30", "Mon 09:00-12:30 14:00-18:00, Fri 09:00-13:00"),
        ("Mon 09:00–17:00\nTue from 10 until 12", "Mon 09:00-17:00, Tue 10:00-12:00"),
        ("Sat-Mon 10-11", "Mon 10:00-11:00, Sat-Sun 10:00-11:00"),
        ("Sun 20:00-24:00", "Sun 20:00-24:00"),
        ("Mon 8pm-12am", "Mon 20:00-24:00"),
        ("Mon 12am-12pm", "Mon 00:00-12:00"),
        ("Mon-Sun 0-24", "Mon-Sun 00:00-24:00"),
    ],
)
def test_hours_are_read_as_people_write_them(words: str, canonical: str) -> None:
    hours = office_hours.parse(words)
    assert hours.text() == canonical
    assert office_hours.parse(canonical) == hours


def test_a_half_day_is_shorter_than_the_others() -> None:
    days = office_hours.parse(HALF_DAYS).days
    assert days[0] == (Interval(9 * 60, 12 * 60 + 30), Interval(14 * 60, 18 * 60))
    assert days[4] == (Interval(9 * 60, 13 * 60),)
    assert days[5:] == ((), ())


def test_intervals_that_touch_are_one() -> None:
    assert office_hours.parse("Mon 9-12 12-17") == office_hours.parse("Mon 9-17")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "no working time"),
        ("Mon", "Monday has no hours"),
        ("Mon Tue 9-12, Wed", "Wednesday has no hours"),
        ("9-17", "no day before it"),
        ("Mon-Frx 9-17", "“Mon-Frx” is not understood"),
        ("whenever", "Write them like “Mon-Thu"),
        ("Mon 9", "is no interval"),
        ("Mon 9-12-15", "is no interval"),
        ("Mon 9-12 11-13", "Two intervals of Monday overlap"),
        ("Mon 9-12, Mon 13-15", "Monday is named twice"),
        ("Mon-Wed 9-12, Tue 13-15", "Tuesday is named twice"),
        ("Mon 17-9", "does not end after it begins"),
        ("Mon 22:00-02:00", "belongs to two days"),
        ("Mon 9-9", "does not end after it begins"),
        ("Mon 9-24:30", "is no time of the day"),
        ("Mon 9:60-12", "is no time of the day"),
        ("Mon 13pm-14pm", "is no time of the day"),
        ("Mon 8-10pm", "am or pm at one end only"),
        ("Mon " + " ".join(f"{hour}:00-{hour}:30" for hour in range(9)), "at most 8 intervals"),
        ("Mon " * 500, "more than 1,000 characters"),
    ],
)
def test_a_refusal_says_what_is_wrong_or_what_is_understood(words: str, says: str) -> None:
    with pytest.raises(InvalidOfficeHours) as refusal:
        office_hours.parse(words)
    assert says in str(refusal.value)


def test_a_refusal_shows_no_character_that_could_steer_a_terminal() -> None:
    with pytest.raises(InvalidOfficeHours) as refusal:
        office_hours.parse("Mon\x1b[2J\u202e 9-17")
    assert str(refusal.value).isprintable()


MORNING, NOON = Interval(540, 720), Interval(720, 780)


@pytest.mark.parametrize(
    "days",
    [
        ((),) * 7,
        ((MORNING,),) * 6,
        ((NOON, MORNING), *((),) * 6),
        ((MORNING, NOON), *((),) * 6),
        ((Interval(-1, 60),), *((),) * 6),
        ((Interval(60, 1_441),), *((),) * 6),
        ((Interval(60, 60),), *((),) * 6),
    ],
)
def test_hours_that_no_text_stands_for_cannot_be_made(
    days: tuple[tuple[Interval, ...], ...],
) -> None:
    with pytest.raises(InvalidOfficeHours):
        OfficeHours(days)
