"""Connections to PostgreSQL: how a session is set, and how many there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.commits import WORK_SECONDS, Commits
from e2etherapy.relay.postgres.errors import DRIVER_ERRORS, LOST_RACES, in_store_words, sqlstate
from e2etherapy.relay.store import Busy

Connection = Any
"""asyncpg's connection: on its own, or lent by a pool."""

T = TypeVar("T")

POOL_SIZE = 7
"""With the one that writes deposits and the one that listens, nine connections for each node."""

_CONNECT_SECONDS = 5.0
_ACQUIRE_SECONDS = 10.0
_MOST_WAITING = 20_000
"""Every waiting device may look at once when the listening connection was lost; nobody waits
longer than the ten seconds."""
_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.01

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
        return await asyncpg.connect(**_arguments(database, session, command_seconds))
    except (*DRIVER_ERRORS, ValueError) as problem:
        raise in_store_words(problem) from None


@asynccontextmanager
async def setup_connection(database: PostgresDatabase) -> AsyncIterator[Connection]:
    """Have a connection for work that takes as long as it takes, and that an operator waits for.

    Raises:
        RelayDatabaseUnusable: it cannot be opened, or the server did not do what was asked.
    """
    try:
        connection = await asyncpg.connect(**_arguments(database, PATIENT, None))
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


def _arguments(
    database: PostgresDatabase, session: Mapping[str, str], command_seconds: float | None
) -> dict[str, Any]:
    return {
        "dsn": database.url,
        "timeout": _CONNECT_SECONDS,
        "command_timeout": command_seconds,
        "server_settings": dict(session),
        "target_session_attrs": "read-write",
    }


async def _leave_as_it_is(_connection: Connection) -> None:
    """Reset nothing between two users: none of them changes its session.

    A transaction that somebody left open asyncpg ends by itself.
    """


class RaceLost(Exception):
    """Another node was quicker; the same work, done again, will see what that one did."""


class Database:
    """A bounded number of connections, opened when needed and again after they were lost."""

    def __init__(
        self,
        database: PostgresDatabase,
        size: int = POOL_SIZE,
        session: Mapping[str, str] = SESSION,
    ) -> None:
        self._pool = asyncpg.create_pool(
            **_arguments(database, session, command_seconds=None),  # see Commits
            min_size=0,
            max_size=size,
            reset=_leave_as_it_is,
        )
        self._commits = Commits()
        self._waiting = 0

    async def open(self) -> None:
        """Make the pool ready; connections come with their first use."""
        await self._pool

    async def close(self) -> None:
        """Wait until every connection is given back, then close them."""
        await self._pool.close()

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Read with one statement and return its rows."""
        return await self.run(_fetching(statement, values))

    async def change(self, statement: str, *values: object) -> list[Any]:
        """Make a change with one statement, which is a transaction by itself; return its rows."""
        return await self.commit(_fetching(statement, values))

    async def transact(self, change: Callable[[Connection], Awaitable[T]]) -> T:
        """Make a change in one transaction; an exception undoes it."""

        async def work(connection: Connection) -> T:
            async with connection.transaction():
                return await change(connection)

        return await self.commit(work)

    async def commit(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Lend a connection for work that commits; see run.

        Raises:
            StoreError: also that commits hang, and another one tries.
        """
        with self._commits.turn():
            return await self.run(work)

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Lend a connection for some work, again where it lost a race against other nodes.

        Raises:
            StoreError: refused, no room, too much waits, or the database is away.
        """
        if self._waiting >= _MOST_WAITING:
            raise Busy("Too much waits for the database.")
        self._waiting += 1
        try:
            return await self._run(work)
        except DRIVER_ERRORS as problem:
            raise in_store_words(problem) from None
        finally:
            self._waiting -= 1

    async def _run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._once(work)
            except asyncpg.PostgresError as problem:
                if sqlstate(problem) not in LOST_RACES:
                    raise
            except RaceLost:
                pass
            await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise Busy("Other nodes were quicker each time; nothing was stored.")

    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            return await self._commits.end(connection, work(connection))


def _fetching(
    statement: str, values: Sequence[object]
) -> Callable[[Connection], Awaitable[list[Any]]]:
    async def work(connection: Connection) -> list[Any]:
        found: list[Any] = await connection.fetch(statement, *values)
        return found

    return work
