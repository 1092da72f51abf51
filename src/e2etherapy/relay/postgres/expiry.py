"""Deleting what is over a little at a time, and letting PostgreSQL use its room again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from e2etherapy.mailbox.operations import RETENTION_DAYS
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.postgres.errors import DRIVER_ERRORS, in_store_words
from e2etherapy.relay.postgres.servers import Servers

_MAILBOXES_A_STEP = 64
_ENVELOPES_A_STEP = 128

_FIND: Final = """
    SELECT id, coalesce((SELECT true FROM envelope WHERE mailbox = id AND day <= $1 LIMIT 1), false)
    FROM mailbox WHERE id > $2 ORDER BY id LIMIT $3
"""
# Rows that another node is deleting are left to it.
_DELETE: Final = """
    WITH due AS MATERIALIZED (
        SELECT position FROM envelope WHERE mailbox = $1 AND day <= $2
        ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM envelope USING due
        WHERE envelope.mailbox = $1 AND envelope.position = due.position RETURNING 1
    )
    SELECT count(*) FROM gone
"""


async def expired_envelopes(database: Database, today: int) -> AsyncGenerator[int, None]:
    """Delete envelopes that are over; yields after each step how many that were."""
    last_day = today - RETENTION_DAYS
    mailbox = b""
    while True:
        rows = await database.fetch(_FIND, last_day, mailbox, _MAILBOXES_A_STEP)
        if not rows:
            return
        for mailbox, over in rows:
            deleted = _ENVELOPES_A_STEP if over else 0
            while deleted == _ENVELOPES_A_STEP:
                ((deleted,),) = await database.change(_DELETE, mailbox, last_day, _ENVELOPES_A_STEP)
                yield deleted
        yield 0


async def vacuum(connection: Connection, servers: Servers) -> None:
    """Free the room of deleted rows, table by table, so that new ones are written over it.

    Tables that are vacuumed already, by the server or another node, are left out.
    """
    try:
        for table in await servers.tables_with_dead_rows(connection):
            await connection.execute(f"VACUUM (SKIP_LOCKED) {table}")
    except DRIVER_ERRORS as problem:
        raise in_store_words(problem) from None
