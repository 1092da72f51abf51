"""The connection on which deposits are written: kept, and made anew where it may be of no use."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres import writing
from e2etherapy.relay.postgres.connection import SESSION, Connection
from e2etherapy.relay.postgres.database import RaceLost
from e2etherapy.relay.postgres.errors import UnexpectedAnswer
from e2etherapy.relay.postgres.writing import WritingConnection
from e2etherapy.relay.store import Busy
from tests.support import postgres

_PID = "SELECT pg_backend_pid()"
_LARGEST_BUFFER = Path("/proc/sys/net/core/wmem_max")


@pytest.fixture
async def place(postgres_server: postgres.Server) -> PostgresDatabase:
    return await postgres_server.empty_relay()


@pytest.fixture
async def connection(place: PostgresDatabase) -> AsyncIterator[WritingConnection]:
    made = WritingConnection(place, SESSION)
    yield made
    await made.close()


async def pid(connection: WritingConnection) -> int:
    ((found,),) = await connection.fetch(_PID)
    return int(found)


async def test_it_is_kept(connection: WritingConnection) -> None:
    assert await pid(connection) == await pid(connection)


async def test_a_lost_race_is_run_again_on_the_same_connection(
    connection: WritingConnection,
) -> None:
    first = await pid(connection)
    raced: list[None] = []

    async def work(lent: Connection) -> int:
        if not raced:
            raced.append(None)
            raise RaceLost
        return int(await lent.fetchval(_PID))

    assert await connection.commit(work) == first


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("SELECT 1 / 0", UnexpectedAnswer),
        ("SELECT pg_terminate_backend(pg_backend_pid())", Busy),
    ],
)
async def test_one_on_which_something_failed_is_made_anew(
    connection: WritingConnection, statement: str, problem: type[Exception]
) -> None:
    first = await pid(connection)
    with pytest.raises(problem):
        await connection.change(statement)
    assert await pid(connection) != first


async def test_one_that_lay_idle_is_made_anew(
    connection: WritingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await pid(connection)
    monkeypatch.setattr(writing, "IDLE_SECONDS", 0.0)
    assert await pid(connection) != first


async def test_one_in_a_transaction_that_was_left_open_is_made_anew(
    connection: WritingConnection, place: PostgresDatabase
) -> None:
    async def left_open(lent: Connection) -> None:
        await lent.execute("BEGIN")
        await lent.execute("INSERT INTO allowance VALUES ($1, 1)", bytes(32))

    await connection.run(left_open)
    await pid(connection)
    other = await asyncpg.connect(place.url)
    assert await other.fetchval("SELECT count(*) FROM allowance") == 0
    await other.close()


async def test_a_server_that_is_away_is_no_fault() -> None:
    nowhere = WritingConnection(PostgresDatabase("postgresql://127.0.0.1:9/relay"), SESSION)
    await nowhere.open()
    with pytest.raises(Busy):
        await nowhere.fetch(_PID)
    await nowhere.close()


async def test_a_whole_group_leaves_at_once_by_a_unix_socket(
    connection: WritingConnection, place: PostgresDatabase
) -> None:
    async def room(lent: Connection) -> int:
        found: socket.socket = lent._transport.get_extra_info("socket")
        assert found.family == socket.AF_UNIX
        return found.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

    # Linux doubles what is asked for, and counts its own needs too.
    asked = min(1 << 20, int(_LARGEST_BUFFER.read_text()))
    assert await connection.run(room) == 2 * asked
    plain = await asyncpg.connect(place.url)
    assert await room(plain) < 2 * asked
    await plain.close()
