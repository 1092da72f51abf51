"""How many envelopes one request carries, so that it ends in time on any line; pure.

The relay waits 30 seconds for a request's body (docs/protocol.md, section 9.4). Four envelopes pass
within that on 20 kbit/s, 32 need 150 kbit/s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.mailbox.batch import MAX_OPERATIONS

FIRST: Final = 4
QUICK_SECONDS: Final = 5.0
"""Twice as many take no more than a third of the time that there is."""
SLOW_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The number of envelopes for the next request, 1 to 32."""

    envelopes: int = FIRST

    def after(self, sent: int, seconds: float) -> Pace:
        """Return what holds after a request that ended, or failed, after so long.

        Args:
            sent: how many envelopes it is known to have brought; 0 if it failed.
            seconds: how long it took.
        """
        if seconds > SLOW_SECONDS:
            return Pace(max(1, self.envelopes // 2))
        if seconds < QUICK_SECONDS and sent >= self.envelopes:
            return Pace(min(2 * self.envelopes, MAX_OPERATIONS))
        return self
