"""Copying a relay from its SQLite file into PostgreSQL, with nothing lost in between.

1. The file is held: what would change something there is answered with 503 from now on.
2. The target is marked as a copy in the making, which no relay serves.
3. Every row is copied and read back, in one transaction.
4. The file is closed for good.
5. The mark is taken off the target.

At each step at most one of the two can be served. What ends before 4 has changed nothing in the
file; what ends between 4 and 5 is finished by doing it again.
"""

from __future__ import annotations

from pathlib import Path

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.copying import TABLES, Copied, Summary, Table
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import Connection, setup_connection
from e2etherapy.relay.postgres.schema import MIGRATIONS, migrate, version_of
from e2etherapy.relay.postgres.served import take_alone
from e2etherapy.relay.postgres.server_settings import check_server
from e2etherapy.relay.sqlite.moving import Source, held

_ROWS_AT_ONCE = 64


async def copy(source: Path, target: PostgresDatabase) -> Copied:
    """Move a relay; afterwards only the target can be served.

    Raises:
        RelayDatabaseUnusable: one of the two cannot be used for this; the file is as it was.
    """
    async with setup_connection(target) as connection:
        await check_server(connection)
        await take_alone(connection)
        with held(source) as file:
            if not file.moved:
                await _mark(connection)
            summaries = await _copied(connection, file)
            if not file.moved:
                file.close_for_good()
        await connection.execute("UPDATE relay_version SET copying = false")
    return Copied(*(summary.rows for summary in summaries))


async def _copied(connection: Connection, file: Source) -> list[Summary]:
    """Copy all rows, or find those that an earlier attempt has copied, and compare."""
    async with connection.transaction():
        if file.moved:
            if not await _is_unfinished(connection):
                raise RelayDatabaseUnusable(
                    "This relay's file was moved already. Nothing was changed: start the relay "
                    "on the database that it was moved to."
                )
            originals = [_read(file, table) for table in TABLES]
        else:
            originals = [await _write(connection, file, table) for table in TABLES]
        for table, original in zip(TABLES, originals, strict=True):
            if not original.matches(await _read_back(connection, table)):
                raise RelayDatabaseUnusable(
                    f"The copy of the table {table.name} is not what was copied. The file is as "
                    "it was: empty the target database and try again."
                )
    return originals


async def _mark(connection: Connection) -> None:
    """Make the tables of an empty target, and see to it that no relay serves it before the end."""
    if await version_of(connection) not in {None, len(MIGRATIONS)}:
        raise RelayDatabaseUnusable(
            "The target database belongs to another version. Nothing was changed."
        )
    await migrate(connection)
    async with connection.transaction():
        await connection.execute("LOCK TABLE relay_version IN EXCLUSIVE MODE")
        for table in TABLES:
            if await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {table.name})"):  # noqa: S608 - our own names
                raise RelayDatabaseUnusable(
                    "The target database is not empty. Nothing was changed: a relay is copied "
                    "into a database without any row."
                )
        await connection.execute("UPDATE relay_version SET copying = true")


async def _is_unfinished(connection: Connection) -> bool:
    if await version_of(connection) is None:
        return False
    return bool(await connection.fetchval("SELECT copying FROM relay_version"))


async def _write(connection: Connection, file: Source, table: Table) -> Summary:
    summary = Summary()
    await connection.copy_records_to_table(
        table.name, records=summary.of(file.rows(table)), columns=table.columns
    )
    return summary


def _read(file: Source, table: Table) -> Summary:
    summary = Summary()
    for row in file.rows(table):
        summary.add(row)
    return summary


async def _read_back(connection: Connection, table: Table) -> Summary:
    summary = Summary()
    async for record in connection.cursor(table.query(), prefetch=_ROWS_AT_ONCE):
        summary.add(tuple(record))
    return summary
