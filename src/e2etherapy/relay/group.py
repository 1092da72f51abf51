"""Group commit: what waits to be written at the same moment shares one transaction.

One commit waits for the disk once, whether it holds one change or fifty. Each change is
answered only after the commit that holds it, and one that is refused takes nobody with it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

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


U = TypeVar("U", bound=Unit)


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


class GroupWriter(ABC, Generic[U]):
    """Collects what is to be written and writes it group by group.

    A store's own writer says how its units are made and what one transaction is.
    """

    def __init__(self, max_group: int) -> None:
        """Take how many deposits, and how many other changes, one transaction may hold."""
        self._max_group = max_group
        self._deposits: list[tuple[Deposit, asyncio.Future[None]]] = []
        self._changes: list[U] = []
        self._something = asyncio.Event()
        self._closing = False
        self.on_arrival: Callable[[MailboxId], None] = _nobody_listens
        self.on_group: Callable[[int], None] = _nobody_counts
        self._task = asyncio.create_task(self._write(), name="relay-writer")

    @abstractmethod
    def _batch(self, waiting: WaitingDeposits) -> U:
        """Make one unit of some deposits."""

    @abstractmethod
    async def _transact(self, units: Sequence[U]) -> None:
        """Write all units in one transaction, or nothing; raise in the store's words."""

    async def deposit(self, deposit: Deposit) -> None:
        """Store an envelope; see Store.deposit."""
        self._check_room()
        if len(self._deposits) >= MAX_PENDING_DEPOSITS:
            raise Busy("Too much waits to be written.")
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._deposits.append((deposit, answer))
        self._something.set()
        await answer

    def add(self, change: U) -> None:
        """Take another change.

        Raises:
            Busy: too much waits.
        """
        self._check_room()
        self._changes.append(change)
        self._something.set()

    async def close(self) -> None:
        """Take nothing more, and write what was taken."""
        self._closing = True
        self._something.set()
        await self._task

    def turn_away(self, problem: StoreError) -> None:
        """Refuse every deposit that waits for the next group."""
        waiting, self._deposits = self._deposits, []
        for _, answer in waiting:
            if not answer.done():
                answer.set_exception(problem)

    def pending(self) -> int:
        """Return how much waits to be written."""
        return len(self._deposits) + len(self._changes)

    def _check_room(self) -> None:
        if self._closing or self.pending() >= MAX_PENDING:
            raise Busy("Too much waits to be written.")

    async def _write(self) -> None:
        while True:
            await self._something.wait()
            units = self._take()
            if units:
                await self._commit(units)
            elif self._closing:
                return
            else:
                self._something.clear()

    def _take(self) -> list[U]:
        units: list[U] = []
        if self._deposits:
            units.append(self._batch(self._deposits[: self._max_group]))
            del self._deposits[: self._max_group]
        units.extend(self._changes[: self._max_group])
        del self._changes[: self._max_group]
        return units

    async def _commit(self, units: Sequence[U]) -> None:
        """Write all units in one transaction, or each in its own where that fails.

        On a full disk a group fails as a whole although the deletions in it might succeed and
        make room.
        """
        try:
            await self._transact(units)
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it; the writer goes on
            if len(units) > 1:
                for unit in units:
                    await self._commit([unit])
            else:
                units[0].fail(problem)
        else:
            self.on_group(sum(unit.size for unit in units))
            for unit in units:
                unit.settle()


def _nobody_counts(_size: int) -> None:
    """Stand in for a listener."""


def _nobody_listens(_mailbox: MailboxId) -> None:
    """Stand in for a listener."""
