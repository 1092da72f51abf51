"""Durable deposits through relays over PostgreSQL, beside what asyncpg alone can do.

The floor is asyncpg without HTTP and without any decision: one connection, one transaction for as
many deposits as the relay's transactions held on average, with the relay's schema and session.
Server, relays and load generator share the machine's cores. Floor and relays take turns, since a
disk's speed changes from minute to minute.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time

import asyncpg

from benchmarks import relay_deposits
from benchmarks.relay_load import Measured, measured
from benchmarks.results import Row
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import SESSION, setup_connection
from e2etherapy.relay.postgres.schema import prepare
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.postgres import Server, server

TITLE = "Durable deposits of 16,384 bytes over PostgreSQL, 32 connections"
_GOAL = ">= 0.8"
_KEYS = {"one relay": "postgres_over_asyncpg", "two relays": "postgres_two_over_asyncpg"}
ROUNDS = 3
FLOOR_ROWS = 3_000

_INSERT = """
    INSERT INTO envelope
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::integer[], $5::bytea[])
"""
_ADVANCE = """
    UPDATE mailbox SET last_position = new.position
    FROM unnest($1::bytea[], $2::bigint[]) AS new (mailbox, position) WHERE id = new.mailbox
"""
_GROUP_SIZE = "SELECT count(*)::float / count(DISTINCT xmin::text) FROM envelope"


def run() -> list[Row]:
    """Measure one relay, two relays and asyncpg alone in turn."""
    one, two, floor, sizes = [], [], [], []
    with server() as running:
        for _ in range(ROUNDS):
            # Each in a database of its own: what is deleted would be cleaned up meanwhile.
            place = asyncio.run(running.new_database())
            one.append(relay_deposits.load(place))
            sizes.append(asyncio.run(_group_size(place)))
            two.append(relay_deposits.load(asyncio.run(running.new_database()), nodes=2))
            floor.append(asyncio.run(_floor(running, round(sizes[-1]))))
    size = statistics.median(sizes)
    alone, *_ = _medians(floor)
    rows = [Row(f"asyncpg alone, {size:.0f} in a transaction", alone, "/s")]
    for what, rounds in (("one relay", one), ("two relays", two)):
        rate, p50, p99 = _medians(rounds)
        rows += [
            Row(what, rate, "/s", "asyncpg", rate / alone, _GOAL, ratio_key=_KEYS[what]),
            Row(f"{what}, p50", p50, "ms"),
            Row(f"{what}, p99", p99, "ms"),
        ]
    return rows


def _medians(rounds: list[Measured]) -> list[float]:
    return [statistics.median(values) for values in zip(*rounds, strict=True)]


async def _group_size(place: PostgresDatabase) -> float:
    """Return how many deposits a transaction held: rows that one has written say so."""
    connection = await asyncpg.connect(place.url)
    size: float = await connection.fetchval(_GROUP_SIZE)
    await connection.close()
    return size


async def _floor(running: Server, group: int) -> Measured:
    place = await running.new_database()
    async with setup_connection(place) as making:
        await prepare(making)
    connection = await asyncpg.connect(place.url, server_settings=dict(SESSION))
    mailboxes = [os.urandom(32) for _ in range(relay_deposits.CONNECTIONS)]
    await connection.executemany(
        "INSERT INTO mailbox (id, deposit_key_hash) VALUES ($1, $2)",
        [(mailbox, os.urandom(32)) for mailbox in mailboxes],
    )
    groups = [_rows(mailboxes, group, number) for number in range(FLOOR_ROWS // group)]
    latencies = []
    start = time.perf_counter()
    for rows in groups:
        before = time.perf_counter()
        async with connection.transaction():
            await connection.execute(_INSERT, *rows)
            await connection.execute(_ADVANCE, *rows[:2])
        latencies.append(time.perf_counter() - before)
    seconds = time.perf_counter() - start
    await connection.close()
    return measured(latencies, seconds, group * len(groups))


def _rows(mailboxes: list[bytes], group: int, number: int) -> tuple[list[object], ...]:
    """Return the columns of one group: an envelope for each of some mailboxes."""
    chosen = sorted(mailboxes[:group])
    return (
        list[object](chosen),
        [number + 1] * len(chosen),
        [os.urandom(32) for _ in chosen],
        [20_000] * len(chosen),
        [os.urandom(ENVELOPE_SIZE) for _ in chosen],
    )
