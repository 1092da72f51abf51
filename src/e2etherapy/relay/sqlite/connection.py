"""Opening the relay's database file, and SQLite's errors in the store's words."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import aiosqlite

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.store import Busy, DiskFull

_BUSY_SECONDS = 10.0
_STATEMENTS_KEPT = 512
"""A group of deposits has its own statement for each size it can have."""

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)
"""What every connection sets first. FULL makes each commit wait for the disk."""

_NO_ROOM = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}
"""SQLite says FULL only for ENOSPC; a quota or a limit on the file's size is a failed write."""


async def connect(path: Path) -> aiosqlite.Connection:
    """Open a connection that leaves transactions to its user.

    A missing file is made, readable only by whoever runs the relay.

    Raises:
        RelayDatabaseUnusable: the file cannot be made or opened, or is no database.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        database = await aiosqlite.connect(
            path, isolation_level=None, timeout=_BUSY_SECONDS, cached_statements=_STATEMENTS_KEPT
        )
    except (OSError, sqlite3.Error) as problem:
        raise _unusable(problem) from None
    try:
        for pragma in PRAGMAS:
            await database.execute_fetchall(pragma)
    except sqlite3.Error as problem:
        await database.close()
        raise _unusable(problem) from None
    return database


def _unusable(problem: Exception) -> RelayDatabaseUnusable:
    if isinstance(problem, OSError):
        reason = os.strerror(problem.errno or errno.EIO)
    else:
        reason = "it is not an SQLite database, or it is damaged or locked"
    return RelayDatabaseUnusable(
        f"The relay's database cannot be opened ({reason}). Nothing was changed: check the path "
        "and who may write there."
    )


def in_store_words(problem: BaseException) -> BaseException:
    """Return the store's error for one of SQLite's or the system's, or `problem` itself."""
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull("The disk has no room; nothing was stored.")
    if isinstance(problem, sqlite3.OperationalError):
        name = getattr(problem, "sqlite_errorname", "")
        if name in _NO_ROOM:
            return DiskFull("The disk has no room; nothing was stored.")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Busy("Another process holds the database; nothing was stored.")
    return problem
