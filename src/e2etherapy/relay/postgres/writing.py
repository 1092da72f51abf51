"""The connection on which deposits are written, kept by the one task that writes them.

A pool lends and takes back within a dozen turns of the event loop, and each turn stands behind all
requests that are ready: under load the server would wait for the next group as long as it works on
one (docs/decisions/0024).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import Connection, connect
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.postgres.errors import DRIVER_ERRORS, READ_ONLY, sqlstate

T = TypeVar("T")

IDLE_SECONDS = 300.0
"""A connection that lay idle for longer may have been dropped on the way without a word."""
_OF_NO_USE: Final = {"", READ_ONLY}
"""SQLSTATEs: lost, or of a server that has become a standby."""
_GROUP_BYTES: Final = 1 << 20
"""More than a whole group takes."""


class WritingConnection(Database):
    """One connection, opened when needed and again after it was lost.

    One piece of work at a time, and only within tasks that nobody cancels.
    """

    def __init__(self, place: PostgresDatabase, session: Mapping[str, str]) -> None:
        super().__init__()
        self._place = place
        self._session = session
        self._connection: Connection | None = None
        self._used = 0.0

    async def open(self) -> None:
        """Do nothing: the connection comes with its first use."""

    async def close(self) -> None:
        """Close it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Not in order: asyncpg would wait for an answer, and cancel at the server what is under
            # way. Of an idle connection the server misses nothing.
            connection.terminate()

    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        connection = await self._open()
        try:
            return await self._commits.keep(connection, work(connection))
        except DRIVER_ERRORS as problem:
            if sqlstate(problem) in _OF_NO_USE:
                connection.terminate()
            raise
        finally:
            self._used = asyncio.get_running_loop().time()
            if not connection.is_closed() and connection.is_in_transaction():
                connection.terminate()

    async def _open(self) -> Connection:
        idle = asyncio.get_running_loop().time() - self._used
        if idle > IDLE_SECONDS:
            await self.close()
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._place, self._session, command_seconds=None)
            self._used = asyncio.get_running_loop().time()
            _make_room(self._connection)
        return self._connection


def _make_room(connection: Connection) -> None:
    """Let a whole group leave at once, so that the server need not wait for the event loop.

    A Unix socket's buffer does not grow by itself, as TCP's does.
    """
    # asyncpg shows its socket to nobody.
    found = connection._transport.get_extra_info("socket")  # noqa: SLF001
    if found.family == socket.AF_UNIX:
        # Linux takes the most that it allows for, others may refuse.
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _GROUP_BYTES)
