"""The largest platform's peak, 250 deposits a second, for as long as asked; and its memory.

A deposit's time counts from the moment at which it was due. A practice of 5,000 clients has 6,700
messages of clients a day; with the answers and the receipts of both these are some 27,000 deposits,
which come here within two minutes, and into the 10,000 mailboxes of both sides (in a run of less
than 40 seconds, into as many as there are deposits).

    E2ETHERAPY_BENCH_SECONDS=600 python -m benchmarks relay_peak
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.relay_boxes import make_boxes
from benchmarks.relay_load import Plan, generate
from benchmarks.relay_process import Running, relay_process
from benchmarks.results import Row

TITLE = "250 deposits a second"
PER_SECOND = 250
CONNECTIONS = 200
MAILBOXES = 10_000
SECONDS = float(os.environ.get("E2ETHERAPY_BENCH_SECONDS", "30"))
_SAMPLE_SECONDS = 0.5
_MEGABYTE = 1_000_000
_A_TENTH = 10


def run() -> list[Row]:
    """Deposit at a fixed rate and watch the relay's memory."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "relay.db"
        count = round(SECONDS * PER_SECOND / CONNECTIONS)
        boxes = make_boxes(place, min(MAILBOXES, CONNECTIONS * count))
        with relay_process(place) as relay, _memory(relay) as samples:
            plan = Plan("deposit", [relay.port], boxes, CONNECTIONS, count, per_second=PER_SECOND)
            rate, p50, p99 = generate(plan)
    tenth = max(1, len(samples) // _A_TENTH)
    early, late = (statistics.median(part) for part in (samples[:tenth], samples[-tenth:]))
    return [
        Row(f"{SECONDS:.0f} s at {PER_SECOND} /s", rate, "/s"),
        Row("p50", p50, "ms"),
        Row("p99", p99, "ms", goal="< 50 ms", key="peak_p99_ms"),
        Row("memory at the beginning", early / _MEGABYTE, "MB"),
        Row(
            "memory at the end",
            late / _MEGABYTE,
            "MB",
            "the beginning",
            late / early,
            "flat",
            "",
            "peak_memory_growth",
        ),
    ]


@contextmanager
def _memory(relay: Running) -> Iterator[list[int]]:
    """Sample a relay's memory while the block runs."""
    samples = [relay.memory()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            samples.append(relay.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield samples
    finally:
        over.set()
        watcher.join()
