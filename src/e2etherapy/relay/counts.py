"""What a relay has done since it started, as numbers that belong to nobody."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""
GROUPS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Upper bounds of changes that became durable together."""
_FOREIGN = "unknown"


class Histogram:
    """How many values were at most so large."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield every upper bound with the number of values that it is not below."""
        names = [*map(str, self._bounds), "+Inf"]
        return zip(names, itertools.accumulate(self._counts), strict=True)


class Counts:
    """The counts of one process; nothing in it names a mailbox, an address or a moment."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.batched: Counter[tuple[str, str]] = Counter()
        self.deposit_seconds = Histogram(LATENCIES)
        self.group_sizes = Histogram(GROUPS)
        self.expired: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.faults = 0

    def request(self, operation: str | None, status: int, seconds: float) -> None:
        """Count an answered request; an operation that there is not has no name."""
        self.requests[operation or _FOREIGN, f"{status // 100}xx"] += 1
        if operation == "deposit":
            self.deposit_seconds.observe(seconds)

    def batched_operation(self, operation: str, status: int) -> None:
        """Count an operation that had its own result within a batch."""
        self.batched[operation, f"{status // 100}xx"] += 1

    def refusal(self, reason: str) -> None:
        """Count something that was not done, by the one word for why."""
        self.refusals[reason] += 1

    def group(self, size: int) -> None:
        """Count a group of changes that became durable together."""
        self.group_sizes.observe(size)

    def expiry(self, envelopes: int, invitations: int) -> None:
        """Count what a day's expiry deleted."""
        self.expired["envelope"] += envelopes
        self.expired["invitation"] += invitations
