"""A relay's database that Citus spreads over servers, or one server that answers as Citus would.

Citus is no package that can be installed with the others. On one server a table and a function
have the names of Citus's own: all statements are then run as they are over Citus, and whether Citus
takes them is not tested. Name an empty database of a real cluster, with the extension and its
servers, in E2ETHERAPY_TEST_CITUS (postgresql://...), and the tests of the stores run there as well.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import Connection, setup_connection
from e2etherapy.relay.postgres.schema import prepare
from e2etherapy.relay.postgres.servers import Servers

CLUSTER = os.environ.get("E2ETHERAPY_TEST_CITUS")
_GUIDE = Path(__file__).parents[2] / "docs" / "postgres.md"
ON_ONE_SERVER = (
    "CREATE TABLE pg_dist_partition (logicalrelid REGCLASS PRIMARY KEY)",
    "INSERT INTO pg_dist_partition VALUES ('mailbox')",
    """
    CREATE FUNCTION run_command_on_all_nodes(command TEXT)
        RETURNS TABLE (nodeid INTEGER, success BOOLEAN, result TEXT) LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE command INTO result;
        RETURN QUERY SELECT 1, true, result;
    END $$
    """,
)


def statements_of_the_guide() -> list[str]:
    """Return what docs/postgres.md tells an operator to run on the coordinator."""
    (block,) = re.findall(r"```sql\n([^`]*create_distributed_table[^`]*)```", _GUIDE.read_text())
    return [statement.strip() for statement in block.split(";") if statement.strip()]


async def spread_relay(address: str, tables: tuple[str, ...]) -> PostgresDatabase:
    """Have the tables in a cluster's database, spread and empty."""
    place = PostgresDatabase(address)
    async with setup_connection(place) as connection:
        await prepare(connection)
        if not (await Servers.of(connection)).spread:
            await _spread(connection)
        for table in tables:
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    return place


async def _spread(connection: Connection) -> None:
    for statement in statements_of_the_guide():
        await connection.execute(statement)
