"""What `relay_deposits` measures, as rows beside the others."""

from __future__ import annotations

from benchmarks import relay_deposits
from benchmarks.results import Row

TITLE = "Durable deposits of 16,384 bytes through a real relay, 32 connections"
_GOAL = ">= 0.8"


def run() -> list[Row]:
    """Measure the relay beside SQLite with one commit each and no HTTP."""
    floor, relay = relay_deposits.measure()
    return [
        Row("SQLite alone, one commit each", floor.per_second, "/s"),
        Row("the relay", relay.per_second, "/s", "SQLite", relay.times_floor, _GOAL),
        Row("the relay, p50", relay.p50_ms, "ms", "SQLite", relay.p50_ms / floor.p50_ms),
        Row("the relay, p99", relay.p99_ms, "ms", "SQLite", relay.p99_ms / floor.p99_ms),
    ]
