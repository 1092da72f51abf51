"""How far two clocks are apart, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from e2etherapy.cli.wording import counted

TOLERANCE: Final = timedelta(minutes=5)
_SHOWN_IN_MINUTES: Final = 120


def difference(mine: datetime, other: datetime) -> str | None:
    """Say how far a clock is from another: '9 minutes ahead of', '1 day behind'; None if it is not.

    Args:
        mine: an aware time.
        other: what the other clock said at that moment, give or take an answer's way.
    """
    apart = abs(mine - other)
    if apart <= TOLERANCE:
        return None
    return f"{_span(apart)} {'ahead of' if mine > other else 'behind'}"


def days(count: int) -> str:
    """Return a number of days in words."""
    return counted(count, "day", "days")


def _span(span: timedelta) -> str:
    if span >= timedelta(days=1):
        return days(span.days)
    minutes = int(span.total_seconds()) // 60
    if minutes < _SHOWN_IN_MINUTES:
        return counted(minutes, "minute", "minutes")
    return counted(minutes // 60, "hour", "hours")
