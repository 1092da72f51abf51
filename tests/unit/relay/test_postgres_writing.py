"""The connection on which deposits are written: kept, and made anew where it may be of no use."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres import commits, writing
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
    ("statements", "problem", "is_kept"),
    [
        (["SELECT 1 / 0"], UnexpectedAnswer, True),
        (["SELECT pg_terminate_backend(pg_backend_pid())"], Busy, False),
        (["SET default_transaction_read_only = on", "DELETE FROM allowance"], Busy, False),
    ],
    ids=["refused", "lost", "at a standby"],
)
async def test_one_that_is_of_no_use_is_made_anew(
    connection: WritingConnection, statements: list[str], problem: type[Exception], *, is_kept: bool
) -> None:
    first = await pid(connection)
    *before, last = statements
    for statement in before:
        await connection.change(statement)
    with pytest.raises(problem):
        await connection.change(last)
    assert (await pid(connection) == first) == is_kept


async def test_one_that_never_answers_is_cut_and_made_anew(
    connection: WritingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await pid(connection)
    with monkeypatch.context() as patch:
        patch.setattr(commits, "WORK_SECONDS", 0.2)
        with pytest.raises(Busy):
            await connection.change("SELECT pg_sleep(60)")
    assert await pid(connection) != first


async def test_a_driver_that_fails_in_any_way_once_it_is_cut_has_taken_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Cut:
        def __init__(self) -> None:
            self.answer = asyncio.get_running_loop().create_future()

        def terminate(self) -> None:
            self.answer.set_exception(AttributeError("'NoneType' object has no attribute 'x'"))

    monkeypatch.setattr(commits, "WORK_SECONDS", 0.05)
    lost = Cut()
    with pytest.raises(TimeoutError):
        await commits.Commits().keep(lost, lost.answer)
    failed = Cut()
    failed.answer.set_exception(AttributeError("a fault"))
    with pytest.raises(AttributeError, match="a fault"):
        await commits.Commits().keep(failed, failed.answer)


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
