"""Days, the only time that the relay knows."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

Today = Callable[[], int]
"""Returns the number of whole days since 1970-01-01 UTC."""

_SECONDS_A_DAY = 86_400
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Cannot be set. On Linux it also counts while the machine sleeps."""


def system_today() -> int:
    """Return today by the system's clock."""
    return int(time.time() // _SECONDS_A_DAY)


def _uptime() -> float:
    return time.clock_gettime(_UPTIME)


class SteadyDays:
    """The days of a relay whose system clock may be set while it runs.

    A clock that is wrong for an hour must not delete what is waiting. The days are those of the
    system's clock at the start and of the time that has passed since then, which nobody can set.
    The system's clock moves them by one day at most. Where it says something else it may be wrong,
    or it was wrong at the start; starting again believes it.
    """

    def __init__(
        self,
        on_dispute: Callable[[], None],
        now: Callable[[], float] = time.time,
        uptime: Callable[[], float] = _uptime,
    ) -> None:
        """Take whom to tell each time that the two begin to differ by more than a day."""
        self._on_dispute = on_dispute
        self._now = now
        self._uptime = uptime
        self._start = now() - uptime()
        self._is_disputed = False

    def today(self) -> int:
        """Return the number of whole days since 1970-01-01 UTC."""
        counted = int((self._start + self._uptime()) // _SECONDS_A_DAY)
        said = int(self._now() // _SECONDS_A_DAY)
        believed = min(max(said, counted - 1), counted + 1)
        if believed != said and not self._is_disputed:
            self._on_dispute()
        self._is_disputed = believed != said
        return believed


def iso_date(day: int) -> str:
    """Return a day as ``2026-01-31``."""
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()
