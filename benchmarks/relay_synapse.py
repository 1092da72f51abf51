"""The relay beside Matrix Synapse on the same machine, with messages of the same size.

Synapse is installed when this is first run, so that it runs only when asked for.

    python -m benchmarks relay_synapse
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.peers import synapse
from benchmarks.relay_deposits import load, median
from benchmarks.results import Row

TITLE = "16,384 bytes, 32 connections: the relay beside Matrix Synapse"
ROUNDS = 3


def run() -> list[Row]:
    """Measure both in turn."""
    synapse.installed()
    sends, deposits = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            sends.append(synapse.sends(Path(folder)))
        with tempfile.TemporaryDirectory() as folder:
            deposits.append(load(Path(folder) / "relay.db"))
    peer, relay = median(sends), median(deposits)
    ratio = relay.per_second / peer.per_second
    return [
        Row("Synapse, sends", peer.per_second, "/s"),
        Row("Synapse, p50", peer.p50_ms, "ms"),
        Row("Synapse, p99", peer.p99_ms, "ms"),
        Row(
            "the relay, deposits",
            relay.per_second,
            "/s",
            "Synapse",
            ratio,
            ">= 50",
            ratio_key="deposit_over_synapse",
        ),
        Row("the relay, p50", relay.p50_ms, "ms"),
        Row("the relay, p99", relay.p99_ms, "ms"),
    ]
