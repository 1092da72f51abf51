"""Group commit: what waits to be written at the same moment shares one transaction.

One commit waits for the disk once, whether it holds one change or fifty. Each change is
answered only after the commit that holds it, and one that is refused takes nobody with it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.store import Busy, Deposit, StoreError

MAX_PENDING = 1_024
"""Deposits and other changes that may wait: 16 MiB of envelopes."""
MAX_PENDING_DEPOSITS = 960
"""Of them, also those whose senders have gone: the rest is for changes that make room."""

WaitingDeposits = Sequence[tuple[Deposit, asyncio.Future[None]]]


class Unit(Protocol):
    """A part of a group, answered in the event loop once it is durable."""

    @property
    def size(self) -> int:
        """How many changes it is."""

    def settle(self) -> None:
        """Give the result or refusal to whoever still waits for it."""

    def fail(self, problem: BaseException) -> None:
        """Tell whoever still waits that nothing was written."""


_T = TypeVar("_T")


class DepositBatch:
    """Deposits of one transaction; each has its own outcome."""

    def __init__(self, waiting: WaitingDeposits, on_arrival: Callable[[MailboxId], None]) -> None:
        self.deposits = [deposit for deposit, _ in waiting]
        self.outcomes: list[StoreError | None] = []
        self._answers = [answer for _, answer in waiting]
        self._on_arrival = on_arrival

    @property
    def size(self) -> int:
        """How many deposits it holds."""
        return len(self.deposits)

    def settle(self) -> None:
        """Give each deposit its outcome."""
        for deposit, answer, outcome in zip(
            self.deposits, self._answers, self.outcomes, strict=True
        ):
            if outcome is None:
                self._on_arrival(deposit.mailbox)
            if answer.done():
                continue
            if outcome is None:
                answer.set_result(None)
            else:
                answer.set_exception(outcome)

    def fail(self, problem: BaseException) -> None:
        """Tell every depositor that nothing was stored."""
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(problem)


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction was about, and why nothing of it was written, or None."""

    units: Sequence[Unit]
    problem: BaseException | None = None

    @property
    def size(self) -> int:
        """How many changes it was about."""
        return sum(unit.size for unit in self.units)

    def settle(self) -> None:
        """Answer whoever still waits."""
        for unit in self.units:
            if self.problem is None:
                unit.settle()
            else:
                unit.fail(self.problem)


class GroupWriter(ABC):
    """Collects what is to be written and has it written group by group.

    A store's own writer says what one transaction is, and may take more than deposits.
    """

    def __init__(self, flights: int) -> None:
        """Take how many groups may be under way at once."""
        self._deposits: deque[tuple[Deposit, asyncio.Future[None]]] = deque()
        self._something = asyncio.Event()
        self._closing = False
        self.on_arrival: Callable[[MailboxId], None] = _nobody_listens
        self.on_group: Callable[[int], None] = _nobody_counts
        self._writing = [asyncio.create_task(self._write()) for _ in range(flights)]

    @abstractmethod
    async def _write_next(self) -> Sequence[Written]:
        """Write what waits, as far as one group goes, and return what became of it."""

    async def deposit(self, deposit: Deposit) -> None:
        """Store an envelope; see Store.deposit."""
        self._check_room()
        if len(self._deposits) >= MAX_PENDING_DEPOSITS:
            raise Busy("Too much waits to be written.")
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._deposits.append((deposit, answer))
        self._something.set()
        await answer

    async def close(self) -> None:
        """Take nothing more, and write what was taken."""
        self._closing = True
        self._something.set()
        await asyncio.gather(*self._writing)

    def turn_away(self, problem: StoreError) -> None:
        """Refuse every deposit that waits for the next group."""
        for _, answer in take(self._deposits, len(self._deposits)):
            if not answer.done():
                answer.set_exception(problem)

    def pending(self) -> int:
        """Return how much waits to be written."""
        return len(self._deposits)

    def _check_room(self) -> None:
        if self._closing or self.pending() >= MAX_PENDING:
            raise Busy("Too much waits to be written.")

    async def _write(self) -> None:
        while True:
            await self._something.wait()
            if self.pending():
                for written in await self._write_next():
                    if written.problem is None:
                        self.on_group(written.size)
                    written.settle()
            elif self._closing:
                return
            else:
                self._something.clear()


def take(waiting: deque[_T], most: int) -> list[_T]:
    """Take up to so many from the front; safe also while another thread appends."""
    taken: list[_T] = []
    while waiting and len(taken) < most:
        taken.append(waiting.popleft())
    return taken


def _nobody_counts(_size: int) -> None:
    """Stand in for a listener."""


def _nobody_listens(_mailbox: MailboxId) -> None:
    """Stand in for a listener."""
