"""Group commit: what waits to be written at the same moment shares one transaction.

One commit waits for the disk once, whether it holds one change or fifty. Each change is
answered only after the commit that holds it, and one that is refused takes nobody with it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar, cast

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.sqlite.connection import Connection, in_store_words
from e2etherapy.relay.sqlite.deposits import DepositBatch
from e2etherapy.relay.store import Busy, Deposit, StoreError

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]
"""Reads, decides, and only then writes: one that raises a StoreError has written nothing."""

MAX_PENDING = 1_024
"""Deposits and other changes that may wait: 16 MiB of envelopes."""
MAX_GROUP = 16
"""Half of what 32 busy connections can have waiting, so that the event loop serves one half while
the other is written: 3,100 deposits a second, against 2,800 with 64. Larger groups save little: a
row costs 130 microseconds in groups of 16 and 120 in groups of 32.
"""


class _Unit(Protocol):
    """A part of a group: applied in the connection's thread, answered in the event loop."""

    @property
    def size(self) -> int: ...

    def apply(self, database: sqlite3.Connection) -> None: ...

    def settle(self) -> None: ...

    def fail(self, problem: BaseException) -> None: ...


class _SingleChange(Generic[T]):
    """One change and whoever waits for its result."""

    size = 1

    def __init__(self, change: Change[T]) -> None:
        self._change = change
        self._outcome: T | StoreError | None = None
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def apply(self, database: sqlite3.Connection) -> None:
        """Make the change, keeping its result or refusal."""
        try:
            self._outcome = self._change(database)
        except StoreError as refusal:
            self._outcome = refusal

    def settle(self) -> None:
        """Give the result to whoever still waits for it."""
        if self.answer.done():
            return
        if isinstance(self._outcome, StoreError):
            self.answer.set_exception(self._outcome)
        else:
            self.answer.set_result(cast("T", self._outcome))

    def fail(self, problem: BaseException) -> None:
        """Tell whoever still waits that nothing was written."""
        if not self.answer.done():
            self.answer.set_exception(problem)


class GroupWriter:
    """The only user of the connection that writes."""

    def __init__(self, database: Connection) -> None:
        self._database = database
        self._deposits: list[tuple[Deposit, asyncio.Future[None]]] = []
        self._changes: list[_SingleChange[object]] = []
        self._something = asyncio.Event()
        self._closing = False
        self.on_arrival: Callable[[MailboxId], None] = _nobody_listens
        self.on_group: Callable[[int], None] = _nobody_counts
        self._task = asyncio.create_task(self._write(), name="relay-writer")

    async def deposit(self, deposit: Deposit) -> None:
        """Store an envelope; see Store.deposit."""
        self._check_room()
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._deposits.append((deposit, answer))
        self._something.set()
        await answer

    async def run(self, change: Change[T]) -> T:
        """Make one other change and return its result once that is durable.

        Raises:
            StoreError: refused, no room, or too much waits.
        """
        self._check_room()
        unit = _SingleChange(change)
        self._changes.append(cast("_SingleChange[object]", unit))
        self._something.set()
        return await unit.answer

    async def close(self) -> None:
        """Take nothing more, and write what was taken."""
        self._closing = True
        self._something.set()
        await self._task

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

    def _take(self) -> list[_Unit]:
        units: list[_Unit] = []
        if self._deposits:
            units.append(DepositBatch(self._deposits[:MAX_GROUP], self.on_arrival))
            del self._deposits[:MAX_GROUP]
        units.extend(self._changes[:MAX_GROUP])
        del self._changes[:MAX_GROUP]
        return units

    async def _commit(self, units: Sequence[_Unit]) -> None:
        """Write all units in one transaction, or each in its own where that fails.

        On a full disk a group fails as a whole although the deletions in it might succeed and
        make room.
        """
        try:
            await self._database.run(partial(_transact, units=units))
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it; the writer goes on
            if len(units) > 1:
                for unit in units:
                    await self._commit([unit])
            else:
                units[0].fail(in_store_words(problem))
        else:
            self.on_group(sum(unit.size for unit in units))
            for unit in units:
                unit.settle()


def _transact(database: sqlite3.Connection, units: Sequence[_Unit]) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        for unit in units:
            unit.apply(database)
        database.execute("COMMIT")
    finally:
        # After some errors SQLite has rolled back by itself.
        if database.in_transaction:
            database.execute("ROLLBACK")


def _nobody_counts(_size: int) -> None:
    """Stand in for a listener."""


def _nobody_listens(_mailbox: MailboxId) -> None:
    """Stand in for a listener."""
