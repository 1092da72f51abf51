"""What an operator does beside the relays of a PostgreSQL database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import Connection, setup_connection
from e2etherapy.relay.postgres.schema import MIGRATIONS, version_of
from e2etherapy.relay.postgres.served import take_alone
from e2etherapy.relay.postgres.server_settings import check_server
from e2etherapy.relay.postgres.servers import Servers
from e2etherapy.relay.restoring import Restored, check_minute
from e2etherapy.relay.statistics import BUCKETS, Statistics

_LOG_NAMES_ROWS: Final = """
    SELECT (current_setting('log_error_verbosity') <> 'terse'
        AND current_setting('log_min_messages') NOT IN ('fatal', 'panic'))::text
"""
_COUNTS: Final = """
    SELECT (SELECT count(*) FROM mailbox) AS mailboxes,
        (SELECT count(*) FROM envelope) AS envelopes,
        (SELECT count(*) FROM invitation) AS invitations,
        (SELECT count(*) FROM ticket) AS tickets,
        ARRAY(SELECT remaining FROM allowance ORDER BY remaining) AS allowances
"""
_WAITING: Final = """
    WITH waits AS (
        SELECT (SELECT count(*) FROM envelope WHERE mailbox = box.id) AS envelopes
        FROM mailbox AS box
    )
    SELECT bound, (SELECT count(*) FROM waits WHERE envelopes <= bound)
    FROM unnest($1::integer[]) AS bound ORDER BY bound
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """What can be said of a database without looking at what is in it.

    Attributes:
        version: None where it is empty.
        newest_version: what this program would bring it to.
        spread: whether Citus spreads the mailboxes over several servers.
        now: the server's clock.
        log_names_rows: whether a server's log says of an error, as that a lock was not to be had
            in time, which row it was about and when.
    """

    version: int | None
    newest_version: int
    spread: bool
    now: datetime
    log_names_rows: bool


async def condition(place: PostgresDatabase) -> Condition:
    """Look at a database's state.

    Raises:
        RelayDatabaseUnusable: it cannot be opened, is not a relay's, or the server is set so that
            a relay does not start on it.
    """
    async with setup_connection(place) as connection:
        await check_server(connection)
        servers = await Servers.of(connection)
        return Condition(
            await version_of(connection),
            len(MIGRATIONS),
            servers.spread,
            await connection.fetchval("SELECT clock_timestamp()"),
            await _log_names_rows(connection, servers),
        )


async def _log_names_rows(connection: Connection, servers: Servers) -> bool:
    # Here as well: Citus need not know the coordinator as one of its servers.
    here = await connection.fetchval(_LOG_NAMES_ROWS)
    return "true" in (here, *await servers.each(connection, _LOG_NAMES_ROWS))


async def statistics(place: PostgresDatabase) -> Statistics:
    """Count; relays may run on it.

    Raises:
        RelayDatabaseUnusable: it cannot be opened, or is no relay's of this version.
    """
    async with setup_connection(place) as connection:
        await _require_relay(connection)
        size = await (await Servers.of(connection)).bytes(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            counts = await connection.fetchrow(_COUNTS)
            rows = await connection.fetch(_WAITING, BUCKETS)
    at_most = [0, *(count for _, count in rows)]
    return Statistics(**counts, bytes=size, waiting=[high - low for low, high in pairwise(at_most)])


async def mark_restored(place: PostgresDatabase, minute: int) -> Restored:
    """Make a database ready that was brought back by whatever means; no relay runs on it.

    Raises:
        BackupRefused: the clock is behind an earlier restore.
        RelayDatabaseUnusable: it cannot be opened, is no relay's of this version, or a relay
            serves it.
    """
    async with setup_connection(place) as connection:
        await _require_relay(connection)
        await take_alone(connection)
        async with connection.transaction():
            latest = await connection.fetchval(
                "SELECT coalesce(max(last_position), 0) FROM mailbox"
            )
            check_minute(latest, minute)
            deleted = await connection.fetchval(
                "WITH gone AS (DELETE FROM invitation WHERE claim_hash IS NULL RETURNING 1)"
                " SELECT count(*) FROM gone"
            )
            mailboxes = await connection.fetchval(
                "WITH raised AS (UPDATE mailbox"
                " SET last_position = $1::bigint | (last_position & $2::bigint) RETURNING 1)"
                " SELECT count(*) FROM raised",
                minute << COUNT_BITS,
                (1 << COUNT_BITS) - 1,
            )
            envelopes = await connection.fetchval("SELECT count(*) FROM envelope")
    return Restored(mailboxes, envelopes, deleted)


async def _require_relay(connection: Connection) -> None:
    if await version_of(connection) != len(MIGRATIONS):
        raise RelayDatabaseUnusable(
            "This is not a relay's database, or one of another version. Nothing was changed: "
            "check the address, or run 'e2etherapy relay migrate' first."
        )
