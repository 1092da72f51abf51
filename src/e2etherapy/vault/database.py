"""A SQLCipher connection driven by aiosqlite, with its errors translated in this one place.

Every transaction ends with a checkpoint that empties the write-ahead log: what it deleted is then
neither in the database file (secure_delete overwrites it) nor in the log. If the disk has no room
for that, the transaction still counts, and the next one begins with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
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
_INDEX_IN_MEMORY = "PRAGMA locking_mode = EXCLUSIVE"


class Connection(aiosqlite.Connection):
    """A connection whose thread also takes a whole piece of work at once."""

    async def run(self, work: Callable[[Any], None]) -> None:
        """Call `work` with the driver's connection, in its thread.

        A cancelled caller goes on at once, and the work to its end. Statement by statement, a
        transaction would come back to the event loop after each.
        """
        await self._execute(work, self._conn)  # type: ignore[no-untyped-call]


class Database:
    """One open connection; at most one transaction at a time."""

    def __init__(self, connection: Connection, path: Path) -> None:
        """Take a connection that `connect` made to the file at `path`."""
        self._connection = connection
        self._path = path
        self._log_is_empty = False

    async def fetch_all(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return every row.

        Raises:
            VaultDamaged, VaultFull, VaultError: what the database or its disk answered.
        """
        with _translated(self._path):
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

    async def fetch_one(self, sql: str, parameters: Row = ()) -> Row | None:
        """Return the first row, if there is one; raises what `fetch_all` does."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def write(self, statements: Iterable[Statement]) -> None:
        """Run all statements in order in one transaction, or none, and empty the write-ahead log.

        Raises:
            VaultFull: the disk has no room; nothing was changed.
            VaultError: the disk reported an error; nothing was changed.
        """
        if not self._log_is_empty:
            await self.empty_log()
        self._log_is_empty = False
        with _translated(self._path):
            await self._transact(statements)
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
        """Close the connection; whatever was begun and not committed is undone."""
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

    async def _transact(self, statements: Iterable[Statement]) -> None:
        await self._connection.run(partial(_transact, statements))


def _transact(statements: Iterable[Statement], connection: Any) -> None:  # noqa: ANN401 - no stubs
    connection.execute("BEGIN IMMEDIATE")
    try:
        for sql, rows in statements:
            if len(rows) == 1:
                connection.execute(sql, rows[0])
            elif rows:
                connection.executemany(sql, rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


async def connect(folder: Path, key: DataKey, *, fresh: bool = False) -> Database:
    """Open the database in `folder`, or create it if it is to be `fresh`, and migrate it.

    Whoever is cancelled meanwhile leaves nothing open: it is opened to the end, and closed again.

    Args:
        folder: the vault's.
        key: the data key, 32 bytes.
        fresh: the file must not be there yet.

    Raises:
        FileExistsError: it is, and should not be.
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
    try:
        return await _opened(path, key, _PRAGMAS)
    except VaultFull:
        # There is no room for the index beside the log; reading must not depend on it. In memory,
        # it serves one process, and the vault's lock lets no other in.
        return await _opened(path, key, (_INDEX_IN_MEMORY, *_PRAGMAS))


async def _opened(path: Path, key: DataKey, pragmas: Sequence[str]) -> Database:
    """Open, or leave nothing open when whoever waits for it is cancelled."""
    opening = asyncio.ensure_future(_open(path, key, pragmas))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await _close_again(opening)
        raise


async def _open(path: Path, key: DataKey, pragmas: Sequence[str]) -> Database:
    with _translated(path):
        connection = Connection(partial(_connector, path, key), iter_chunk_size=64)
        await connection
        database = Database(connection, path)
        try:
            for pragma in pragmas:
                await connection.execute(pragma)
            await database.migrate()
            # What a crash left in the log may hold keys that were deleted since.
            await database._try_to_empty_log()  # noqa: SLF001 - the other half of the constructor
        except BaseException:
            await connection.close()
            raise
    return database


async def _close_again(opening: asyncio.Future[Database]) -> None:
    """Wait until a database is open, however often that is cancelled too, and close it."""
    closing = asyncio.ensure_future(_closed_when_open(opening))
    while not closing.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({closing})


async def _closed_when_open(opening: asyncio.Future[Database]) -> None:
    with contextlib.suppress(Exception):  # nobody is left who could be told
        await (await opening).close()


def _connector(path: Path, key: DataKey) -> Any:  # noqa: ANN401 - sqlcipher3 has no type stubs
    connection = sqlcipher.connect(
        str(path), isolation_level=None, check_same_thread=False, timeout=5.0
    )
    try:
        # It would write lines of its own to standard error; what it met is in its exceptions too.
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    except BaseException:
        connection.close()
        raise
    return connection


_FULL = "SQLITE_FULL"
_PERHAPS_FULL = ("SQLITE_IOERR", "SQLITE_CANTOPEN")
"""What a lack of room can show itself as too; SQLCipher does not say which call failed."""


@contextlib.contextmanager
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
