"""Durable deposits a second through a real relay, beside what SQLite alone can do.

The floor is SQLite without HTTP: one thread, one such row a commit, with the relay's pragmas and
schema. Relay and load generator are two processes that share the machine's cores. Floor and
relay take turns, since a disk's speed changes from minute to minute.

    python -m benchmarks.relay_deposits [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import itertools
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.relay_process import relay_process
from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.mailbox.operations import ALLOWANCE, DEPOSIT, OWNER, authorization
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.relay.database import DatabasePlace
from e2etherapy.relay.sqlite.connection import PRAGMAS
from e2etherapy.relay.sqlite.deposits import INSERT, INSERT_BODIES
from e2etherapy.relay.sqlite.schema import MIGRATIONS
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE

CONNECTIONS = 32
ROUNDS = 3
FLOOR_COMMITS = 1_500
WARM_UP = 10
DEPOSITS = 100
"""For each connection in each round."""
MOST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    per_second: float
    p50_ms: float
    p99_ms: float
    times_floor: float


def measure() -> list[Row]:
    """Run floor and relay in turn and return the medians of their rounds."""
    floors: list[list[float]] = []
    loads: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            floors.append(_floor(Path(folder) / f"floor{number}.db"))
            loads.append(load(Path(folder) / f"relay{number}.db"))
    floor = statistics.median(round_[0] for round_ in floors)
    return [
        _row("SQLite alone, one row a commit, no HTTP", floors, floor),
        _row(f"relay, {CONNECTIONS} connections", loads, floor),
    ]


def _row(what: str, rounds: list[list[float]], floor: float) -> Row:
    rate, p50, p99 = (statistics.median(values) for values in zip(*rounds, strict=True))
    return Row(what, rate, p50, p99, rate / floor)


def result(latencies: list[float], seconds: float) -> list[float]:
    """Return the rate a second, and the 50th and 99th percentile in milliseconds."""
    cuts = statistics.quantiles(latencies, n=100)
    return [len(latencies) / seconds, cuts[49] * 1000, cuts[98] * 1000]


# What SQLite alone does


def _floor(path: Path) -> list[float]:
    database = sqlite3.connect(path, isolation_level=None)
    for statement in (*PRAGMAS, *MIGRATIONS[-1]):
        database.execute(statement)
    mailboxes = [os.urandom(32) for _ in range(CONNECTIONS)]
    for mailbox in mailboxes:
        database.execute("INSERT INTO mailbox VALUES (?, ?, 0)", (mailbox, os.urandom(32)))
    rows = [
        (
            mailboxes[number % CONNECTIONS],
            number,
            os.urandom(32),
            20_000,
            int.from_bytes(os.urandom(8), "big") >> 1,
            os.urandom(ENVELOPE_SIZE),
        )
        for number in range(FLOOR_COMMITS)
    ]
    latencies = []
    start = time.perf_counter()
    for row in rows:
        before = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        database.execute(INSERT_BODIES.format(marks="(?, ?)"), (row[4], row[5]))
        database.execute(INSERT.format(marks="(?, ?, ?, ?, ?)"), row[:5])
        database.execute("COMMIT")
        latencies.append(time.perf_counter() - before)
    seconds = time.perf_counter() - start
    database.close()
    return result(latencies, seconds)


# What the relay does


def load(place: DatabasePlace, nodes: int = 1) -> list[float]:
    """Deposit through one relay or several; return rate and latencies (see result)."""
    with contextlib.ExitStack() as relays:
        urls = [relays.enter_context(relay_process(place)) for _ in range(nodes)]
        ports = [urlsplit(url).port or 0 for url in urls]
        requests = _make_mailboxes(place, ports[0])
        generator = subprocess.run(
            [sys.executable, "-m", "benchmarks.relay_deposits", "--generate"],
            input=json.dumps({"ports": ports, "requests": requests}),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=2 * MOST_SECONDS,
        )
    measured: list[float] = json.loads(generator.stdout)
    return measured


def _make_mailboxes(place: DatabasePlace, port: int) -> list[str]:
    """Create a mailbox for each connection and return the heads of requests that deposit there."""
    allowance = allow(place, CONNECTIONS, system_entropy)
    tickets = [Ticket(system_entropy(32)) for _ in range(CONNECTIONS)]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MOST_SECONDS)
    hashes = [base64url.encode(ticket.hash()) for ticket in tickets]
    _send(
        connection,
        ("POST", "/v1/tickets"),
        {"ticket_hashes": hashes},
        authorization(ALLOWANCE, allowance),
    )
    heads = []
    for ticket in tickets:
        owned = OwnedMailbox.generate(system_entropy)
        name = base64url.encode(owned.owner_key.mailbox())
        body = {
            "ticket": base64url.encode(ticket),
            "deposit_key_hash": base64url.encode(owned.deposit_key.hash()),
        }
        _send(
            connection,
            ("PUT", f"/v1/mailboxes/{name}"),
            body,
            authorization(OWNER, owned.owner_key),
        )
        heads.append(
            f"POST /v1/mailboxes/{name}/envelopes HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {authorization(DEPOSIT, owned.deposit_key)}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {ENVELOPE_SIZE}\r\n\r\n"
        )
    connection.close()
    return heads


def _send(
    connection: http.client.HTTPConnection,
    line: tuple[str, str],
    body: Mapping[str, object],
    key: str,
) -> None:
    headers = {"Authorization": key, "Content-Type": "application/json"}
    connection.request(*line, body=json.dumps(body), headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 204, answer.status  # noqa: PLR2004


# The load generator: bare HTTP over asyncio's protocols, as a client library would be slower
# than what it is to measure


class _Depositor(asyncio.Protocol):
    """One connection, one deposit after another."""

    def __init__(self, head: str, count: int, done: asyncio.Future[list[float]]) -> None:
        self._head = head.encode()
        self._count = count
        self._done = done
        self._latencies: list[float] = []
        self._rest = os.urandom(ENVELOPE_SIZE - 8)
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def _send(self) -> None:
        number = len(self._latencies).to_bytes(8, "big")
        self._start = time.perf_counter()
        self._transport.write(b"".join((self._head, number, self._rest)))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        assert self._received.startswith(b"HTTP/1.1 204 "), self._received
        self._received = b""
        self._latencies.append(time.perf_counter() - self._start)
        if len(self._latencies) < self._count:
            self._send()
        else:
            self._transport.close()
            self._done.set_result(self._latencies)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("The relay closed the connection."))


async def _generate(ports: list[int], heads: list[str]) -> list[float]:
    await _deposit(ports, heads, WARM_UP)
    start = time.perf_counter()
    latencies = await _deposit(ports, heads, DEPOSITS)
    return result(latencies, time.perf_counter() - start)


async def _deposit(ports: list[int], heads: list[str], count: int) -> list[float]:
    loop = asyncio.get_running_loop()
    futures = []
    async with asyncio.timeout(MOST_SECONDS):
        for head, port in zip(heads, itertools.cycle(ports), strict=False):
            done: asyncio.Future[list[float]] = loop.create_future()
            futures.append(done)
            await loop.create_connection(
                lambda head=head, done=done: _Depositor(head, count, done),  # type: ignore[misc]
                "127.0.0.1",
                port,
            )
        return [latency for part in await asyncio.gather(*futures) for latency in part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.generate:
        settings = json.load(sys.stdin)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(json.dumps(runner.run(_generate(settings["ports"], settings["requests"]))))
        return
    rows = measure()
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'':42}{'per s':>8}{'p50 ms':>9}{'p99 ms':>9}{'x floor':>9}")
    for row in rows:
        print(
            f"{row.what:42}{row.per_second:8.0f}{row.p50_ms:9.2f}{row.p99_ms:9.2f}"
            f"{row.times_floor:9.2f}"
        )


if __name__ == "__main__":
    main()
