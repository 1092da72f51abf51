"""Tables in PostgreSQL: who makes them, and which versions are served."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from e2etherapy.errors import RelayDatabaseTooNew, RelayDatabaseTooOld, RelayDatabaseUnusable
from e2etherapy.relay.database import migrate
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import setup_connection
from e2etherapy.relay.postgres.schema import MIGRATIONS, Migrations, prepare
from e2etherapy.relay.postgres.schema import migrate as take_steps
from e2etherapy.relay.postgres.store import PostgresStore
from tests.support.postgres import Server


async def rows(place: PostgresDatabase, statement: str) -> list[tuple[object, ...]]:
    """Ask as anybody else does who may read the database."""
    connection = await asyncpg.connect(place.url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def with_further(*further: tuple[str, ...]) -> Migrations:
    return (*MIGRATIONS, *further)


async def versions(place: PostgresDatabase) -> list[tuple[object, ...]]:
    return await rows(place, "SELECT number FROM relay_version")


async def test_nodes_that_start_together_make_the_tables_once(postgres_server: Server) -> None:
    place = await postgres_server.new_database()
    stores = await asyncio.gather(*(PostgresStore.open(place) for _ in range(4)))
    for store in stores:
        await store.close()
    assert await versions(place) == [(len(MIGRATIONS),)]


async def test_a_database_of_an_older_version_is_served_only_after_migrate(
    postgres_server: Server,
) -> None:
    place = await postgres_server.new_database()
    further = ("ALTER TABLE allowance ADD COLUMN colour TEXT DEFAULT 'blue'",)
    async with setup_connection(place) as connection:
        await prepare(connection)
        await connection.execute("INSERT INTO allowance VALUES ($1, 7)", bytes(32))
        with pytest.raises(RelayDatabaseTooOld, match="relay migrate"):
            await prepare(connection, with_further(further))
        for _ in range(2):
            await take_steps(connection, with_further(further))
        await prepare(connection, with_further(further))
    assert await rows(place, "SELECT remaining, colour FROM allowance") == [(7, "blue")]


async def test_a_database_of_a_newer_version_is_refused_and_untouched(
    postgres_server: Server,
) -> None:
    place = await postgres_server.new_database()
    async with setup_connection(place) as connection:
        await take_steps(connection, with_further(("CREATE TABLE extra (text TEXT)",)))
    with pytest.raises(RelayDatabaseTooNew, match="newer version"):
        await PostgresStore.open(place)
    with pytest.raises(RelayDatabaseTooNew, match="newer version"):
        await migrate(place)
    assert await versions(place) == [(len(MIGRATIONS) + 1,)]


async def test_a_migration_that_fails_leaves_the_version_before(postgres_server: Server) -> None:
    place = await postgres_server.new_database()
    broken = ("CREATE TABLE extra (text TEXT)", "ALTER TABLE none RENAME TO other")
    with pytest.raises(RelayDatabaseUnusable, match="undone"):
        async with setup_connection(place) as connection:
            await take_steps(connection, with_further(broken))
    assert await versions(place) == [(len(MIGRATIONS),)]
    assert await rows(place, "SELECT to_regclass('extra') IS NULL") == [(True,)]


async def test_the_database_of_another_program_is_refused(postgres_server: Server) -> None:
    place = await postgres_server.new_database()
    await postgres_server.execute("CREATE TABLE recipe (text TEXT)", place=place)
    for opening in (PostgresStore.open, migrate):
        with pytest.raises(RelayDatabaseUnusable, match="another program"):
            await opening(place)
