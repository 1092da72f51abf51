"""The clock as an argument: UTC, whole seconds, days."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

Clock = Callable[[], datetime]
"""Returns the time now, UTC."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds."""

_EPOCH = date(1970, 1, 1)


def system_clock() -> datetime:
    """Return the system's time, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def day_of(moment: datetime | date) -> int:
    """Return the number of days since 1970-01-01 UTC."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    return (day - _EPOCH).days


def moment_of(seconds: int) -> datetime:
    """Return the UTC time at a number of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
