"""In which hours of a week somebody works: several intervals a day, on the clock of their zone.

    Mon-Thu 09:00-12:30 14:00-18:00, Fri 09:00-13:00

is the canonical text: days in order, days with the same hours next to each other as one range,
each day's intervals in order, none touching the next. 24:00 is the end of a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from e2etherapy.errors.therapy import InvalidOfficeHours
from e2etherapy.therapy.plain_text import quoted

HOUR = 60
DAY = 24 * HOUR
"""Minutes of the clock from one midnight to the next."""
MAX_INTERVALS = 8
"""Intervals of one day."""
MAX_LENGTH = 1_000
"""Characters that are read."""
UNDERSTOOD = "Write them like “Mon-Thu 09:00-12:30 14:00-18:00, Fri 09:00-13:00”."

_HALF_A_DAY = 12
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = tuple(name[:3] for name in _NAMES)
_BY_NAME = {
    word.lower(): place
    for place, name in enumerate(_NAMES)
    for word in (name, name[:3], f"{name}s", *{"Tuesday": ("Tues",)}.get(name, ()))
} | {"thur": 3, "thurs": 3}
_DASHES = re.compile(r"\s*[-\u2010\u2011\u2012\u2013\u2014]\s*|(?<=[\w])\s+(?:to|until)\s+(?=[\w])")
_HALF = re.compile(r"(?<=[0-9])\s+(?=[ap]m\b)", re.ASCII | re.IGNORECASE)
_TIME = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?([ap]m)?", re.IGNORECASE)
_DAYS = re.compile(r"([a-z]+)(?:-([a-z]+))?", re.IGNORECASE | re.ASCII)


class Interval(msgspec.Struct, frozen=True, order=True):
    """Working time of a day, in minutes of the clock since midnight; the end is outside."""

    start: int
    end: int


class OfficeHours(msgspec.Struct, frozen=True):
    """The intervals of each day of a week.

    Attributes:
        days: seven, from Monday; each has its intervals in order, with time between them.

    Raises:
        InvalidOfficeHours: there are not seven days, an interval is empty or outside of its day,
            two of them touch, a day has more than 8, or no day has any.
    """

    days: tuple[tuple[Interval, ...], ...]

    def __post_init__(self) -> None:
        """Refuse what no text stands for."""
        if len(self.days) != len(_NAMES):
            raise InvalidOfficeHours("A week has seven days.")
        if not any(self.days):
            raise InvalidOfficeHours(f"There is no working time in these hours. {UNDERSTOOD}")
        for day in self.days:
            _require_order(day)

    def text(self) -> str:
        """Return the canonical text, which `parse` reads back."""
        return ", ".join(f"{days} {_times(day)}" for days, day in self._runs())

    def _runs(self) -> Iterator[tuple[str, tuple[Interval, ...]]]:
        first = 0
        for place, day in enumerate(self.days):
            if place + 1 < len(self.days) and self.days[place + 1] == day:
                continue
            if day:
                single = first == place
                yield _SHORT[place] if single else f"{_SHORT[first]}-{_SHORT[place]}", day
            first = place + 1


def _require_order(day: tuple[Interval, ...]) -> None:
    if len(day) > MAX_INTERVALS:
        raise InvalidOfficeHours(f"A day has at most {MAX_INTERVALS} intervals.")
    before = -1
    for interval in day:
        if not before < interval.start < interval.end <= DAY:
            raise InvalidOfficeHours("The intervals of a day are not in order, or touch.")
        before = interval.end


def parse(words: str) -> OfficeHours:
    """Read office hours as a person writes them.

    Days are English, long or short, in ranges or one by one; times have 24 hours, or am and pm
    at both ends. Commas, semicolons, "and" and line breaks may stand anywhere between. A day is
    named once, with all of its intervals; those that touch become one.

    Raises:
        InvalidOfficeHours: with a sentence that says what is understood.
    """
    if len(words) > MAX_LENGTH:
        raise InvalidOfficeHours(f"These are more than {MAX_LENGTH:,} characters. {UNDERSTOOD}")
    week: dict[int, list[Interval]] = {}
    named: list[int] = []
    collecting = False
    for token in _tokens(words):
        if token[0].isdigit():
            if not named:
                raise InvalidOfficeHours(f"{quoted(token)} has no day before it. {UNDERSTOOD}")
            interval = _interval(token)
            for day in named:
                week[day].append(interval)
            collecting = True
            continue
        named = [] if collecting else named
        collecting = False
        for day in _days(token):
            if day in week:
                raise InvalidOfficeHours(
                    f"{_NAMES[day]} is named twice. Write all hours of a day behind its name once."
                )
            week[day] = []
            named.append(day)
    return _week(week)


def _tokens(words: str) -> list[str]:
    joined = _DASHES.sub("-", _HALF.sub("", words))
    tokens = re.split(r"[\s,;]+|:(?=\s|$)", joined)
    return [token for token in tokens if token and token.lower() not in {"and", "from"}]


def _week(week: dict[int, list[Interval]]) -> OfficeHours:
    for day, intervals in week.items():
        if not intervals:
            raise InvalidOfficeHours(
                f"{_NAMES[day]} has no hours. Leave out the days without work. {UNDERSTOOD}"
            )
    return OfficeHours(tuple(_joined(day, week.get(day, ())) for day in range(len(_NAMES))))


def _joined(day: int, intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    joined: list[Interval] = []
    for interval in sorted(intervals):
        if joined and interval.start < joined[-1].end:
            raise InvalidOfficeHours(f"Two intervals of {_NAMES[day]} overlap.")
        if joined and interval.start == joined[-1].end:
            joined[-1] = Interval(joined[-1].start, interval.end)
        else:
            joined.append(interval)
    return tuple(joined)


def _days(token: str) -> list[int]:
    found = _DAYS.fullmatch(token)
    first = _BY_NAME.get(found[1].lower()) if found else None
    last = _BY_NAME.get(found[2].lower()) if found and found[2] else first
    if first is None or last is None:
        raise InvalidOfficeHours(f"{quoted(token)} is not understood. {UNDERSTOOD}")
    return [(first + step) % len(_NAMES) for step in range((last - first) % len(_NAMES) + 1)]


def _interval(token: str) -> Interval:
    ends = [_TIME.fullmatch(end) for end in token.split("-")]
    match ends:
        case [re.Match() as first, re.Match() as last]:
            pass
        case _:
            raise InvalidOfficeHours(f"{quoted(token)} is no interval. {UNDERSTOOD}")
    if bool(first[3]) != bool(last[3]):
        raise InvalidOfficeHours(
            f"{quoted(token)} has am or pm at one end only. Write both, or 24 hours."
        )
    start, end = _minute(first), _minute(last)
    if last[3] and end == 0:
        end = DAY  # "8pm-12am"
    if start >= end:
        raise InvalidOfficeHours(
            f"{quoted(token)} does not end after it begins. Write 24 hours, like 14:00-18:00; "
            "work past midnight belongs to two days, like 22:00-24:00 and 00:00-02:00."
        )
    return Interval(start, end)


def _minute(time: re.Match[str]) -> int:
    hour, minute, half = int(time[1]), int(time[2] or 0), (time[3] or "").lower()
    if half:
        hour = hour % _HALF_A_DAY + (_HALF_A_DAY if half == "pm" else 0)
    wrong_half = half and not 1 <= int(time[1]) <= _HALF_A_DAY
    if wrong_half or minute >= HOUR or hour * HOUR + minute > DAY:
        raise InvalidOfficeHours(f"{quoted(time[0])} is no time of the day.")
    return hour * HOUR + minute


def clock(minute: int) -> str:
    """Return a minute of the day as it is written, from 00:00 to 24:00."""
    return f"{minute // HOUR:02}:{minute % HOUR:02}"


def _times(day: tuple[Interval, ...]) -> str:
    return " ".join(f"{clock(interval.start)}-{clock(interval.end)}" for interval in day)
