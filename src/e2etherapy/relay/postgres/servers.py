"""The servers that hold a relay's rows: one, or several over which Citus spreads the tables.

With Citus a relay connects to the coordinator, which sends each statement to the server that has
the mailbox. Settings and estimates of rows are each server's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.store import Busy

# Where there is no Citus, its catalogue must not be named in a statement.
_HAS_CITUS: Final = "SELECT to_regclass('pg_dist_partition') IS NOT NULL"
_IS_SPREAD: Final = """
    SELECT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass('mailbox'))
"""
_ON_EACH: Final = "SELECT success, result FROM run_command_on_all_nodes($1)"

# Citus calls a piece of a table by the table's name and a number of six digits or more. What was
# not spread has no such number; a partition's own has two at most.
#
# A server that crashed, or was a standby, does not count what it held before until it looks at the
# table. The catalogue keeps what the last look before that found: of a piece that has partitions,
# too, what is in them.
_DEAD_ROWS: Final = """
    SELECT coalesce(string_agg(DISTINCT regexp_replace(relname, '_[0-9]{6,}$', ''), ' '), '')
    FROM pg_stat_user_tables WHERE schemaname = current_schema()
        AND relname ~ '^(mailbox_|envelope_|ticket(_|$)|invitation(_|$)|allowance(_|$))'
        AND (n_dead_tup > 0
            OR last_vacuum IS NULL AND last_autovacuum IS NULL AND pg_relation_size(relid) > 0)
"""
_ENVELOPES: Final = """
    SELECT coalesce(sum(CASE
        WHEN coalesce(last_vacuum, last_autovacuum, last_analyze, last_autoanalyze) IS NOT NULL
            THEN n_live_tup
        ELSE greatest(greatest(reltuples, 0)::bigint + n_tup_ins - n_tup_del, 0)
    END), 0)::bigint::text
    FROM pg_stat_user_tables AS stat JOIN pg_class ON pg_class.oid = relid
    WHERE schemaname = current_schema() AND stat.relname ~ '^envelope_' AND relkind = 'r'
"""
_BYTES: Final = "SELECT pg_database_size(current_database())::text"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the rows are.

    Attributes:
        spread: whether Citus spreads the mailboxes.
    """

    spread: bool

    @classmethod
    async def of(cls, connection: Connection) -> Servers:
        """Find out; where there are no tables yet, they are not spread."""
        if not await connection.fetchval(_HAS_CITUS):
            return cls(spread=False)
        return cls(spread=await connection.fetchval(_IS_SPREAD))

    async def each(self, connection: Connection, statement: str) -> list[str]:
        """Return the one text that a statement finds, from every server.

        Raises:
            Busy: one of them does not answer.
        """
        if not self.spread:
            return [await connection.fetchval(statement)]
        answers = await connection.fetch(_ON_EACH, statement)
        if not all(success for success, _ in answers):
            raise Busy("One of the database's servers does not answer now.")
        return [result for _, result in answers]

    async def envelopes(self, connection: Connection) -> int:
        """Estimate how many there are: counting would read every row.

        Raises:
            Busy: a server does not answer.
        """
        return sum(map(int, await self.each(connection, _ENVELOPES)))

    async def bytes(self, connection: Connection) -> int:
        """Return how much of the disks the database takes.

        Raises:
            Busy: a server does not answer.
        """
        return sum(map(int, await self.each(connection, _BYTES)))

    async def tables_with_dead_rows(self, connection: Connection) -> list[str]:
        """Return the names of tables that a vacuum would make room in.

        Raises:
            Busy: a server does not answer.
        """
        found = await self.each(connection, _DEAD_ROWS)
        return sorted({table for names in found for table in names.split()})
