"""A connection to PostgreSQL: how its session is set, and how it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.commits import WORK_SECONDS
from e2etherapy.relay.postgres.errors import DRIVER_ERRORS, in_store_words, sqlstate
from e2etherapy.relay.store import Busy

Connection = Any
"""asyncpg's connection: on its own, or lent by a pool."""

_CONNECT_SECONDS = 5.0

SESSION: Final[Mapping[str, str]] = {
    "application_name": "e2etherapy relay",
    # A commit is answered only once it is on disk, whatever the server's default.
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    # A relay whose machine died is gone for the server within a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # Every statement looks rows up by their key. Planned once, without statistics that could lead
    # it elsewhere: planning for sixteen partitions takes longer than the work.
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "jit": "off",
}
"""What every session sets first."""

SPREAD_SESSION: Final[Mapping[str, str]] = {**SESSION, "plan_cache_mode": "auto"}
"""What a session sets where Citus spreads the tables: it finds the server by the statement's
values, so that a plan without them is refused."""

PATIENT: Final[Mapping[str, str]] = {
    **SPREAD_SESSION,
    "statement_timeout": "0",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "0",
}
"""For work that takes as long as it takes: migrations, copying, vacuum."""


async def connect(
    database: PostgresDatabase,
    session: Mapping[str, str] = SESSION,
    command_seconds: float | None = WORK_SECONDS,
) -> Connection:
    """Open one connection that may write.

    Raises:
        Busy: the server cannot be reached or does not take connections now.
        UnexpectedAnswer: it refuses this user or database.
    """
    try:
        return await asyncpg.connect(**arguments(database, session, command_seconds))
    except (*DRIVER_ERRORS, ValueError) as problem:
        raise in_store_words(problem) from None


@asynccontextmanager
async def setup_connection(database: PostgresDatabase) -> AsyncIterator[Connection]:
    """Have a connection for work that takes as long as it takes, and that an operator waits for.

    Raises:
        RelayDatabaseUnusable: it cannot be opened, or the server did not do what was asked.
    """
    try:
        connection = await asyncpg.connect(**arguments(database, PATIENT, None))
    except (*DRIVER_ERRORS, ValueError) as problem:
        raise RelayDatabaseUnusable(
            f"The relay's PostgreSQL database cannot be opened ({_reason(problem)}). Nothing was "
            "changed: check the address, the user, the database and the password file."
        ) from None
    try:
        yield connection
    except DRIVER_ERRORS as problem:
        raise RelayDatabaseUnusable(
            f"The relay's PostgreSQL database did not do what was asked ({_reason(problem)}). "
            "The step that failed was undone."
        ) from None
    except Busy as problem:
        raise RelayDatabaseUnusable(f"{problem} Nothing was changed: try again.") from None
    finally:
        await connection.close()


def _reason(problem: BaseException) -> str:
    """Say why, in words that quote nothing."""
    state = sqlstate(problem)
    if state.startswith("28"):
        return "it refuses this user or password"
    if state == "3D000":
        return "there is no such database"
    if state == "42501":
        return "this user may not do that"
    return f"SQLSTATE {state}" if state else "it does not answer"


def arguments(
    database: PostgresDatabase, session: Mapping[str, str], command_seconds: float | None
) -> dict[str, Any]:
    """Return what asyncpg is to be told for a connection that may write."""
    return {
        "dsn": database.url,
        "timeout": _CONNECT_SECONDS,
        "command_timeout": command_seconds,
        "server_settings": dict(session),
        "target_session_attrs": "read-write",
    }
