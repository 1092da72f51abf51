"""When a questionnaire is due, in a person's own words.

A schedule is read from words, has one way to be written, and gives days from a first day on.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Literal, TypeAlias

import msgspec

from e2etherapy.errors.therapy import InvalidSchedule

MAX_EVERY = 366
"""The longest interval, in any unit: more is a mistake in typing."""

UNDERSTOOD = (
    "once",
    "on 2026-03-01",
    "every day",
    "every 14 days",
    "every week",
    "every 2 weeks",
    "every Monday",
    "every second Monday",
    "every month",
    "every 3 months",
)
"""An example of each form."""

Unit: TypeAlias = Literal["once", "date", "day", "week", "month"]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth")
_NUMBER = re.compile(r"(?P<number>[1-9][0-9]{0,2})(?:st|nd|rd|th)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNITS: dict[str, Literal["day", "week", "month"]] = {
    "day": "day",
    "days": "day",
    "week": "week",
    "weeks": "week",
    "month": "month",
    "months": "month",
}


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which something is due.

    Attributes:
        unit: `once` is due on the first day, `date` on `day`, the others again and again.
        every: the interval, in units.
        weekday: for weeks, the day of the week from 0 for Monday; None for that of the first day.
        day: the day of a `date`.
    """

    unit: Unit
    every: int = 1
    weekday: int | None = None
    day: date | None = None

    def __str__(self) -> str:
        """Return the words for it, which `parse` reads as the same schedule."""
        if self.unit == "once":
            return "once"
        if self.day is not None:
            return f"on {self.day.isoformat()}"
        if self.weekday is not None:
            return f"every {_ordinal(self.every)}{_DAYS[self.weekday]}"
        return f"every {self.unit}" if self.every == 1 else f"every {self.every} {self.unit}s"


def _ordinal(number: int) -> str:
    if number == 1:
        return ""
    if number - 2 < len(_ORDINALS):
        return f"{_ORDINALS[number - 2]} "
    ending = (
        "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending} "


def parse(text: str) -> Schedule:
    """Read a schedule. Capitals and spaces do not matter.

    Raises:
        InvalidSchedule: it is none of the forms in `UNDERSTOOD`; the sentence lists them.
    """
    match text.lower().split():
        case ["once"]:
            schedule = Schedule(unit="once")
        case ["on", day] if _DATE.fullmatch(day):
            schedule = _on(day)
        case ["every", unit]:
            schedule = _every(1, unit)
        case ["every", interval, unit]:
            schedule = _every(_interval(interval), unit)
        case _:
            raise _not_understood()
    return schedule


def _not_understood() -> InvalidSchedule:
    return InvalidSchedule(f"This is not a schedule. Understood are: {', '.join(UNDERSTOOD)}.")


def _on(day: str) -> Schedule:
    try:
        return Schedule(unit="date", day=date.fromisoformat(day))
    except ValueError:
        raise InvalidSchedule(f"There is no day {day}.") from None


def _every(interval: int, unit: str) -> Schedule:
    if unit.capitalize() in _DAYS:
        return Schedule(unit="week", every=interval, weekday=_DAYS.index(unit.capitalize()))
    if unit not in _UNITS:
        raise _not_understood()
    return Schedule(unit=_UNITS[unit], every=interval)


def _interval(word: str) -> int:
    if word == "other":
        return 2
    if word in _ORDINALS:
        return _ORDINALS.index(word) + 2
    number = _NUMBER.fullmatch(word)
    if number is None or int(number["number"]) > MAX_EVERY:
        raise _not_understood()
    return int(number["number"])


def due(schedule: Schedule, start: date) -> Iterator[date]:
    """Yield the days on which something is due, in order, from `start` on.

    Repeating schedules go on to the end of the calendar. A month that has no such day has its last
    day instead: from 31 January on, 28 or 29 February and then 31 March.
    """
    if schedule.unit == "once":
        yield start
    elif schedule.unit == "date":
        if schedule.day is not None and schedule.day >= start:
            yield schedule.day
    elif schedule.unit == "month":
        yield from _months(schedule.every, start)
    else:
        yield from _days(schedule, start)


def due_after(schedule: Schedule, start: date, after: date) -> date | None:
    """Return the first day after `after` on which something is due; None if there is none."""
    return next((day for day in due(schedule, start) if day > after), None)


def due_by(schedule: Schedule, start: date, on: date) -> date | None:
    """Return the last day up to `on` on which something was due; None if there was none."""
    last = None
    for day in due(schedule, start):
        if day > on:
            break
        last = day
    return last


def _days(schedule: Schedule, start: date) -> Iterator[date]:
    step = schedule.every * (7 if schedule.unit == "week" else 1)
    ahead = 0 if schedule.weekday is None else (schedule.weekday - start.weekday()) % 7
    for ordinal in range(start.toordinal() + ahead, date.max.toordinal() + 1, step):
        yield date.fromordinal(ordinal)


def _months(every: int, start: date) -> Iterator[date]:
    first = start.year * 12 + start.month - 1
    for month in count(first, every):
        year, index = divmod(month, 12)
        if year > date.max.year:
            return
        last = calendar.monthrange(year, index + 1)[1]
        yield date(year, index + 1, min(start.day, last))
