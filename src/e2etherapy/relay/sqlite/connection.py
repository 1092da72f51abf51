"""Opening the relay's database file, and SQLite's errors in the store's words."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.store import Busy, DiskFull

T = TypeVar("T")

_BUSY_SECONDS = 10.0
_SCRUB_MILLISECONDS = 100
_STATEMENTS_KEPT = 512
"""A group of deposits has its own statement for each size it can have."""

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA wal_autocheckpoint = 8000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)
"""What every connection sets first. FULL makes each commit wait for the disk. The log is emptied
long before it has 8,000 pages (see `checkpoints`), unless a reader holds it up."""

_NO_ROOM = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}
"""SQLite says FULL only for ENOSPC; a quota or a limit on the file's size is a failed write."""


class Connection(aiosqlite.Connection):
    """A connection whose thread also takes a whole piece of work at once."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns, called in the connection's thread.

        Statement by statement, a transaction would go back to a busy event loop after each.
        """
        result: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return result


async def connect(path: Path) -> Connection:
    """Open a connection that leaves transactions to its user.

    A missing file is made, readable only by whoever runs the relay.

    Raises:
        RelayDatabaseUnusable: the file cannot be made or opened, or is no database.
    """
    try:
        _create(path)
        database = Connection(partial(_open, path), iter_chunk_size=64)
        await database
    except (OSError, sqlite3.Error) as problem:
        raise unusable(problem) from None
    try:
        for pragma in PRAGMAS:
            await database.execute_fetchall(pragma)
    except sqlite3.Error as problem:
        await database.close()
        raise unusable(problem) from None
    return database


def _create(path: Path) -> None:
    """Make a missing file, readable only by its owner.

    A file that is there is not opened: closing it would let go of every lock that this process's
    connections hold on it, and another process would then throw the write-ahead log away.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, isolation_level=None, timeout=_BUSY_SECONDS, cached_statements=_STATEMENTS_KEPT
    )


def unusable(problem: Exception) -> RelayDatabaseUnusable:
    """Return the sentence for a file that cannot be worked with."""
    if isinstance(problem, OSError):
        reason = os.strerror(problem.errno or errno.EIO)
    else:
        reason = "it is not an SQLite database, it is damaged or locked, or the disk fails"
    return RelayDatabaseUnusable(
        f"The relay's database cannot be opened ({reason}). Nothing was changed: check the path "
        "and who may write there."
    )


def empty_log(database: sqlite3.Connection) -> None:
    """Write everything from the write-ahead log into the database, sync it, and truncate the log.

    Raises:
        Busy: somebody else reads or writes.
    """
    ((is_busy, _, _),) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if is_busy:
        raise Busy("The write-ahead log cannot be emptied now; nothing was stored.")


def scrub(database: sqlite3.Connection) -> None:
    """Empty the write-ahead log, or leave it to the next time where somebody reads from it.

    Waiting as long as for another writer would hold up every deposit while a backup is made.
    """
    database.execute(f"PRAGMA busy_timeout = {_SCRUB_MILLISECONDS}")
    try:
        with contextlib.suppress(Busy):
            empty_log(database)
    finally:
        database.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1_000)}")


def in_store_words(problem: BaseException) -> BaseException:
    """Return the store's error for one of SQLite's or the system's, or `problem` itself."""
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull("The disk has no room; nothing was stored.")
    if getattr(problem, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_TRIGGER":
        # The only triggers are those of a file that was moved.
        return Busy("The relay was moved to another database; nothing was stored.")
    if isinstance(problem, sqlite3.OperationalError):
        name = getattr(problem, "sqlite_errorname", "")
        if name in _NO_ROOM:
            return DiskFull("The disk has no room; nothing was stored.")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Busy("Another process holds the database; nothing was stored.")
    return problem
