"""Opening, migrating, counting and copying what a relay keeps, in whichever database it is.

A driver is imported only when its database is used: PostgreSQL's is not loaded for SQLite.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from e2etherapy.relay.copying import Copied
from e2etherapy.relay.database_place import DatabasePlace, PostgresDatabase
from e2etherapy.relay.restoring import Restored
from e2etherapy.relay.statistics import Statistics
from e2etherapy.relay.store import Store

_ANOTHER = (
    "Stop that relay, or give this one a database of its own: at two relays on one file, devices "
    "would not be told of what arrives at the other. Several relays can share a PostgreSQL "
    "database (docs/postgres.md)."
)


def served(place: DatabasePlace) -> AbstractContextManager[None]:
    """Keep a second relay from an SQLite file while one serves it; PostgreSQL takes several.

    Whoever counts, backs up or grants beside the relay is not kept from it.

    Raises:
        RelayDatabaseUnusable: on entering, that a relay serves it already.
    """
    if isinstance(place, Path):
        from e2etherapy.relay.sqlite.lock import sole_use  # noqa: PLC0415 - see above

        return sole_use(place, _ANOTHER)
    return nullcontext()


async def open_store(place: DatabasePlace) -> Store:
    """Open the store in a database, making its tables where there are none.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseTooOld: it needs `relay migrate` first.
        RelayDatabaseUnusable: it cannot be opened, or is not a relay's.
    """
    if isinstance(place, Path):
        from e2etherapy.relay.sqlite.store import SqliteStore  # noqa: PLC0415 - see above

        return await SqliteStore.open(place)
    from e2etherapy.relay.postgres.store import PostgresStore  # noqa: PLC0415 - see above

    return await PostgresStore.open(place)


@asynccontextmanager
async def opened_store(place: DatabasePlace) -> AsyncIterator[Store]:
    """Have a store open for as long as the context lasts; see open_store."""
    store = await open_store(place)
    try:
        yield store
    finally:
        await store.close()


async def migrate(place: DatabasePlace) -> int:
    """Bring a database to the newest version, which it returns.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseUnusable: it cannot be opened, or is not a relay's.
    """
    if isinstance(place, Path):
        from e2etherapy.relay.sqlite.schema import MIGRATIONS  # noqa: PLC0415 - see above

        async with opened_store(place):
            return len(MIGRATIONS)
    from e2etherapy.relay.postgres.schema import migrate_database  # noqa: PLC0415 - see above

    return await migrate_database(place)


async def mark_restored(place: DatabasePlace, minute: int) -> Restored:
    """Make a database ready that was brought back by whatever means (docs/protocol.md, 9.2).

    Args:
        place: the database; no relay runs on it.
        minute: now, in whole minutes since 1970-01-01 UTC.

    Raises:
        BackupRefused: the clock is behind an earlier restore.
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseUnusable: it cannot be opened, is not a relay's, or is a file that one serves.
    """
    if isinstance(place, Path):
        from e2etherapy.relay.sqlite import backup  # noqa: PLC0415 - see above

        return backup.mark_restored(place, minute)
    from e2etherapy.relay.postgres import inspection  # noqa: PLC0415 - see above

    return await inspection.mark_restored(place, minute)


async def statistics(place: DatabasePlace) -> Statistics:
    """Count what a relay keeps; it may be running.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseUnusable: it cannot be read, or is not a relay's.
    """
    if isinstance(place, Path):
        from e2etherapy.relay.sqlite import inspection as files  # noqa: PLC0415 - see above

        return files.statistics(place)
    from e2etherapy.relay.postgres import inspection  # noqa: PLC0415 - see above

    return await inspection.statistics(place)


async def copy_into(source: Path, target: PostgresDatabase) -> Copied:
    """Move a relay from an SQLite file into PostgreSQL; see relay.postgres.copying.

    Raises:
        RelayDatabaseUnusable: one of the two cannot be used for this; the file is as it was.
    """
    from e2etherapy.relay.postgres.copying import copy  # noqa: PLC0415 - see above

    return await copy(source, target)
