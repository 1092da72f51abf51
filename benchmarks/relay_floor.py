"""What SQLite does alone: one thread, one envelope a commit, no HTTP, no decision.

It writes the relay's own rows with the relay's schema and settings, which are the fastest of those
that were tried (docs/decisions/0010).
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from benchmarks.relay_load import Measured, measured
from e2etherapy.relay.sqlite.connection import PRAGMAS
from e2etherapy.relay.sqlite.deposits import INSERT, INSERT_BODIES
from e2etherapy.relay.sqlite.schema import MIGRATIONS
from e2etherapy.wire.envelope import ENVELOPE_SIZE

COMMITS = 1_500
_MAILBOXES = 32
_DAY = 20_000


def floor(path: Path) -> Measured:
    """Write envelopes one by one into a new file."""
    database = sqlite3.connect(path, isolation_level=None)
    for statement in (*PRAGMAS, *(one for step in MIGRATIONS for one in step)):
        database.execute(statement)
    mailboxes = [os.urandom(32) for _ in range(_MAILBOXES)]
    for mailbox in mailboxes:
        database.execute("INSERT INTO mailbox VALUES (?, ?, 0)", (mailbox, os.urandom(32)))
    entry, body = INSERT.format(marks="(?, ?, ?, ?, ?)"), INSERT_BODIES.format(marks="(?, ?)")
    rows = [
        (mailboxes[number % _MAILBOXES], number, os.urandom(32), _DAY, _random_number())
        for number in range(COMMITS)
    ]
    envelopes = [os.urandom(ENVELOPE_SIZE) for _ in rows]
    latencies = []
    start = time.perf_counter()
    for row, envelope in zip(rows, envelopes, strict=True):
        before = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        database.execute(body, (row[4], envelope))
        database.execute(entry, row)
        database.execute("COMMIT")
        latencies.append(time.perf_counter() - before)
    seconds = time.perf_counter() - start
    database.close()
    return measured(latencies, seconds, COMMITS)


def _random_number() -> int:
    return int.from_bytes(os.urandom(8), "big") >> 1
