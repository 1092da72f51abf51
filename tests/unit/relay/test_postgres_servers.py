"""The servers over which Citus spreads a relay's tables, as the coordinator tells of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres import inspection
from e2etherapy.relay.postgres.schema import prepare
from e2etherapy.relay.postgres.servers import Servers
from e2etherapy.relay.postgres.store import STORED_SIZE, PostgresStore
from e2etherapy.relay.store import Busy, Space
from tests.support import citus
from tests.support.postgres import Server

# What each of two servers answers to a statement that names some word.
_ANSWERS = """
    CREATE OR REPLACE FUNCTION run_command_on_all_nodes(command TEXT)
        RETURNS TABLE (nodeid INTEGER, success BOOLEAN, result TEXT) LANGUAGE sql AS $$
        VALUES (1, true, {first}), (2, {success}, {second})
    $$
"""

_SAFE = """
    CASE WHEN command ~ 'citus.stat|log_statement' THEN 'none'
        WHEN command ~ 'citus.log|track_commit_timestamp' THEN 'off' ELSE 'on' END
"""


@pytest.fixture
async def place(postgres_server: Server) -> PostgresDatabase:
    return await postgres_server.new_database()


@pytest.fixture
async def connection(place: PostgresDatabase) -> AsyncIterator[asyncpg.Connection]:
    made = await asyncpg.connect(place.url)
    await prepare(made)
    for statement in citus.ON_ONE_SERVER:
        await made.execute(statement)
    yield made
    await made.close()


async def answering(
    connection: asyncpg.Connection, first: str, second: str, *, success: bool = True
) -> None:
    answers = _ANSWERS.format(first=first, second=second, success=str(success).lower())
    await connection.execute(answers)


async def test_the_envelopes_of_all_servers_count(
    connection: asyncpg.Connection, place: PostgresDatabase
) -> None:
    store = await PostgresStore.open(place)
    await answering(connection, "'3'", "'4'")
    assert await store.space() == Space(stored=7 * STORED_SIZE, free=None, envelopes=7)
    await store.close()


async def test_what_one_server_does_not_tell_is_not_taken_for_nothing(
    connection: asyncpg.Connection,
) -> None:
    await answering(connection, "'3'", "'connection to the remote node failed'", success=False)
    with pytest.raises(Busy, match="One of the database's servers"):
        await Servers(spread=True).envelopes(connection)


async def test_a_table_is_vacuumed_once_wherever_its_pieces_have_dead_rows(
    connection: asyncpg.Connection,
) -> None:
    await answering(connection, "'envelope_3 ticket'", "'envelope_3 mailbox_15'")
    found = await Servers(spread=True).tables_with_dead_rows(connection)
    assert found == ["envelope_3", "mailbox_15", "ticket"]


async def test_pieces_are_called_by_the_table_that_they_are_of(
    connection: asyncpg.Connection,
) -> None:
    for table in ("envelope_3_102782", "mailbox_15_1000001", "ticket_103110"):
        await connection.execute(f"CREATE TABLE {table} (n INTEGER)")
        await connection.execute(f"INSERT INTO {table} VALUES (1)")  # noqa: S608 - our own
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own
    await connection.execute("SELECT pg_stat_force_next_flush()")
    found = await Servers(spread=True).tables_with_dead_rows(connection)
    assert found == ["envelope_3", "mailbox_15", "ticket"]


async def test_a_relay_does_not_start_where_one_of_the_servers_could_lose_something(
    connection: asyncpg.Connection, place: PostgresDatabase
) -> None:
    await answering(connection, _SAFE, _SAFE)
    await inspection.condition(place)
    await answering(connection, _SAFE, "'off'")
    for opening in (PostgresStore.open, inspection.condition):
        with pytest.raises(RelayDatabaseUnusable, match=r"One of the servers .* fsync = off"):
            await opening(place)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("citus.stat_tenants_track", "all"),
        ("citus.stat_statements_track", "all"),
        ("citus.log_remote_commands", "on"),
    ],
)
async def test_a_relay_does_not_start_where_citus_would_write_down_mailboxes(
    connection: asyncpg.Connection, place: PostgresDatabase, setting: str, value: str
) -> None:
    await answering(
        connection, _SAFE, f"CASE WHEN command ~ '{setting}' THEN '{value}' ELSE {_SAFE} END"
    )
    with pytest.raises(RelayDatabaseUnusable, match=f"{setting} = {value}: .* mailbox"):
        await PostgresStore.open(place)


async def test_a_relay_does_not_start_while_one_of_the_servers_is_silent(
    connection: asyncpg.Connection, place: PostgresDatabase
) -> None:
    await answering(connection, "'on'", "NULL", success=False)
    with pytest.raises(RelayDatabaseUnusable, match="does not answer now"):
        await PostgresStore.open(place)


async def test_tables_of_an_extension_are_no_other_programs(
    place: PostgresDatabase, postgres_server: Server
) -> None:
    await postgres_server.execute(
        "CREATE EXTENSION vector",
        "CREATE VIEW statistics AS SELECT 1",
        "ALTER EXTENSION vector ADD VIEW statistics",
        place=place,
    )
    await (await PostgresStore.open(place)).close()


def test_the_guide_spreads_what_a_mailbox_is_with_what_is_in_it() -> None:
    statements = citus.statements_of_the_guide()
    assert statements[1] == "SELECT create_distributed_table('mailbox', 'id')"
    assert statements[2].endswith("'envelope', 'mailbox', colocate_with => 'mailbox')")
    assert len(statements) == 6


async def test_what_all_servers_store_is_what_statistics_tell(
    connection: asyncpg.Connection, place: PostgresDatabase
) -> None:
    await answering(connection, "'3000'", "'4000'")
    assert (await inspection.statistics(place)).bytes == 7_000
    await answering(connection, "'3000'", "NULL", success=False)
    with pytest.raises(RelayDatabaseUnusable, match="does not answer now"):
        await inspection.statistics(place)


@pytest.mark.parametrize("one_names_them", [False, True])
async def test_the_log_of_each_server_is_asked_whether_it_can_name_rows(
    connection: asyncpg.Connection, place: PostgresDatabase, *, one_names_them: bool
) -> None:
    database = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {database} SET log_error_verbosity = terse")
    told = f"CASE WHEN command ~ 'verbosity' THEN '{str(one_names_them).lower()}' ELSE {_SAFE} END"
    await answering(connection, _SAFE, told)
    assert (await inspection.condition(place)).log_names_rows == one_names_them
