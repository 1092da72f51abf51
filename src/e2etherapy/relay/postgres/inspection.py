"""What an operator does beside the relays of a PostgreSQL database."""

from __future__ import annotations

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.relay.database import PostgresDatabase
from e2etherapy.relay.postgres.connection import setup_connection
from e2etherapy.relay.postgres.schema import MIGRATIONS, version_of
from e2etherapy.relay.postgres.server_settings import check_server
from e2etherapy.relay.restoring import Restored, check_minute


async def examine(place: PostgresDatabase) -> tuple[int | None, int]:
    """Return the version that a database has, or None where it is empty, and the newest one.

    Raises:
        RelayDatabaseUnusable: it cannot be opened, is not a relay's, or the server is set so that
            a relay does not start on it.
    """
    async with setup_connection(place) as connection:
        await check_server(connection)
        return await version_of(connection), len(MIGRATIONS)


async def mark_restored(place: PostgresDatabase, minute: int) -> Restored:
    """Make a database ready that was brought back by whatever means; no relay runs on it.

    Raises:
        BackupRefused: the clock is behind an earlier restore.
        RelayDatabaseUnusable: it cannot be opened, or is no relay's of this version.
    """
    async with setup_connection(place) as connection:
        if await version_of(connection) != len(MIGRATIONS):
            raise RelayDatabaseUnusable(
                "This is not a relay's database, or one of another version. Nothing was changed: "
                "check the address, or run 'e2etherapy relay migrate' first."
            )
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
