"""PostgreSQL's errors in the store's words: never its own, which quote rows and addresses."""

from __future__ import annotations

import asyncpg

from e2etherapy.relay.store import Busy, DiskFull

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Everything that asyncpg raises: the server's errors, its own, and the network's."""

LOST_RACES = {"40001", "40P01"}
"""Serialization failure and deadlock: the same work may be done again at once."""

READ_ONLY = "25006"
"""The server has become a standby."""

_NO_ROOM = {"53100"}
_NOT_NOW = {
    READ_ONLY,
    "53200",  # out of memory
    "53300",  # too many connections
    "55P03",  # a lock was not to be had in time
    "57014",  # a statement took too long
    "57P01",  # told to stop
    "57P02",  # another of the server's processes crashed
    "57P03",  # starting up or shutting down
    "57P05",  # an idle session was ended
}
_NOT_NOW_CLASSES = ("08",)
"""The connection is broken or cannot be made."""

_SERVER_LOST = (
    "could not commit transaction for shard",  # Citus, placement_connection.c
    "server closed the connection unexpectedly",  # libpq, within Citus
)
"""How Citus says that it lost a server, with SQLSTATE XX000: that is a fault's class, and nothing
but the words tells it from one. What was to be committed may be there or not."""


class UnexpectedAnswer(Exception):
    """PostgreSQL refused a statement for a reason that no store error names; a fault."""


def in_store_words(problem: BaseException) -> BaseException:
    """Return the store's error for one of asyncpg's or the network's.

    What stays unexplained keeps its SQLSTATE and loses its words. Anything else is returned as
    it is.
    """
    state = sqlstate(problem)
    if state in _NO_ROOM:
        return DiskFull("The database has no room; nothing was stored.")
    if state in LOST_RACES:
        return Busy("Too much is written at the same moment; nothing was stored.")
    if state in _NOT_NOW or state.startswith(_NOT_NOW_CLASSES) or _is_lost(problem):
        return Busy("The database does not answer now.")
    if state:
        return UnexpectedAnswer(f"PostgreSQL answered with SQLSTATE {state}.")
    if isinstance(problem, DRIVER_ERRORS):
        # A connection that was lost or cannot be made.
        return Busy("The database does not answer now.")
    return problem


def _is_lost(problem: BaseException) -> bool:
    return sqlstate(problem) == "XX000" and str(problem).startswith(_SERVER_LOST)


def sqlstate(problem: BaseException) -> str:
    """Return the five characters with which the server classifies an error, or nothing."""
    return str(problem.sqlstate or "") if isinstance(problem, asyncpg.PostgresError) else ""
