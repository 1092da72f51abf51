"""A device that can die at any relay call and at any moment of a vault's transaction.

A crash copies the vault's folder as it lies on disk at that very moment, as a power cut would
leave it, and unwinds with `Crash`. Whatever the dying program still tries to do fails too.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from e2etherapy.vault.database import Database, Statement


class Crash(BaseException):
    """The program is gone; nothing below may catch it."""


class CrashPoints:
    """Counts the moments at which the program could die, and lets it die at one of them."""

    def __init__(self, folder: Path, survivor: Path) -> None:
        """Take the vault's folder, and where to put what a crash leaves of it."""
        self._folder = folder
        self._survivor = survivor
        self._remaining: int | None = None
        self.crashed = False

    def arm(self, at: int | None) -> None:
        """Crash at the moment number `at` from now on, counted from 0; None for not at all."""
        self._remaining = at

    def reach(self) -> None:
        """Pass one moment.

        Raises:
            Crash: this is the moment, or it is over already.
        """
        if self.crashed:
            raise Crash
        if self._remaining is None:
            return
        if self._remaining == 0:
            self.crashed = True
            shutil.copytree(self._folder, self._survivor)
            raise Crash
        self._remaining -= 1


class CrashingDatabase(Database):
    """A vault's database with a crash point before, within, after and between its steps."""

    def __init__(
        self,
        database: Database,
        points: CrashPoints,
        committed: Callable[[list[Statement]], None],
    ) -> None:
        """Take over an open database; `committed` is told of every transaction that is on disk."""
        super().__init__(database._connection, database._path)
        self._points = points
        self._committed = committed
        self._in_flight: list[Statement] = []

    async def write(self, statements: Iterable[Statement]) -> None:
        """Write as the vault does."""
        self._points.reach()
        self._in_flight = list(statements)
        await super().write(self._interrupted(self._in_flight))
        self._points.reach()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        async with super()._transaction():
            yield
        # The write-ahead log holds it, and the database's own file not yet.
        self._committed(self._in_flight)
        self._points.reach()

    def _interrupted(self, statements: list[Statement]) -> Iterator[Statement]:
        for index, statement in enumerate(statements):
            if index == len(statements) // 2:
                self._points.reach()
            yield statement
        self._points.reach()
