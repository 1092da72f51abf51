"""A server that takes no changes, or has fallen silent while a table is vacuumed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from e2etherapy.relay.limits import STANDARD
from e2etherapy.relay.postgres import expiry, store
from e2etherapy.relay.postgres.connection import Connection, setup_connection
from e2etherapy.relay.postgres.servers import Servers
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.readiness import Readiness
from e2etherapy.relay.reserve import Reserve
from e2etherapy.relay.store import Busy
from tests.support import postgres
from tests.support.nodes import two_nodes
from tests.support.relays import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def own_server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture
async def opened(own_server: postgres.Server) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(await own_server.empty_relay())
    yield opened
    await opened.close()


async def test_a_relay_whose_database_takes_no_changes_is_not_ready(
    own_server: postgres.Server, opened: PostgresStore
) -> None:
    readiness = Readiness(Reserve(STANDARD), lambda _problem: None)
    assert await readiness.reaches(opened)
    await own_server.execute(
        "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"
    )
    await becomes(opened, readiness, ready=False)
    await own_server.execute(
        "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"
    )
    await becomes(opened, readiness, ready=True)


async def becomes(opened: PostgresStore, readiness: Readiness, *, ready: bool) -> None:
    """Wait until the server's processes have read its settings anew."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await readiness.reaches(opened) == ready:
                return
            await asyncio.sleep(0.05)


async def test_a_vacuum_of_a_server_that_falls_silent_ends(
    opened: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[int] = []

    async def vacuum(connection: Connection, _servers: Servers) -> None:
        stopped.append(await connection.fetchval("SELECT pg_backend_pid()"))
        os.kill(stopped[0], signal.SIGSTOP)
        try:
            await connection.execute("SELECT 1")
        except TimeoutError:
            raise Busy from None

    monkeypatch.setattr(store, "VACUUM_SECONDS", 0.2)
    monkeypatch.setattr(expiry, "vacuum", vacuum)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(Busy):
                await opened.scrub()
    finally:
        os.kill(stopped[0], signal.SIGCONT)


@pytest.mark.parametrize("kind", ["postgres", "spread"])
async def test_a_server_that_crashed_still_counts_what_it_holds(
    own_server: postgres.Server, kind: str
) -> None:
    async with two_nodes(own_server, kind) as nodes:
        box = await nodes.mailbox()
        for number in range(40):
            await nodes.first.deposit(box.deposit(f"{number}"))
        await nodes.first.scrub()
        assert (await nodes.first.space()).envelopes == 40
        await nodes.first.acknowledge(box.id, 10)
    own_server.stop()
    own_server.start()
    async with setup_connection(nodes.place) as connection:
        servers = await Servers.of(connection)
        assert servers.spread == (kind == "spread")
        assert await servers.envelopes(connection) == 40
        tables = await servers.tables_with_dead_rows(connection)
        (envelopes,) = [table for table in tables if table.startswith("envelope")]
        await expiry.vacuum(connection, servers)
        assert await servers.envelopes(connection) == 30
        assert envelopes not in await servers.tables_with_dead_rows(connection)


async def test_what_a_crashed_server_holds_of_a_partitioned_table_counts_once(
    own_server: postgres.Server,
) -> None:
    place = await own_server.new_database()
    await own_server.execute(
        # As Citus has them on each server: a piece of the table, and a piece of its partition.
        "CREATE TABLE envelope_102008 (n INTEGER) PARTITION BY HASH (n)",
        "CREATE TABLE envelope_0_102016 PARTITION OF envelope_102008"
        " FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "INSERT INTO envelope_102008 SELECT generate_series(1, 40)",
        "ANALYZE envelope_102008",
        "CHECKPOINT",
        place=place,
    )
    own_server.stop()
    own_server.start()
    async with setup_connection(place) as connection:
        assert await Servers(spread=False).envelopes(connection) == 40
