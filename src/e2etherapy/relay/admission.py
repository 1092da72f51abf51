"""What is taken on at the same moment, and what is turned away at once instead of waiting.

Whoever is turned away early can come back; whoever waits until the time is over has cost as much
as one who was served. What makes room is turned away last, what is new first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from e2etherapy.relay import problems
from e2etherapy.relay.limits import Limits

Clock = Callable[[], float]
"""Returns seconds from any beginning; time.monotonic outside of tests."""


class Work(Enum):
    """How early a kind of request is turned away; the value is its share of the places."""

    NEW = 1 / 2
    """Stores something that was not there."""
    READING = 7 / 8
    """Fetches, or is a batch, whose deposits are held to NEW one by one."""
    CLEARING = 1.0
    """Deletes, and so makes room."""
    WAITING = 0.0
    """Holds a seat in the waiting room, and no place here."""


class Admission:
    """Counts what this process works on, and how long the oldest write has waited."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._requests = 0
        self._numbers = itertools.count()
        self._writes: dict[int, float] = {}
        """When each write that still waits began, oldest first."""

    @property
    def writes(self) -> int:
        """How many writes wait."""
        return len(self._writes)

    def check(self, work: Work) -> None:
        """See whether a request would be taken on now, before its body is read.

        Raises:
            ProblemAnswer: 503.
        """
        if work is Work.NEW:
            self._check_writes()
        if work is not Work.WAITING and self._requests >= work.value * self._limits.requests:
            raise problems.overloaded()

    @contextmanager
    def request(self, work: Work) -> Iterator[None]:
        """Hold a place for a request while it is worked on.

        Raises:
            ProblemAnswer: 503.
        """
        self.check(work)
        place = work is not Work.WAITING
        self._requests += place
        try:
            yield
        finally:
            self._requests -= place

    @contextmanager
    def write(self) -> Iterator[None]:
        """Count something new from now until it is written.

        Raises:
            ProblemAnswer: 503.
        """
        self._check_writes()
        number = next(self._numbers)
        self._writes[number] = self._clock()
        try:
            yield
        finally:
            del self._writes[number]

    def _check_writes(self) -> None:
        """Turn away where too much waits, or the oldest too long.

        How long a further one would wait is not computed from how many there are: a group of 32
        is written nearly as fast as one.
        """
        if len(self._writes) >= self._limits.writes:
            raise problems.overloaded()
        oldest = next(iter(self._writes.values()), None)
        if oldest is not None and self._clock() - oldest > self._limits.write_seconds:
            raise problems.overloaded()
