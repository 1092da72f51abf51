"""How soon an answer comes: a number of working days, working hours, days or hours.

What each of them means in moments, `due` says.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from e2etherapy.errors.therapy import InvalidReplyTime

MAX_LENGTH = 100
"""Characters that are read."""
UNDERSTOOD = "Write it like “1 working day”, “4 working hours”, “3 days” or “24 hours”."


class Unit(StrEnum):
    """In what a reply time is counted."""

    WORKING_DAY = "working day"
    WORKING_HOUR = "working hour"
    DAY = "day"
    HOUR = "hour"


MOST = {Unit.WORKING_DAY: 30, Unit.WORKING_HOUR: 100, Unit.DAY: 60, Unit.HOUR: 720}
"""The longest reply time in each unit: whoever needs longer does not promise an answer."""

_MEANINGS = {
    Unit.WORKING_DAY: (
        "until working time ends on that working day; the day on which a message comes is not "
        "counted, and one that comes after work, or on a day off, comes on the next working day"
    ),
    Unit.WORKING_HOUR: "counted in working time only, from the moment a message comes",
    Unit.DAY: "until that day ends, weekends and holidays counted like any other day",
    Unit.HOUR: "counted day and night, at weekends and on holidays too",
}
_NUMBERS = ("a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_BY_NUMBER = {word: count for count, word in enumerate(_NUMBERS, start=1)} | {"one": 1, "an": 1}
_WORDS = re.compile(
    r"(?:within )?([0-9]{1,4}|[a-z]+) ?(working |business |work)?(day|hour)s?",
    re.IGNORECASE | re.ASCII,
)


class ReplyTime(msgspec.Struct, frozen=True):
    """A number of units.

    Raises:
        InvalidReplyTime: there is none, or more than the unit's longest.
    """

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse a promise that is none."""
        if not 1 <= self.count <= MOST[self.unit]:
            raise InvalidReplyTime(f"A reply time has from 1 to {MOST[self.unit]} {self.unit}s.")

    def text(self) -> str:
        """Return the canonical text, which `parse` reads back."""
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def meaning(self) -> str:
        """Return what that says of when, for people who set or accept it; part of a sentence."""
        return _MEANINGS[self.unit]


def parse(words: str) -> ReplyTime:
    """Read a reply time as a person writes it; "business" is taken for "working".

    Raises:
        InvalidReplyTime: with a sentence that says what is understood.
    """
    found = _WORDS.fullmatch(" ".join(words.split())) if len(words) <= MAX_LENGTH else None
    number = found[1].lower() if found else ""
    count = int(number) if number.isdigit() else _BY_NUMBER.get(number)
    if found is None or count is None:
        raise InvalidReplyTime(f"This is no reply time. {UNDERSTOOD}")
    working = "working " if found[2] else ""
    return ReplyTime(count, Unit(working + found[3].lower()))
