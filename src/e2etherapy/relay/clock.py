"""Days, the only time that the relay knows."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

Today = Callable[[], int]
"""Returns the number of whole days since 1970-01-01 UTC."""

_SECONDS_A_DAY = 86_400


def system_today() -> int:
    """Return today by the system's clock."""
    return int(time.time() // _SECONDS_A_DAY)


def iso_date(day: int) -> str:
    """Return a day as ``2026-01-31``."""
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()
