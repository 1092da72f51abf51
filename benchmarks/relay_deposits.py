"""Envelopes a second through a real relay over SQLite, beside what SQLite alone can do.

Relay and load generator are two processes that share the machine's cores. Floor and relay take
turns, since a disk's speed changes from minute to minute; a ratio is the median of the ratios
within each round.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.relay_boxes import make_boxes
from benchmarks.relay_floor import floor
from benchmarks.relay_load import Measured, Plan, generate
from benchmarks.relay_process import relay_process
from benchmarks.results import Row
from e2etherapy.relay.database_place import DatabasePlace

TITLE = "Envelopes of 16,384 bytes through a real relay over SQLite"
CONNECTIONS = 32
ROUNDS = 5
DEPOSITS = 150
"""Of each connection in each round."""
BATCHES = 12
BATCHING = 8
"""Connections that send batches of 32 each."""
_GOALS = {"deposit": (">= 1.5", "<= 25"), "batch": (">= 2", "")}
PAGES = 40
"""Requests of each connection that drains: a page and its acknowledgement in turn."""


def run() -> list[Row]:
    """Measure deposits one by one, in batches of 32, and collecting with acknowledging."""
    floors, singles, batches, drains = [], [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            floors.append(floor(Path(folder) / "floor.db"))
        singles.append(_alone(load))
        batches.append(_alone(load_in_batches))
        drains.append(_alone(drain))
    floors_rate = statistics.median(one.per_second for one in floors)
    return [
        Row("SQLite alone, one commit each, no HTTP", floors_rate, "/s", key="floor_per_s"),
        *_rows("deposit", f"deposits, {CONNECTIONS} connections", (singles, floors)),
        *_rows("batch", f"deposits in batches of 32, {BATCHING} connections", (batches, floors)),
        Row(
            "collected and acknowledged",
            median(drains).per_second,
            "/s",
            goal=">= 3,000 /s",
            key="drain_per_s",
        ),
    ]


def _rows(name: str, what: str, rounds: tuple[list[Measured], list[Measured]]) -> list[Row]:
    own, floors = rounds
    rate, p50, p99 = median(own)
    pairs = zip(own, floors, strict=True)
    ratio = statistics.median(one.per_second / other.per_second for one, other in pairs)
    goal, most = _GOALS[name]
    return [
        Row(what, rate, "/s", "SQLite", ratio, goal, f"{name}_per_s", f"{name}_over_floor"),
        Row(f"{what}, p50", p50, "ms", key=f"{name}_p50_ms"),
        Row(f"{what}, p99", p99, "ms", goal=most, key=f"{name}_p99_ms"),
    ]


def median(rounds: Sequence[Measured]) -> Measured:
    """Return the medians of some rounds."""
    return Measured(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def _alone(kind: Callable[[DatabasePlace], Measured]) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        return kind(Path(folder) / "relay.db")


def load(place: DatabasePlace) -> Measured:
    """Deposit one by one."""
    boxes = make_boxes(place, CONNECTIONS)
    with relay_process(place) as relay:
        return generate(Plan("deposit", [relay.port], boxes, CONNECTIONS, DEPOSITS, warm_up=10))


def load_in_batches(place: DatabasePlace) -> Measured:
    """Deposit in batches of 32, each envelope into another mailbox."""
    boxes = make_boxes(place, CONNECTIONS)
    with relay_process(place) as relay:
        return generate(Plan("batch", [relay.port], boxes, BATCHING, BATCHES, warm_up=2))


def drain(place: DatabasePlace) -> Measured:
    """Fill mailboxes, then collect and acknowledge everything."""
    boxes = make_boxes(place, CONNECTIONS)
    with relay_process(place) as relay:
        fill = PAGES // 2 * 16
        generate(Plan("batch", [relay.port], boxes, 8, fill // 8))
        return generate(Plan("drain", [relay.port], boxes, CONNECTIONS, PAGES))
