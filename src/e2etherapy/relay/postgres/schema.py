"""The relay's tables in PostgreSQL; docs/relay-data.md says why each field exists.

Migrations only go forward. They are steps of one transaction each, under a lock that keeps two
nodes from doing the same one; nodes of the version before may run meanwhile, so that a step must
leave what they use.
"""

from __future__ import annotations

from typing import Final

from e2etherapy.errors import RelayDatabaseTooNew, RelayDatabaseTooOld, RelayDatabaseUnusable
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import Connection, setup_connection

Migrations = tuple[tuple[str, ...], ...]

PARTITIONS = 16
"""Each holds the mailboxes of one sixteenth of all ids, and their envelopes: indexes stay small and
vacuum works on a piece at a time. 32 cost 5 % of the deposits, without a gain at this size."""

_LOCK = 0x65327231
"""The advisory lock of whoever migrates: ``e2r1``."""

# There is no sequence, no serial number and no time stamp: nothing that counts across mailboxes.
# Every key begins with the hash by which its table could be distributed (docs/decisions/0009).
#
# STORAGE EXTERNAL: random bytes cannot be compressed, so that trying would only take time.
_TABLES = (
    """
    CREATE TABLE allowance (
        hash      BYTEA PRIMARY KEY CHECK (length(hash) = 32),
        remaining BIGINT NOT NULL CHECK (remaining >= 0)
    )
    """,
    """
    CREATE TABLE ticket (
        hash     BYTEA PRIMARY KEY CHECK (length(hash) = 32),
        put_mark BYTEA CHECK (length(put_mark) = 32)
    )
    """,
    """
    CREATE TABLE mailbox (
        id               BYTEA PRIMARY KEY CHECK (length(id) = 32),
        deposit_key_hash BYTEA NOT NULL CHECK (length(deposit_key_hash) = 32),
        last_position    BIGINT NOT NULL DEFAULT 0 CHECK (last_position >= 0)
    ) PARTITION BY HASH (id)
    """,
    """
    CREATE TABLE envelope (
        mailbox  BYTEA NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
        position BIGINT NOT NULL CHECK (position > 0),
        digest   BYTEA NOT NULL CHECK (length(digest) = 32),
        day      INTEGER NOT NULL,
        envelope BYTEA STORAGE EXTERNAL NOT NULL CHECK (length(envelope) = 16384),
        PRIMARY KEY (mailbox, position),
        UNIQUE (mailbox, digest)
    ) PARTITION BY HASH (mailbox)
    """,
    """
    CREATE TABLE invitation (
        locator    BYTEA PRIMARY KEY CHECK (length(locator) = 32),
        last_day   BIGINT NOT NULL,
        claim_hash BYTEA CHECK (length(claim_hash) = 32),
        claim_day  BIGINT,
        bundle     BYTEA STORAGE EXTERNAL NOT NULL CHECK (length(bundle) = 16384),
        CHECK ((claim_hash IS NULL) = (claim_day IS NULL))
    )
    """,
)

# Room for a mailbox's next version on its own page keeps the index out of an advance. What was
# deleted is overwritten only after a vacuum, so that those come often.
_VACUUM = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200"
_PARTITIONS = tuple(
    f"CREATE TABLE {table}_{number} PARTITION OF {table}"
    f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number}) WITH ({parameters})"
    for table, parameters in (
        ("mailbox", f"fillfactor = 70, {_VACUUM}"),
        ("envelope", f"{_VACUUM}, toast.{_VACUUM.replace(', ', ', toast.')}"),
    )
    for number in range(PARTITIONS)
)

MIGRATIONS: Final[Migrations] = ((*_TABLES, *_PARTITIONS),)
"""The statements of each version, from 1 upwards."""

_VERSION_TABLE = (
    """
    CREATE TABLE relay_version (
        number  INTEGER NOT NULL,
        copying BOOLEAN NOT NULL DEFAULT false
    )
    """,
    "INSERT INTO relay_version (number) VALUES (0)",
)

# What belongs to an extension (pg_stat_statements, Citus) is no other program's.
_STATE = """
    SELECT to_regclass('relay_version') IS NOT NULL,
        (SELECT count(*) FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
            AND NOT EXISTS (SELECT 1 FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'))
"""


async def prepare(connection: Connection, migrations: Migrations = MIGRATIONS) -> None:
    """Make the tables in an empty database; otherwise see that it is one for this version.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseTooOld: it needs `relay migrate` first.
        RelayDatabaseUnusable: it is not a relay's, or holds half a copy.
    """
    version = await version_of(connection)
    if version is None:
        await migrate(connection, migrations)
        return
    if version < len(migrations):
        raise RelayDatabaseTooOld(
            "An older version of e2etherapy made this relay database. Nothing was changed: "
            "run 'e2etherapy relay migrate' on it once, then start the relay again."
        )
    _check_not_too_new(version, migrations)
    await require_whole(connection)


async def require_whole(connection: Connection) -> None:
    """See that a relay's database is no copy in the making.

    Raises:
        RelayDatabaseUnusable: it is.
    """
    if await connection.fetchval("SELECT copying FROM relay_version"):
        raise RelayDatabaseUnusable(
            "This PostgreSQL database holds a copy that was not finished. Nothing was changed: "
            "see 'e2etherapy relay copy --help'."
        )


async def migrate_database(database: PostgresDatabase) -> int:
    """Bring a database to the newest version, which it returns; see migrate."""
    async with setup_connection(database) as connection:
        await migrate(connection)
    return len(MIGRATIONS)


async def migrate(connection: Connection, migrations: Migrations = MIGRATIONS) -> None:
    """Bring a database to the newest version, each step in one transaction.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseUnusable: it is the database of something else.
    """
    while await _step(connection, migrations):
        pass


async def _step(connection: Connection, migrations: Migrations) -> bool:
    """Take the next step and say whether there was one."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        version = await version_of(connection)
        if version is None:
            for statement in _VERSION_TABLE:
                await connection.execute(statement)
            version = 0
        _check_not_too_new(version, migrations)
        if version == len(migrations):
            return False
        for statement in migrations[version]:
            await connection.execute(statement)
        await connection.execute("UPDATE relay_version SET number = $1", version + 1)
    return True


async def version_of(connection: Connection) -> int | None:
    """Return how many migrations a database has had, or None for an empty one.

    Raises:
        RelayDatabaseUnusable: it is a database of something else.
    """
    known, tables = await connection.fetchrow(_STATE)
    if known:
        version: int = await connection.fetchval("SELECT number FROM relay_version")
        return version
    if tables:
        raise RelayDatabaseUnusable(
            "This PostgreSQL database holds the tables of another program. Nothing was changed: "
            "give the relay a database of its own."
        )
    return None


def _check_not_too_new(version: int, migrations: Migrations) -> None:
    if version > len(migrations):
        raise RelayDatabaseTooNew(
            "A newer version of e2etherapy wrote this relay database. Nothing was changed: "
            "start the relay with that version or a later one."
        )
