"""Work at the database: done again where it lost a race, and failing in the store's words."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from e2etherapy.relay.postgres.commits import Commits
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.errors import DRIVER_ERRORS, LOST_RACES, in_store_words, sqlstate
from e2etherapy.relay.store import Busy

T = TypeVar("T")

_MOST_WAITING = 20_000
"""Every waiting device may look at once when the listening connection was lost."""
_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.01


class RaceLost(Exception):
    """Another node was quicker; the same work, done again, will see what that one did."""


class Database(ABC):
    """Has work done at a database that may be away, be overloaded or belong to others too."""

    def __init__(self) -> None:
        self._commits = Commits()
        self._waiting = 0

    @abstractmethod
    async def open(self) -> None:
        """Make it ready; connections come with their first use."""

    @abstractmethod
    async def close(self) -> None:
        """Wait until nothing is under way, then close every connection."""

    @abstractmethod
    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Lend a connection for some work, and see it to its end."""

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Read with one statement and return its rows."""
        return await self.run(_fetching(statement, values))

    async def change(self, statement: str, *values: object) -> list[Any]:
        """Make a change with one statement, which is a transaction by itself; return its rows."""
        return await self.commit(_fetching(statement, values))

    async def transact(self, change: Callable[[Connection], Awaitable[T]]) -> T:
        """Make a change in one transaction; an exception undoes it."""

        async def work(connection: Connection) -> T:
            async with connection.transaction():
                return await change(connection)

        return await self.commit(work)

    async def commit(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Lend a connection for work that commits; see run.

        Raises:
            StoreError: also that commits hang, and another one tries.
        """
        with self._commits.turn():
            return await self.run(work)

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Lend a connection for some work, again where it lost a race against other nodes.

        Raises:
            StoreError: refused, no room, too much waits, or the database is away.
        """
        if self._waiting >= _MOST_WAITING:
            raise Busy("Too much waits for the database.")
        self._waiting += 1
        try:
            return await self._run(work)
        except DRIVER_ERRORS as problem:
            raise in_store_words(problem) from None
        finally:
            self._waiting -= 1

    async def _run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._once(work)
            except asyncpg.PostgresError as problem:
                if sqlstate(problem) not in LOST_RACES:
                    raise
            except RaceLost:
                pass
            await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise Busy("Other nodes were quicker each time; nothing was stored.")


def _fetching(
    statement: str, values: Sequence[object]
) -> Callable[[Connection], Awaitable[list[Any]]]:
    async def work(connection: Connection) -> list[Any]:
        found: list[Any] = await connection.fetch(statement, *values)
        return found

    return work
