"""What is taken on at the same moment, and what is turned away at once instead of waiting.

Whoever is turned away early can come back; whoever waits until the time is over has cost as much
as one who was served. What makes room is turned away last, what is new first.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from enum import Enum

from e2etherapy.relay import problems
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.problems import Reason

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
        """When each write that the store has now was handed to it, oldest first."""
        self._queue: dict[asyncio.Future[int], None] = {}
        """Who waits for the store to have fewer, oldest first."""

    def adopt(self, limits: Limits) -> None:
        """Hold what comes from now on to other limits."""
        self._limits = limits

    @property
    def writes(self) -> int:
        """How many writes the store has now."""
        return len(self._writes)

    def check(self, work: Work) -> None:
        """See whether a request would be taken on now, before its body is read.

        Raises:
            ProblemAnswer: 503.
        """
        if work is Work.NEW:
            self._check_writes()
        if work is not Work.WAITING and self._requests >= work.value * self._limits.requests:
            raise problems.overloaded(Reason.REQUESTS)

    def request(self, work: Work) -> AbstractContextManager[None]:
        """Hold a place for a request while it is worked on.

        Raises:
            ProblemAnswer: 503.
        """
        return _Place(self, work)

    def write(self) -> AbstractAsyncContextManager[None]:
        """Hold a place in the store's queue while something new is written.

        Places are given in the order in which they were asked for. Who would wait for one longer
        than a write may wait is turned away: a refusal costs nearly half of a deposit, so that
        refusing at once would leave little time for serving.

        Raises:
            ProblemAnswer: 503.
        """
        return _Write(self)

    def count(self, work: Work, places: int) -> None:
        """Take places for requests of a kind, or give them back."""
        if work is not Work.WAITING:
            self._requests += places

    def _check_writes(self) -> None:
        """Turn away where too many wait, or the oldest write does too long.

        How long a further one would wait is not computed from how many there are: a group of 32
        is written nearly as fast as one.
        """
        oldest = next(iter(self._writes.values()), None)
        stalled = oldest is not None and self._clock() - oldest > self._limits.write_seconds
        if stalled or len(self._queue) >= self._limits.requests:
            raise problems.overloaded(Reason.WRITES)

    async def enter(self) -> int:
        """Take a place for a write; return its number."""
        self._check_writes()
        if not self._queue and len(self._writes) < self._limits.writes:
            return self._begin()
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue[turn] = None
        try:
            async with asyncio.timeout(self._limits.write_seconds):
                return await turn
        except BaseException as end:
            self._queue.pop(turn, None)
            if not turn.cancelled():
                # It was let in at the very moment at which it gave up.
                self.leave(turn.result())
            if isinstance(end, TimeoutError):
                raise problems.overloaded(Reason.WRITES) from None
            raise

    def _begin(self) -> int:
        number = next(self._numbers)
        self._writes[number] = self._clock()
        return number

    def leave(self, number: int) -> None:
        """Give a write's place to whoever waits for one."""
        del self._writes[number]
        while self._queue and len(self._writes) < self._limits.writes:
            turn = next(iter(self._queue))
            del self._queue[turn]
            if not turn.done():
                turn.set_result(self._begin())


# Classes: what contextlib makes of a generator takes several times as long, at every request.


class _Place(AbstractContextManager[None]):
    __slots__ = ("_admission", "_work")

    def __init__(self, admission: Admission, work: Work) -> None:
        self._admission = admission
        self._work = work

    def __enter__(self) -> None:
        self._admission.check(self._work)
        self._admission.count(self._work, 1)

    def __exit__(self, *_: object) -> None:
        self._admission.count(self._work, -1)


class _Write(AbstractAsyncContextManager[None]):
    __slots__ = ("_admission", "_number")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._number = -1

    async def __aenter__(self) -> None:
        self._number = await self._admission.enter()

    async def __aexit__(self, *_: object) -> None:
        self._admission.leave(self._number)
