"""The relay's tables and how a database gets them; docs/relay-data.md says why each field exists.

Migrations only go forward. A database counts the ones it has had in ``PRAGMA user_version``.
"""

from __future__ import annotations

import sqlite3

from e2etherapy.errors import RelayDatabaseTooNew, RelayDatabaseUnusable

APPLICATION_ID = 0x65327232
"""``e2r2`` in the file's header: tells a relay's database from any other."""

MOVED_ID = 0x6532726D
"""``e2rm``: the relay was moved to another database, and this file is not to be served again."""

# Tables of short rows are WITHOUT ROWID, so that their rows lie in the order of a hash: row numbers
# would tell in which order mailboxes were made and, across all of them, envelopes came in. An index
# on the day would cost 10 % of the deposits, only for a daily sweep.
_FIRST = (
    """
    CREATE TABLE allowance (
        hash      BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
        remaining INTEGER NOT NULL CHECK (remaining >= 0)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE ticket (
        hash     BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
        put_mark BLOB CHECK (length(put_mark) = 32)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE mailbox (
        id               BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 32),
        deposit_key_hash BLOB NOT NULL CHECK (length(deposit_key_hash) = 32),
        last_position    INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE envelope (
        mailbox  BLOB NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        digest   BLOB NOT NULL CHECK (length(digest) = 32),
        day      INTEGER NOT NULL,
        body     INTEGER NOT NULL,
        PRIMARY KEY (mailbox, position),
        UNIQUE (mailbox, digest)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE body (
        id    INTEGER PRIMARY KEY NOT NULL,
        bytes BLOB NOT NULL CHECK (length(bytes) = 16384)
    ) STRICT
    """,
    """
    CREATE TRIGGER envelope_takes_its_body AFTER DELETE ON envelope
    BEGIN
        DELETE FROM body WHERE id = OLD.body;
    END
    """,
    """
    CREATE TABLE invitation (
        locator    BLOB PRIMARY KEY NOT NULL CHECK (length(locator) = 32),
        last_day   INTEGER NOT NULL,
        claim_hash BLOB CHECK (length(claim_hash) = 32),
        claim_day  INTEGER,
        bundle     BLOB NOT NULL CHECK (length(bundle) = 16384),
        CHECK ((claim_hash IS NULL) = (claim_day IS NULL))
    ) STRICT, WITHOUT ROWID
    """,
    f"PRAGMA application_id = {APPLICATION_ID}",
)

# The envelopes of a mailbox lie side by side, under its number (docs/decisions/0014). What was made
# before gets numbers in any order; nobody looks at the old tables again.
_ONE_TREE = (
    """
    CREATE TABLE new_mailbox (
        id               BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 32),
        deposit_key_hash BLOB NOT NULL CHECK (length(deposit_key_hash) = 32),
        last_position    INTEGER NOT NULL DEFAULT 0,
        number           INTEGER NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 2147483647)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE new_envelope (
        place    INTEGER PRIMARY KEY NOT NULL,
        position INTEGER NOT NULL,
        digest   BLOB NOT NULL CHECK (length(digest) = 32),
        day      INTEGER NOT NULL,
        bytes    BLOB NOT NULL CHECK (length(bytes) = 16384)
    ) STRICT
    """,
    """
    INSERT INTO new_mailbox
    SELECT id, deposit_key_hash, last_position,
        (row_number() OVER (ORDER BY random()) - 1) * step + abs(random() % step) + 1
    FROM mailbox, (SELECT 2147483647 / count(*) AS step FROM mailbox)
    """,
    """
    INSERT INTO new_envelope
    SELECT number << 32 | (position & 4294967295), position, digest, day, bytes
    FROM new_mailbox
        CROSS JOIN envelope ON envelope.mailbox = new_mailbox.id
        CROSS JOIN body ON body.id = envelope.body
    """,
    "DROP TABLE envelope",
    "DROP TABLE body",
    "DROP TABLE mailbox",
    "ALTER TABLE new_mailbox RENAME TO mailbox",
    "ALTER TABLE new_envelope RENAME TO envelope",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _ONE_TREE)
"""The statements of each version, from 1 upwards."""

ONE_TREE_VERSION = 2


def migrate(
    database: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS
) -> None:
    """Bring an open database to the newest version, each step in one transaction.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseUnusable: it is a database of something else.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        version = _version(database)
        if version > len(migrations):
            raise RelayDatabaseTooNew(
                "A newer version of e2etherapy wrote this relay database. Nothing was changed: "
                "start the relay with that version or a later one."
            )
        for number, statements in enumerate(migrations[version:], start=version + 1):
            for statement in statements:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {number}")
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def room_to_migrate(database: sqlite3.Connection) -> int:
    """Return how many bytes of disk it takes to bring a database to the newest version.

    Rewriting a file of the first version puts its envelopes into it a second time, and the new
    pages and the overwritten old ones into the write-ahead log.
    """
    if _number(database, "PRAGMA user_version") != ONE_TREE_VERSION - 1:
        return 0
    return 3 * _number(database, "PRAGMA page_count") * _number(database, "PRAGMA page_size")


def _version(database: sqlite3.Connection) -> int:
    """Return how many migrations a database has had, having made sure that it is a relay's."""
    version = _number(database, "PRAGMA user_version")
    application = _number(database, "PRAGMA application_id")
    tables = _number(database, "SELECT count(*) FROM sqlite_schema")
    if application == MOVED_ID:
        raise RelayDatabaseUnusable(
            "This relay was moved to another database by 'e2etherapy relay copy'. Nothing was "
            "changed: start it on that one, and keep this file until you trust the copy."
        )
    if application != APPLICATION_ID and (version or tables):
        raise RelayDatabaseUnusable(
            "This file is the database of another program. Nothing was changed: name another "
            "file for the relay."
        )
    return version


def _number(database: sqlite3.Connection, statement: str) -> int:
    ((value,),) = database.execute(statement)
    return int(value)
