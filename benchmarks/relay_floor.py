"""What SQLite does alone: one thread, one envelope a commit, no HTTP, no decision.

It writes the relay's own rows with the relay's schema and settings, which are the fastest of those
that were tried (docs/decisions/0014).
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from pathlib import Path

from benchmarks.relay_load import Measured, measured
from e2etherapy.relay.sqlite.connection import PRAGMAS
from e2etherapy.relay.sqlite.deposits import INSERT
from e2etherapy.relay.sqlite.places import place_of
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
    numbers = random.sample(range(1, 2**31), _MAILBOXES)
    for number in numbers:
        database.execute(
            "INSERT INTO mailbox VALUES (?, ?, 0, ?)", (os.urandom(32), os.urandom(32), number)
        )
    statement = INSERT.format(marks="(?, ?, ?, ?, ?)")
    rows = [
        (place_of(numbers[each % _MAILBOXES], each), each, os.urandom(32), _DAY, _envelope())
        for each in range(1, COMMITS + 1)
    ]
    latencies = []
    start = time.perf_counter()
    for row in rows:
        before = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        database.execute(statement, row)
        database.execute("COMMIT")
        latencies.append(time.perf_counter() - before)
    seconds = time.perf_counter() - start
    database.close()
    return measured(latencies, seconds, COMMITS)


def _envelope() -> bytes:
    return os.urandom(ENVELOPE_SIZE)
