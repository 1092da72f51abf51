"""Durable deposits through relays over PostgreSQL, beside what asyncpg alone can do.

The floor is asyncpg without HTTP and without any decision: one connection, one transaction for as
many deposits as the relays' transactions held on average, with the relay's schema and session.
Server, relays and load generator share the machine's cores.

A server writes its log more slowly while the log's files are new and while it makes a checkpoint:
by half, with the same program. Each turn begins behind both. A machine's speed changes from second
to second, so that relays and floor take turns within seconds, either one first; a ratio is the
median of those of each pair.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import asyncpg

from benchmarks import relay_deposits
from benchmarks.relay_boxes import make_boxes
from benchmarks.relay_load import Measured, Plan, generate, measured
from benchmarks.relay_process import relay_process
from benchmarks.results import Row
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import SESSION, setup_connection
from e2etherapy.relay.postgres.schema import prepare
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.postgres import Server, server

TITLE = "Durable deposits of 16,384 bytes over PostgreSQL, 32 connections"
_GOAL = ">= 0.8"
_NAMES = {1: "one relay", 2: "two relays"}
_KEYS = {1: "postgres_over_asyncpg", 2: "postgres_two_over_asyncpg"}
TURNS = 5
"""Each with relays and databases of its own."""
PAIRS = 4
DEPOSITS = 75
"""Of each connection in each pair."""
WARM_UP = 10
"""Of each connection besides, and as many transactions of the floor."""
FLOOR_ROWS = DEPOSITS * relay_deposits.CONNECTIONS

_INSERT = """
    INSERT INTO envelope
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::integer[], $5::bytea[])
"""
_ADVANCE = """
    UPDATE mailbox SET last_position = new.position
    FROM unnest($1::bytea[], $2::bigint[]) AS new (mailbox, position) WHERE id = new.mailbox
"""
_WRITTEN = "SELECT count(*), count(DISTINCT xmin::text) FROM envelope"


# As much as a server's log holds before its files are written anew.
_FILL: Final = """
    SELECT count(pg_logical_emit_message(false, 'fill', repeat('x', 1000000)))
    FROM generate_series(1, 1200)
"""


def run() -> list[Row]:
    """Measure one relay, two relays and asyncpg alone in turn."""
    pairs: dict[int, list[_Pair]] = {nodes: [] for nodes in _KEYS}
    with server() as running:
        asyncio.run(running.execute(_FILL))
        for _ in range(TURNS):
            for nodes in _KEYS:
                pairs[nodes] += _turn(running, nodes)
    return [row for nodes in _KEYS for row in _rows_of(nodes, pairs[nodes])]


class _Pair(NamedTuple):
    """Relays, how many deposits their transactions held, and the same without relays."""

    relays: Measured
    size: float
    alone: Measured


def _turn(running: Server, nodes: int) -> Iterator[_Pair]:
    place, alone = _fresh(running), _fresh(running)
    boxes = make_boxes(place, relay_deposits.CONNECTIONS)
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(relay_process(place)).port for _ in range(nodes)]
        plan = Plan("deposit", ports, boxes, relay_deposits.CONNECTIONS, DEPOSITS, warm_up=WARM_UP)
        _, size = _through_relays(place, plan)
        for number in range(PAIRS):
            if number % 2:
                floor = asyncio.run(_floor(alone, round(size)))
                relays, size = _through_relays(place, plan)
            else:
                relays, size = _through_relays(place, plan)
                floor = asyncio.run(_floor(alone, round(size)))
            yield _Pair(relays, size, floor)


def _through_relays(place: PostgresDatabase, plan: Plan) -> tuple[Measured, float]:
    """Run a plan, and return besides how many deposits a transaction held meanwhile."""
    rows_before, commits_before = asyncio.run(_written(place))
    relays = generate(plan)
    rows, commits = asyncio.run(_written(place))
    return relays, (rows - rows_before) / (commits - commits_before)


def _rows_of(nodes: int, pairs: list[_Pair]) -> list[Row]:
    relays, sizes, alone = zip(*pairs, strict=True)
    what = _NAMES[nodes]
    rate, p50, p99 = relay_deposits.median(relays)
    ratio = statistics.median(one.relays.per_second / one.alone.per_second for one in pairs)
    size, floor = statistics.median(sizes), relay_deposits.median(alone).per_second
    return [
        Row(f"asyncpg alone, {size:.0f} in a transaction", floor, "/s"),
        Row(what, rate, "/s", "asyncpg", ratio, _GOAL, ratio_key=_KEYS[nodes]),
        Row(f"{what}, p50", p50, "ms"),
        Row(f"{what}, p99", p99, "ms"),
    ]


def _fresh(running: Server) -> PostgresDatabase:
    """Return a new database: what is deleted in an old one would be cleaned up meanwhile."""
    place = asyncio.run(running.new_database())
    asyncio.run(running.execute("CHECKPOINT"))
    return place


async def _written(place: PostgresDatabase) -> tuple[int, int]:
    """Return how many deposits there are, and in how many transactions they were written."""
    connection = await asyncpg.connect(place.url)
    rows, commits = await connection.fetchrow(_WRITTEN)
    await connection.close()
    return rows, commits


async def _floor(place: PostgresDatabase, group: int) -> Measured:
    async with setup_connection(place) as making:
        await prepare(making)
    connection = await asyncpg.connect(place.url, server_settings=dict(SESSION))
    mailboxes = [os.urandom(32) for _ in range(relay_deposits.CONNECTIONS)]
    await connection.executemany(
        "INSERT INTO mailbox (id, deposit_key_hash) VALUES ($1, $2)",
        [(mailbox, os.urandom(32)) for mailbox in mailboxes],
    )
    groups = [_rows(mailboxes, group, number) for number in range(WARM_UP + FLOOR_ROWS // group)]
    times = []
    for rows in groups:
        times.append(time.perf_counter())
        async with connection.transaction():
            await connection.execute(_INSERT, *rows)
            await connection.execute(_ADVANCE, *rows[:2])
    times = [*times, time.perf_counter()][WARM_UP:]
    await connection.close()
    latencies = [after - before for before, after in pairwise(times)]
    return measured(latencies, times[-1] - times[0], group * len(latencies))


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
