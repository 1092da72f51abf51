"""On which dates nobody works, or only until some hour; one entry a line.

    2026-08-03..2026-08-14 Summer
    2026-12-24 until 12:00 Christmas Eve
    2026-12-25 Christmas Day

is the canonical text, in the order of the dates. "until 12:00" is a half-day: work ends then.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import date, timedelta

import msgspec

from e2etherapy.errors.therapy import InvalidHolidays, InvalidWords
from e2etherapy.therapy.office_hours import DAY, HOUR, clock
from e2etherapy.therapy.plain_text import require_words

MAX_ENTRIES = 150
MAX_RANGE = 366
"""Days of one entry."""
MAX_NAME = 60
MAX_LENGTH = 40_000
"""Characters that are read, comments included."""
UNDERSTOOD = (
    "Write a date like 2026-12-25, a range like 2026-08-03..2026-08-14, or a half-day like "
    "“2026-12-24 until 12:00”, and a name behind it."
)

_LINE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:\s*\.\.\s*([0-9]{4}-[0-9]{2}-[0-9]{2}))?"
    r"(?:\s+until\s+([0-9]{1,2}):([0-9]{2}))?"
    r"(?:\s+(\S.*))?"
)


class Holiday(msgspec.Struct, frozen=True):
    """A date or a range of dates without work, or with work until some hour.

    Attributes:
        first: the first date.
        last: the last date, the same for a single one.
        until: the minute of the clock at which working time ends on these dates; 0 if there is
            none.
        name: what it is, or an empty text.

    Raises:
        InvalidHolidays: the range is backwards or longer than 366 days, or a half-day ends at a
            midnight.
        InvalidWords: the name is too long, has several lines or cannot be seen.
    """

    first: date
    last: date
    until: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what no text stands for."""
        if not self.first <= self.last:
            raise InvalidHolidays("A range of holidays ends before it begins.")
        if (self.last - self.first).days >= MAX_RANGE:
            raise InvalidHolidays(f"A range of holidays has more than {MAX_RANGE} days.")
        if not 0 <= self.until < DAY:
            raise InvalidHolidays("A half-day ends between 00:01 and 23:59.")
        if self.name:
            require_words(self.name, "The name of a holiday", MAX_NAME, lines=False)
            _require_plain_name(self.name)

    def text(self) -> str:
        """Return its line."""
        dates = f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"
        half = f"until {clock(self.until)}" if self.until else ""
        return " ".join(part for part in (dates, half, self.name) if part)


def _require_plain_name(name: str) -> None:
    """A name must not pass for another part of its line, nor for the end of it."""
    if "#" in name or name.startswith("..") or re.match(r"until\s", f"{name} ", re.IGNORECASE):
        raise InvalidHolidays("The name of a holiday begins like something else, or holds a #.")
    if name != " ".join(name.split()):
        raise InvalidHolidays("The name of a holiday has white space that nobody would see.")


class Holidays(msgspec.Struct, frozen=True):
    """All entries, in order; no date is in two of them.

    Raises:
        InvalidHolidays: they are out of order or overlap, or are more than 150.
    """

    entries: tuple[Holiday, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has two answers for one date."""
        if len(self.entries) > MAX_ENTRIES:
            raise InvalidHolidays(f"There are more than {MAX_ENTRIES} holidays.")
        for before, after in zip(self.entries, self.entries[1:], strict=False):
            if after.first <= before.last:
                raise InvalidHolidays(f"{after.first} stands there twice, or out of order.")

    def on(self, day: date) -> Holiday | None:
        """Return the entry that a date falls in."""
        place = bisect_right(self.entries, day, key=lambda entry: entry.first) - 1
        if place < 0 or self.entries[place].last < day:
            return None
        return self.entries[place]

    def end_of_work(self, day: date) -> int:
        """Return the minute of the clock after which nobody works: 1,440 on an ordinary day."""
        holiday = self.on(day)
        return DAY if holiday is None else holiday.until

    def text(self) -> str:
        """Return the canonical text, which `parse` reads back; no line break at its end."""
        return "\n".join(entry.text() for entry in self.entries)

    def days(self) -> int:
        """Return how many dates the entries have, half-days included."""
        return sum(((entry.last - entry.first) + timedelta(days=1)).days for entry in self.entries)


NONE = Holidays()


def parse(words: str) -> Holidays:
    """Read holidays as they stand in a small text file, in any order.

    An empty line, and what follows a # in a line, means nothing.

    Raises:
        InvalidHolidays: with the number of the line, and what is understood.
    """
    if len(words) > MAX_LENGTH:
        raise InvalidHolidays(f"These are more than {MAX_LENGTH:,} characters.")
    entries = []
    for number, line in enumerate(words.split("\n"), start=1):
        meant = " ".join(line.partition("#")[0].split())
        if not meant:
            continue
        try:
            entries.append(_entry(meant))
        except (InvalidHolidays, InvalidWords) as error:
            raise InvalidHolidays(f"Line {number}: {error}") from None
    return Holidays(tuple(sorted(entries, key=lambda entry: entry.first)))


def _entry(line: str) -> Holiday:
    found = _LINE.fullmatch(line)
    if found is None:
        raise InvalidHolidays(f"this is not understood. {UNDERSTOOD}")
    first = _date(found[1])
    last = _date(found[2]) if found[2] else first
    until = _until(int(found[3]), int(found[4])) if found[3] else 0
    return Holiday(first, last, until, found[5] or "")


def _until(hour: int, minute: int) -> int:
    end = hour * HOUR + minute
    if minute >= HOUR or not 0 < end < DAY:
        raise InvalidHolidays("A half-day ends between 00:01 and 23:59.")
    return end


def _date(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise InvalidHolidays(f"{word} is not in the calendar.") from None
