"""Reading a relay's file as a whole while nothing in it can change, and closing it for good.

A relay that runs on the file meanwhile answers what would change something with 503, as it does
whenever another process holds the database; its clients try again later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.copying import TABLES, Row, Table
from e2etherapy.relay.sqlite.connection import PRAGMAS
from e2etherapy.relay.sqlite.places import LAST_POSITION, WAITING_ENVELOPES
from e2etherapy.relay.sqlite.schema import APPLICATION_ID, MIGRATIONS, MOVED_ID

_LOCK_SECONDS = 60.0
"""A running relay holds the lock for milliseconds."""

_QUERIES: Final = {
    "mailbox": f"SELECT id, deposit_key_hash, {LAST_POSITION} FROM mailbox ORDER BY id",  # noqa: S608
    "envelope": WAITING_ENVELOPES,
}
"""In this database an envelope names its mailbox by a number, and says its last position."""

_CLOSED: Final = (
    *(
        f"CREATE TRIGGER moved_{table.name}_{change} BEFORE {change} ON {table.name}"
        " BEGIN SELECT RAISE(ABORT, 'moved'); END"
        for table in TABLES
        for change in ("INSERT", "UPDATE", "DELETE")
    ),
    f"PRAGMA application_id = {MOVED_ID}",
)
"""Nothing changes in a moved file any more, also by a relay that has it open."""


def query_of(table: Table) -> str:
    """Return the statement that reads a table from a relay's file in the order of its key."""
    return _QUERIES.get(table.name) or table.query()


class Source:
    """A relay's file within a transaction that keeps every other writer out."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @property
    def moved(self) -> bool:
        """Whether the file was closed by a move before."""
        return _number(self._database, "PRAGMA application_id") == MOVED_ID

    def rows(self, table: Table) -> Iterator[Row]:
        """Read a table in the order of its key."""
        return iter(self._database.execute(query_of(table)))

    def close_for_good(self) -> None:
        """Let go of the file so that no relay changes or serves it any more."""
        for statement in _CLOSED:
            self._database.execute(statement)
        self._database.execute("COMMIT")


@contextmanager
def held(path: Path) -> Iterator[Source]:
    """Hold a relay's file; unless it was closed for good, everything is as before afterwards.

    Raises:
        RelayDatabaseUnusable: it is not a relay's, is of another version, or stays locked.
    """
    try:
        with closing(_open(path)) as database:
            database.execute("BEGIN IMMEDIATE")
            _check(database)
            try:
                yield Source(database)
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")
    except sqlite3.Error:
        raise RelayDatabaseUnusable(
            "The relay's SQLite file cannot be read (it is missing, damaged, locked, or no "
            "database). Nothing was changed."
        ) from None


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_LOCK_SECONDS
    )
    for pragma in PRAGMAS:
        database.execute(pragma)
    return database


def _check(database: sqlite3.Connection) -> None:
    application = _number(database, "PRAGMA application_id")
    version = _number(database, "PRAGMA user_version")
    if application not in {APPLICATION_ID, MOVED_ID}:
        raise RelayDatabaseUnusable("This file is not a relay's database. Nothing was changed.")
    if version != len(MIGRATIONS):
        raise RelayDatabaseUnusable(
            "Another version of e2etherapy wrote this relay database. Nothing was changed: run "
            "'e2etherapy relay migrate' on it first, with this version or a later one."
        )


def _number(database: sqlite3.Connection, statement: str) -> int:
    ((value,),) = database.execute(statement)
    return int(value)
