"""A SQLCipher connection driven by aiosqlite, with its errors translated in this one place.

Every transaction ends with a checkpoint that empties the write-ahead log: what it deleted is then
neither in the database file (secure_delete overwrites it) nor in the log. If the disk has no room
for that, the transaction still counts, and the next one begins with it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from sqlcipher3 import dbapi2 as sqlcipher

from e2etherapy.errors import VaultDamaged, VaultError, VaultFull, VaultTooNew
from e2etherapy.vault.keyslots import DATABASE_NAME, DataKey
from e2etherapy.vault.room import NO_ROOM_SENTENCE, has_room
from e2etherapy.vault.schema import MIGRATIONS, VERSION

FILE_NAME = DATABASE_NAME
Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Row]]
"""SQL text and the rows of parameters to run it with, one after another."""


class _NoStatements(logging.Filter):
    """Keeps statements out of every log: for debugging, aiosqlite logs keys and words too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let through what is more than debugging."""
        return record.levelno > logging.DEBUG


logging.getLogger("aiosqlite").addFilter(_NoStatements())

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    # The checkpoint after each transaction does this work, and empties the log as well.
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA cache_size = -32768",
)


class Database:
    """One open connection; at most one transaction at a time."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        """Take a connection that `connect` made to the file at `path`."""
        self._connection = connection
        self._path = path
        self._log_is_empty = False

    async def fetch_all(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return every row."""
        with _translated(self._path):
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

    async def fetch_one(self, sql: str, parameters: Row = ()) -> Row | None:
        """Return the first row, if there is one."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def write(self, statements: Iterable[Statement]) -> None:
        """Run all statements in one transaction, or none, and empty the write-ahead log.

        Raises:
            VaultFull: the disk has no room; nothing was changed.
            VaultError: the disk reported an error; nothing was changed.
        """
        if not self._log_is_empty:
            await self.empty_log()
        self._log_is_empty = False
        with _translated(self._path):
            async with self._transaction():
                for sql, rows in statements:
                    if len(rows) == 1:
                        await self._connection.execute(sql, rows[0])
                    elif rows:
                        await self._connection.executemany(sql, rows)
        await self._try_to_empty_log()

    async def empty_log(self) -> None:
        """Move everything from the write-ahead log into the database; truncate the log.

        Raises:
            VaultFull: the disk has no room; the log still holds everything.
            VaultError: the disk reported an error; the log still holds everything.
        """
        row = await self.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)")
        # The first column says whether a reader kept the log from being truncated.
        self._log_is_empty = row is not None and row[0] == 0

    async def _try_to_empty_log(self) -> None:
        """Empty the log now if that can be done; otherwise the next transaction begins with it."""
        try:
            await self.empty_log()
        except VaultError:
            # What was committed is on disk and must not be reported as undone.
            self._log_is_empty = False

    async def close(self) -> None:
        """Close the connection."""
        with _translated(self._path):
            await self._connection.close()

    async def migrate(self) -> None:
        """Bring the tables up to this version.

        Raises:
            VaultTooNew: a newer version has been here.
        """
        row = await self.fetch_one("PRAGMA user_version")
        version = int(row[0]) if row else 0
        if version > VERSION:
            raise VaultTooNew("A newer version of e2etherapy wrote this vault. Please update.")
        for number, statements in enumerate(MIGRATIONS[version:], version + 1):
            numbered: list[Statement] = [(sql, ((),)) for sql in statements]
            await self.write([*numbered, (f"PRAGMA user_version = {number}", ((),))])

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            yield
            await self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                await self._connection.execute("ROLLBACK")
            raise


async def connect(folder: Path, key: DataKey, *, fresh: bool = False) -> Database:
    """Open the database in `folder`, or create it if it is to be `fresh`, and migrate it.

    Raises:
        VaultDamaged: the file is missing, or is not a database under this key.
        VaultTooNew: a newer version wrote it.
        VaultFull: the disk has no room.
    """
    path = folder / FILE_NAME
    if fresh:
        # SQLite gives the log the mode of the database.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    elif not path.exists() or path.stat().st_size == 0:
        raise VaultDamaged(
            f"{path} is missing or empty. Nothing was changed. Restore it from a backup, or use "
            "the export on another device."
        )

    def connector() -> Any:  # noqa: ANN401 - a sqlcipher3 connection, which has no type stubs
        connection = sqlcipher.connect(
            str(path), isolation_level=None, check_same_thread=False, timeout=5.0
        )
        # It would write lines of its own to standard error; what it met is in its exceptions too.
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        return connection

    with _translated(path):
        connection = aiosqlite.Connection(connector, iter_chunk_size=64)
        await connection
        database = Database(connection, path)
        try:
            for pragma in _PRAGMAS:
                await connection.execute(pragma)
            await database.migrate()
            # What a crash left in the log may hold keys that were deleted since.
            await database._try_to_empty_log()  # noqa: SLF001 - the other half of the constructor
        except BaseException:
            await connection.close()
            raise
    return database


_FULL = "SQLITE_FULL"
_PERHAPS_FULL = ("SQLITE_IOERR", "SQLITE_CANTOPEN")
"""What a lack of room can show itself as too; SQLCipher does not say which call failed."""


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn the driver's errors into the vault's: a sentence, and never a row's content."""
    try:
        yield
    except sqlcipher.OperationalError as error:
        if _is_lack_of_room(error.sqlite_errorname, path):
            raise VaultFull(NO_ROOM_SENTENCE) from None
        raise VaultError(
            f"The vault's disk reported an error ({error.sqlite_errorname}). "
            "The last step was undone; nothing before it was lost."
        ) from None
    except sqlcipher.DatabaseError as error:
        raise VaultDamaged(
            f"The vault cannot be read ({error.sqlite_errorname}). "
            "Restore it from a backup, or use the export on another device."
        ) from None


def _is_lack_of_room(errorname: str, path: Path) -> bool:
    if errorname.startswith(_PERHAPS_FULL):
        return not has_room([path, path.with_name(f"{path.name}-wal")])
    return errorname == _FULL
