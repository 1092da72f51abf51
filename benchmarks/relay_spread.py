"""Deposits that go into many mailboxes, beside as many into a few.

What a relay knows of a mailbox it knows for thousands, and what it does for a deposit must not
grow with how many those are.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.relay_boxes import make_boxes
from benchmarks.relay_load import Plan, generate
from benchmarks.relay_process import relay_process
from benchmarks.results import Row

CONNECTIONS = 32
MAILBOXES = 12_800
TITLE = f"Deposits into {MAILBOXES:,} mailboxes in turn, over SQLite, {CONNECTIONS} connections"
ROUNDS = 3


def run() -> list[Row]:
    """Go through the mailboxes once, then again in turn with a few of them."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "relay.db"
        boxes = make_boxes(place, MAILBOXES)
        count = MAILBOXES // CONNECTIONS
        with relay_process(place) as relay:
            into_all = Plan("deposit", [relay.port], boxes, CONNECTIONS, count)
            into_few = Plan("deposit", [relay.port], boxes[:CONNECTIONS], CONNECTIONS, count)
            first = generate(into_all)
            turns = [(generate(into_few), generate(into_all)) for _ in range(ROUNDS)]
    few = statistics.median(one.per_second for one, _ in turns)
    again = statistics.median(two.per_second for _, two in turns)
    return [
        Row("a mailbox for each connection", few, "/s"),
        Row("each for the first time", first.per_second, "/s"),
        Row("each again", again, "/s", "few", again / few, ">= 0.8", ratio_key="spread_over_few"),
    ]
