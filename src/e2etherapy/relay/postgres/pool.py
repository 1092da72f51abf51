"""A bounded number of connections, lent to whoever asks next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import asyncpg

from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import SESSION, Connection, arguments
from e2etherapy.relay.postgres.database import Database

T = TypeVar("T")

POOL_SIZE = 7
"""With the one that writes deposits and the one that listens, nine connections for each node."""

_ACQUIRE_SECONDS = 10.0
"""Nobody waits longer for one that is free."""


class Pool(Database):
    """Connections that are opened when needed and again after they were lost."""

    def __init__(
        self,
        place: PostgresDatabase,
        size: int = POOL_SIZE,
        session: Mapping[str, str] = SESSION,
    ) -> None:
        super().__init__()
        self._pool = asyncpg.create_pool(
            **arguments(place, session, command_seconds=None),  # see Commits
            min_size=0,
            max_size=size,
            reset=_leave_as_it_is,
        )

    async def open(self) -> None:
        """Make it ready; connections come with their first use."""
        await self._pool

    async def close(self) -> None:
        """Wait until every connection is given back, then close them."""
        await self._pool.close()

    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            return await self._commits.end(connection, work(connection))


async def _leave_as_it_is(_connection: Connection) -> None:
    """Reset nothing between two users: none of them changes its session.

    A transaction that somebody left open asyncpg ends by itself.
    """
