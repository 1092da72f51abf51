"""Whether relays serve a database: a lock that each of them shares for as long as it listens.

Whoever needs the database for himself (`relay copy`, `relay restored`) takes it alone. The server
gives it back when a connection ends, also that of a relay that was killed.
"""

from __future__ import annotations

from typing import Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.store import Busy

_LOCK: Final = 0x65327232
"""The advisory lock of whoever serves: ``e2r2``."""


async def serve(connection: Connection) -> None:
    """Share the lock until the connection ends.

    Raises:
        Busy: somebody has the database for himself.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock_shared($1)", _LOCK):
        raise Busy("The database is being copied or made ready.")


async def take_alone(connection: Connection) -> None:
    """Keep relays away until the connection ends.

    Raises:
        RelayDatabaseUnusable: one serves it.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        raise RelayDatabaseUnusable(
            "A relay serves this database. Nothing was changed: stop every relay on it. One whose "
            "machine died is taken for gone after a minute."
        )
