"""Which moments are working time: office hours and holidays on the clock of a zone.

A moment is working time if the clock of the zone then shows a time within an interval of the date
that it shows. So in the hour that a clock repeats both passes are working time, and the hour that
it leaves out is none; a date that a zone leaves out has no working time.

Moments are whole seconds since 1970-01-01 00:00 UTC here, and a stretch is a first such second and
the one after its last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from e2etherapy.errors.therapy import NoWorkingTime
from e2etherapy.therapy.holidays import Holidays
from e2etherapy.therapy.office_hours import DAY, Interval, OfficeHours

HORIZON = 400
"""Days after that of a message that are looked at."""

Stretch = tuple[int, int]

_MINUTE = 60
_SECONDS = DAY * _MINUTE
_EPOCH = date(1970, 1, 1).toordinal()
_WHOLE_DAY = (Interval(0, DAY),)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The working time of somebody.

    Attributes:
        hours: of a week.
        holidays: when they do not hold.
        zone: on whose clock.
    """

    hours: OfficeHours
    holidays: Holidays
    zone: ZoneInfo

    def on(self, day: date) -> list[Stretch]:
        """Return the stretches of a date in order, with time between them."""
        intervals = self.hours.days[day.weekday()]
        end = self.holidays.end_of_work(day) if intervals else 0
        if not end:
            return []
        cut = (Interval(i.start, min(i.end, end)) for i in intervals)
        return stretches(self.zone, day, [i for i in cut if i.start < i.end])

    def coming(self, moment: int) -> int:
        """Return the first moment of working time that is not before a moment.

        Raises:
            NoWorkingTime: there is none until the 400th day after.
        """
        return next(self._from(moment))[0]

    def after(self, moment: int, seconds: int) -> int:
        """Return when so many seconds of working time are over, counted from a moment.

        That is the end of the last of them: of a stretch that they fill, its end.

        Raises:
            NoWorkingTime: it is not before the 401st day after.
        """
        for start, end in self._from(moment):
            if seconds <= end - start:
                return start + seconds
            seconds -= end - start
        raise _none()

    def end_of_day(self, day: date, count: int, last: date) -> int:
        """Return the end of working time on the `count`th date with any, after a date.

        Raises:
            NoWorkingTime: it would be later than on the date `last`.
        """
        return _end_of_nth(map(self.on, _dates(day, last)), count)

    def _from(self, moment: int) -> Iterator[Stretch]:
        """Yield what is left of working time from a moment on, in the order of time.

        A clock that is set back over midnight shows the date before once more, after the first
        seconds of the next one: what comes from a date waits until the next one is known.
        """
        today = date_at(self.zone, moment)
        waiting: list[Stretch] = []
        for day in _dates(today - timedelta(days=2), today + timedelta(days=HORIZON)):
            known = waiting[-1][1] if waiting else moment
            waiting = sorted(waiting + self.on(day))
            while waiting and waiting[0][1] <= known:
                yield from _left_of(waiting.pop(0), moment)
        for stretch in waiting:
            yield from _left_of(stretch, moment)
        raise _none()


def end_of_calendar_day(zone: ZoneInfo, day: date, count: int) -> int:
    """Return the end of the `count`th date after a date; one that the zone leaves out is none."""
    every = (stretches(zone, after, _WHOLE_DAY) for after in _dates(day, date.max))
    return _end_of_nth(every, count)


def _end_of_nth(days: Iterable[list[Stretch]], count: int) -> int:
    for day in days:
        if day:
            count -= 1
        if count == 0:
            return day[-1][1]
    raise _none()


def _dates(after: date, last: date) -> Iterator[date]:
    while after < last:
        after += timedelta(days=1)
        yield after


def _left_of(stretch: Stretch, moment: int) -> Iterator[Stretch]:
    if moment < stretch[1]:
        yield max(stretch[0], moment), stretch[1]


def _none() -> NoWorkingTime:
    return NoWorkingTime(f"There is not enough working time within {HORIZON} days.")


def stretches(zone: ZoneInfo, day: date, intervals: Iterable[Interval]) -> list[Stretch]:
    """Return the moments at which a zone's clock shows a date, and a time in an interval."""
    midnight = (day.toordinal() - _EPOCH) * _SECONDS
    found = []
    for start, end, ahead in _steady(zone, midnight):
        for interval in intervals:
            first = max(start, midnight + interval.start * _MINUTE - ahead)
            after = min(end, midnight + interval.end * _MINUTE - ahead)
            if first < after:
                found.append((first, after))
    return _joined(sorted(found))


def _joined(parts: list[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for start, end in parts:
        if joined and joined[-1][1] == start:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


@lru_cache(maxsize=4_096)
def _steady(zone: ZoneInfo, midnight: int) -> tuple[tuple[int, int, int], ...]:
    """Return parts of three days around one, and how far the zone is ahead of UTC in each.

    No zone has been set twice within a week since 1970, so that there are one or two parts.
    """
    begin, end = midnight - _SECONDS, midnight + 2 * _SECONDS
    before, after = _ahead(zone, begin), _ahead(zone, end)
    if before == after:
        return ((begin, end, before),)
    last, change = begin, end
    while change - last > 1:
        middle = (last + change) // 2
        last, change = (middle, change) if _ahead(zone, middle) == before else (last, middle)
    return (begin, change, before), (change, end, after)


def _ahead(zone: ZoneInfo, moment: int) -> int:
    shown = datetime.fromtimestamp(moment, zone).replace(tzinfo=UTC)
    return int(shown.timestamp()) - moment


def date_at(zone: ZoneInfo, moment: int) -> date:
    """Return the date that a zone's clock shows at a moment."""
    return datetime.fromtimestamp(moment, zone).date()
