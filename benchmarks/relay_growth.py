"""The same rates with an empty database and with a million envelopes in 100,000 mailboxes.

The full database takes 17 GB of disk and some minutes to fill, so that this runs only when asked
for. It is filled in the order of random numbers, as a relay fills it, but without waiting for the
disk.

    E2ETHERAPY_BENCH_STORED=1000000 python -m benchmarks relay_growth
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.relay_deposits import drain, load, load_in_batches
from benchmarks.relay_load import Measured
from benchmarks.results import Row
from e2etherapy.relay.clock import system_today
from e2etherapy.relay.decisions import EnvelopeRow
from e2etherapy.relay.sqlite.connection import PRAGMAS
from e2etherapy.relay.sqlite.deposits import insert
from e2etherapy.relay.sqlite.schema import MIGRATIONS
from e2etherapy.wire.envelope import ENVELOPE_SIZE

STORED = int(os.environ.get("E2ETHERAPY_BENCH_STORED", "1000000"))
A_MAILBOX = 10
TITLE = f"Growth: {STORED:,} stored envelopes, {A_MAILBOX} in each mailbox"
ROUNDS = 3
_AT_ONCE = 100
_KINDS = {"deposits": load, "deposits in batches": load_in_batches, "drained": drain}


def run() -> list[Row]:
    """Measure each kind of load on a small and on a large database in turn."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large.db", Path(folder) / "small.db"
        fill(large, STORED)
        fill(small, A_MAILBOX)
        os.sync()  # else the disk is still busy with the filling for minutes
        for what, kind in _KINDS.items():
            pairs = [(kind(small), kind(large)) for _ in range(ROUNDS)]
            rows += _rows(what, pairs)
    return rows


def _rows(what: str, pairs: list[tuple[Measured, Measured]]) -> list[Row]:
    small = statistics.median(one.per_second for one, _ in pairs)
    large = statistics.median(two.per_second for _, two in pairs)
    ratio = statistics.median(two.per_second / one.per_second for one, two in pairs)
    p99 = statistics.median(two.p99_ms for _, two in pairs)
    return [
        Row(f"{what}, small", small, "/s"),
        Row(f"{what}, large", large, "/s", "small", ratio, ">= 0.8"),
        Row(f"{what}, large, p99", p99, "ms"),
    ]


def fill(path: Path, envelopes: int) -> None:
    """Make a relay's database with so many envelopes."""
    database = sqlite3.connect(path, isolation_level=None)
    for statement in (*PRAGMAS, *(one for step in MIGRATIONS for one in step)):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -1000000")
    mailboxes = [os.urandom(32) for _ in range(-(-envelopes // A_MAILBOX))]
    numbers = dict(zip(mailboxes, random.sample(range(1, 2**31), len(mailboxes)), strict=True))
    rows = _rows_in_any_order(mailboxes)
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO mailbox VALUES (?, ?, 0, ?)",
        ((mailbox, os.urandom(32), numbers[mailbox]) for mailbox in sorted(mailboxes)),
    )
    while some := [row for _, row in zip(range(_AT_ONCE), rows, strict=False)]:
        insert(database, some, numbers)
    database.execute("COMMIT")
    database.close()


def _rows_in_any_order(mailboxes: list[bytes]) -> Iterator[EnvelopeRow]:
    places = [(mailbox, position) for mailbox in mailboxes for position in range(1, A_MAILBOX + 1)]
    random.shuffle(places)
    # Else the relay would delete them all.
    today = system_today()
    for mailbox, position in places:
        yield mailbox, position, os.urandom(32), today, os.urandom(ENVELOPE_SIZE)
