"""The daily expiry of a large relay goes in small steps, and deposits come in between them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.mailbox.operations import RETENTION_DAYS
from e2etherapy.relay.database import open_store
from e2etherapy.relay.database_place import DatabasePlace, PostgresDatabase
from e2etherapy.relay.sqlite.places import place_of
from e2etherapy.relay.store import Store
from tests.conformance.conftest import Bench, Mailbox
from tests.support.postgres import Server
from tests.support.relays import TODAY

MAILBOXES, ENVELOPES_EACH = 25, 4_000
OLD = TODAY - RETENTION_DAYS - 1
LARGEST_STEP = 128
MOST_STEPS_BETWEEN = {"sqlite": 4, "postgres": 100}
"""Of some 800. SQLite's writer takes turns; PostgreSQL's deposits come on another connection, which
waits for the same disk."""


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DatabasePlace]:
    if request.param == "sqlite":
        yield tmp_path / "relay.db"
    else:
        server: Server = request.getfixturevalue("postgres_server")
        yield await server.new_database()


async def test_100_000_envelopes_expire_while_deposits_go_on(place: DatabasePlace) -> None:
    store = await open_store(place)
    most = MOST_STEPS_BETWEEN["sqlite" if isinstance(place, Path) else "postgres"]
    bench = Bench(place, lambda: open_store(place), store)
    full = [await bench.mailbox() for _ in range(MAILBOXES)]
    busy = await bench.mailbox()
    await fill(place, full)
    deposited = [0]
    depositing = asyncio.create_task(deposit_on_and_on(store, busy, deposited))
    steps, between, last = [], 0, 0
    async with aclosing(store.expire(TODAY)) as running:
        async for step in running:
            steps.append(step.envelopes)
            between = 0 if deposited[0] != last else between + 1
            last = deposited[0]
            assert between < most
            assert not depositing.done()
    depositing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await depositing
    assert sum(steps) == MAILBOXES * ENVELOPES_EACH
    assert max(steps) <= LARGEST_STEP
    assert deposited[0] > len(steps) / most
    assert [await bench.positions(mailbox) for mailbox in full] == [[]] * MAILBOXES
    await store.close()


async def deposit_on_and_on(store: Store, mailbox: Mailbox, deposited: list[int]) -> None:
    """Deposit one envelope after another, and acknowledge each."""
    while True:
        await store.deposit(mailbox.deposit(f"{deposited[0]}"))
        deposited[0] += 1
        await store.acknowledge(mailbox.id, deposited[0])


async def fill(place: DatabasePlace, mailboxes: list[Mailbox]) -> None:
    """Put old envelopes there that are short, as 100,000 long ones were 1.6 GB."""
    rows = [
        (bytes(mailbox.id), position, number * 10_000 + position)
        for number, mailbox in enumerate(mailboxes)
        for position in range(1, ENVELOPES_EACH + 1)
    ]
    if isinstance(place, PostgresDatabase):
        await _fill_postgres(place, rows)
    else:
        await asyncio.to_thread(_fill_sqlite, place, rows)


def _fill_sqlite(path: Path, rows: list[tuple[bytes, int, int]]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        numbers = dict(database.execute("SELECT id, number FROM mailbox"))
        database.executemany(
            "INSERT INTO envelope (place, position, digest, day, bytes) VALUES (?, ?, ?, ?, x'00')",
            [
                (place_of(numbers[box], position), position, number.to_bytes(32, "big"), OLD)
                for box, position, number in rows
            ],
        )


async def _fill_postgres(place: PostgresDatabase, rows: list[tuple[bytes, int, int]]) -> None:
    connection = await asyncpg.connect(place.url)
    constraints = await connection.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'envelope'::regclass AND contype = 'c'"
    )
    for (name,) in constraints:
        await connection.execute(f"ALTER TABLE envelope DROP CONSTRAINT {name}")
    await connection.copy_records_to_table(
        "envelope",
        columns=("mailbox", "position", "digest", "day", "envelope"),
        records=[
            (box, position, body.to_bytes(32, "big"), OLD, b"-") for box, position, body in rows
        ],
    )
    await connection.execute("UPDATE mailbox SET last_position = $1", ENVELOPES_EACH)
    await connection.close()
