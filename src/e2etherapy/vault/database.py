"""A SQLCipher connection driven by aiosqlite, with its errors translated in this one place.

Every transaction ends with a checkpoint that empties the write-ahead log: what it deleted is then
neither in the database file (secure_delete overwrites it) nor in the log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from sqlcipher3 import dbapi2 as sqlcipher

from e2etherapy.errors import VaultDamaged, VaultError, VaultFull, VaultTooNew
from e2etherapy.vault.keyslots import DataKey
from e2etherapy.vault.schema import MIGRATIONS, VERSION

FILE_NAME = "vault.db"
Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Row]]
"""SQL text and the rows of parameters to run it with, one after another."""

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

    def __init__(self, connection: aiosqlite.Connection) -> None:
        """Take a connection that `connect` made."""
        self._connection = connection

    async def fetch_all(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return every row."""
        with _translated():
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

    async def fetch_one(self, sql: str, parameters: Row = ()) -> Row | None:
        """Return the first row, if there is one."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def stream(self, sql: str, parameters: Row = ()) -> AsyncIterator[Row]:
        """Yield rows without holding all of them."""
        with _translated():
            async with self._connection.execute(sql, parameters) as cursor:
                async for row in cursor:
                    yield tuple(row)

    async def write(self, statements: Iterable[Statement]) -> None:
        """Run all statements in one transaction, or none, and empty the write-ahead log.

        Raises:
            VaultFull: the disk has no room.
            VaultError: the disk reported an error.
        """
        with _translated():
            async with self._transaction():
                for sql, rows in statements:
                    if len(rows) == 1:
                        await self._connection.execute(sql, rows[0])
                    elif rows:
                        await self._connection.executemany(sql, rows)
            await self.empty_log()

    async def empty_log(self) -> None:
        """Move everything from the write-ahead log into the database; truncate the log."""
        with _translated():
            await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Close the connection."""
        with _translated():
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
        await self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            await self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                await self._connection.execute("ROLLBACK")
            raise


async def connect(folder: Path, key: DataKey) -> Database:
    """Open, or create, the database in `folder` and migrate it.

    Raises:
        VaultDamaged: the file is not a database under this key.
        VaultTooNew: a newer version wrote it.
        VaultFull: the disk has no room.
    """
    path = folder / FILE_NAME

    def connector() -> Any:  # noqa: ANN401 - a sqlcipher3 connection, which has no type stubs
        connection = sqlcipher.connect(
            str(path), isolation_level=None, check_same_thread=False, timeout=5.0
        )
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        return connection

    with _translated():
        connection = aiosqlite.Connection(connector, iter_chunk_size=64)
        await connection
        database = Database(connection)
        try:
            for pragma in _PRAGMAS:
                await connection.execute(pragma)
            await database.migrate()
        except BaseException:
            await connection.close()
            raise
    return database


_FULL = ("database or disk is full", "disk full")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into the vault's: a sentence, and never a row's content."""
    try:
        yield
    except sqlcipher.OperationalError as error:
        if any(words in str(error) for words in _FULL):
            raise VaultFull(
                "The disk is full. The last step was undone; nothing before it was lost. "
                "Free some space and try again."
            ) from None
        raise VaultError(
            f"The vault's disk reported an error ({error.sqlite_errorname}). "
            "The last step was undone; nothing before it was lost."
        ) from None
    except sqlcipher.DatabaseError as error:
        raise VaultDamaged(
            f"The vault cannot be read ({error.sqlite_errorname}). "
            "Restore it from a backup, or use the export on another device."
        ) from None
