"""How long to wait before asking a relay again; pure.

Pauses are drawn evenly from zero upwards ("full jitter"), so that devices which lost a relay at the
same moment do not come back at the same moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import RelayBusy
from e2etherapy.primitives.randomness import Entropy

BASE_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0
SPREAD_SECONDS: Final = 30.0
"""Within this time devices come back after a stream that was open has ended: when a relay restarts,
all of them end at once."""

_BITS: Final = 53
"""What a float holds exactly."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often in a row it has failed, and what it met last."""

    failures: int = 0
    latest: Exception | None = None

    def failed(self, latest: Exception | None = None) -> Backoff:
        """Return what holds after one more failure."""
        return Backoff(self.failures + 1, latest)

    def ceiling(self) -> float:
        """Return the longest pause in seconds: 1, 2, 4, … 300; none before the first failure."""
        if not self.failures:
            return 0.0
        doublings = min(self.failures - 1, int(LONGEST_SECONDS).bit_length())
        return min(LONGEST_SECONDS, BASE_SECONDS * (1 << doublings))

    def pause(self, entropy: Entropy) -> float:
        """Draw the seconds until the next attempt, no earlier than a busy relay has asked for."""
        asked = self.latest.seconds if isinstance(self.latest, RelayBusy) else 0.0
        return asked + drawn(self.ceiling(), entropy)


def drawn(below: float, entropy: Entropy) -> float:
    """Draw a number of seconds, evenly from 0 up to `below`."""
    return (int.from_bytes(entropy(8), "big") >> (64 - _BITS)) / (1 << _BITS) * below
