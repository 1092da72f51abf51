"""Due times by looking at a clock minute after minute: slow, and built on nothing of the package.

It reads the words of an agreement, not its values, and never asks when an interval begins or a
clock is set: it only asks of each minute what the clock on the wall shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MINUTE = 60
FURTHEST = 400


@dataclass
class WallClock:
    """Somebody who looks at the clock in a zone and knows by heart when there is work."""

    zone: ZoneInfo
    week: dict[str, list[tuple[str, str]]]
    """By day, the times at which work begins and ends, like 09:00."""
    off: dict[date, str] = field(default_factory=dict)
    """By date, the time at which work ends that day; 00:00 if there is none."""

    def shows(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment, self.zone)

    def is_work(self, moment: int) -> bool:
        now = self.shows(moment)
        time = f"{now:%H:%M}"
        if now.date() in self.off and time >= self.off[now.date()]:
            return False
        return any(start <= time < end for start, end in self.week.get(DAYS[now.weekday()], []))

    def minutes(self, moment: int) -> Iterator[int]:
        """Yield the first second of each minute from that of a moment, for 400 days and two."""
        first = moment - moment % MINUTE
        yield from range(first, first + (FURTHEST + 2) * 1_440 * MINUTE, MINUTE)

    def due(self, moment: int, count: int, unit: str) -> int:
        match unit:
            case "hour":
                return moment + timedelta(hours=count) // timedelta(seconds=1)
            case "day":
                return self._after_dates(moment, count, of_work=False)
            case "working hour":
                return self._after_work(moment, count * 60 * MINUTE)
            case _:
                return self._after_dates(moment, count, of_work=True)

    def _after_work(self, moment: int, seconds: int) -> int:
        for minute in self.minutes(moment):
            if self.is_work(minute):
                begin = max(minute, moment)
                if begin + seconds <= minute + MINUTE:
                    return begin + seconds
                seconds -= minute + MINUTE - begin
        raise LookupError

    def _after_dates(self, moment: int, count: int, *, of_work: bool) -> int:
        """Remember when each date was last seen, and stop two days after the one that is due."""
        coming: date | None = None
        last_seen: dict[date, int] = {}
        for minute in self.minutes(moment):
            if of_work and not self.is_work(minute):
                seen = sorted(last_seen)
            else:
                today = self.shows(minute).date()
                coming = coming or today
                if today > coming:
                    last_seen[today] = minute + MINUTE
                seen = sorted(last_seen)
            if len(seen) >= count and minute > last_seen[seen[count - 1]] + 2 * 1_440 * MINUTE:
                return last_seen[seen[count - 1]]
        raise LookupError
