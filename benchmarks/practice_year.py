"""A caseload of 50 for a year, through a real relay and real vaults, in virtual time.

What a therapist waits for on a Monday after a year, beside the same on the second Monday: 109
messages fetched, opened, stored and put in order. And what the vault has become by then. Takes
some 20 minutes, so that this runs only when asked for.

    E2ETHERAPY_BENCH_DAYS=364 python -m benchmarks practice_year
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.results import Row
from tests.support.simulated_practice import FIRST_DAY, SimulatedPractice, simulated_practice

DAYS = int(os.environ.get("E2ETHERAPY_BENCH_DAYS", "364"))
TITLE = f"A caseload of 50 clients after {DAYS} days"
CLIENTS = 50
UNREAD = 109
_FIRST_WEEK = 7
_SEARCHES = 200


class Monday(NamedTuple):
    """Seconds from a command to what a therapist sees.

    Attributes:
        fetched: every message fetched, opened and stored.
        sorted: the queue in order after that.
        shown: the whole threads of all who wait after that.
    """

    fetched: float
    sorted: float
    shown: float

    @property
    def total(self) -> float:
        """Until the queue stands there."""
        return self.fetched + self.sorted


def run() -> list[Row]:
    """Live a week, measure a Monday, live on, and measure again."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Row]:
    async with simulated_practice(folder, CLIENTS, seed=3) as practice:
        await practice.live(_FIRST_WEEK)
        first = await _monday(practice, _FIRST_WEEK)
        await practice.live(DAYS - _FIRST_WEEK, begin=_FIRST_WEEK)
        last = await _monday(practice, DAYS)
        searched = await _searches(practice)
        entries = sum(len(client.said) + len(client.heard) for client in practice.clients)
        sizes = [_size(folder / name) for name in ("therapist", practice.clients[0].name)]
    return [
        Row("messages to and fro", entries, ""),
        Row(
            "a Monday's 109: fetched and stored",
            last.fetched,
            "s",
            "the second",
            _of(last, first, 0),
        ),
        Row("then the queue in order", last.sorted, "s", "the second", _of(last, first, 1)),
        Row("together", last.total, "s", "the second", last.total / first.total, "< 1 s"),
        Row(
            "then the threads of all who wait",
            last.shown,
            "s",
            "the second",
            _of(last, first, 2),
        ),
        Row("search, p50", searched[49], "ms"),
        Row("search, p99", searched[98], "ms", goal="< 200 ms"),
        Row("the therapist's vault", sizes[0] / 1e6, "MB"),
        Row("of it for each message", sizes[0] / entries / 1e3, "KB"),
        Row("a client's vault", sizes[1] / 1e6, "MB"),
    ]


def _of(last: Monday, first: Monday, part: int) -> float:
    return last[part] / first[part]


async def _monday(practice: SimulatedPractice, day: int) -> Monday:
    """Let clients write 109 times in the night before a Monday, and time what comes then."""
    night = FIRST_DAY + timedelta(days=day)
    written = practice.sent
    while practice.sent < written + UNREAD:
        await practice.write(night + timedelta(seconds=practice.sent - written))
    therapist = practice.therapist
    began = time.perf_counter()
    await therapist.sync()
    fetched = time.perf_counter()
    queue = await therapist.queue()
    ordered = time.perf_counter()
    for entry in queue:
        await therapist.thread(entry.name)
    return Monday(fetched - began, ordered - fetched, time.perf_counter() - ordered)


async def _searches(practice: SimulatedPractice) -> list[float]:
    """Return the percentiles of the milliseconds of searches for a message by its number."""
    draw = random.Random(5)
    times = []
    for _ in range(_SEARCHES):
        wanted = f"{draw.randrange(1, practice.sent)}"
        began = time.perf_counter()
        assert await practice.therapist.search(wanted)
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.quantiles(times, n=100)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
