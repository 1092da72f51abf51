"""Moving what was committed from the write-ahead log into the database, beside the writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Final

from e2etherapy.relay.sqlite.connection import Connection

CHANGES_BETWEEN: Final = 192
"""Some 1,000 pages of deposits, 4 MB.

Done by the writer itself every 4,000 pages, a checkpoint held up whoever waited for 30 ms: the 99th
percentile of deposits was 36 ms, and is 21 ms with this.
"""


class Checkpoints:
    """Keeps the log short with a connection and a thread of its own.

    SQLite's own checkpoint within a commit stays as what bounds the log if this falls behind.
    """

    def __init__(
        self, own: Connection, writing: Connection, on_failure: Callable[[], None]
    ) -> None:
        """Take both connections, and whom to tell that the disk failed."""
        self._own = own
        self._writing = writing
        self._on_failure = on_failure
        self._changes = 0
        self._running: asyncio.Task[None] | None = None

    def written(self, changes: int) -> None:
        """Count what was committed, and begin when there is enough."""
        self._changes += changes
        if self._changes >= CHANGES_BETWEEN and self._running is None:
            self._changes = 0
            self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Wait until nothing is under way, and close the connection."""
        if self._running is not None:
            await self._running
        await self._own.close()

    async def _run(self) -> None:
        try:
            await self._own.run(checkpoint)
            # What was committed meanwhile is little. When nothing is left the log begins anew.
            await self._writing.run(checkpoint)
        except (sqlite3.Error, OSError):
            # The writer finds out by itself what is wrong, and says so to whoever writes.
            self._on_failure()
        finally:
            self._running = None


def checkpoint(database: sqlite3.Connection) -> None:
    """Move what can be moved without waiting for anybody, and sync it."""
    database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
