"""Fetching, opening, storing and sorting messages, beside writing the same rows without it all.

A real relay process, a real vault. The floor is a copy of the vault from before, in which the
same transactions with the same rows are written: SQLCipher's part alone.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.correspondents import PASSPHRASE, Practice
from benchmarks.relay_process import relay_process
from benchmarks.results import Row
from benchmarks.words import Author
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault import database, keyslots
from e2etherapy.vault.database import Statement

TITLE = "Sync: fetch, open, store, acknowledge (a relay process and one device)"
ROUNDS = 3
_WORDS = 90
_FIRST_MESSAGES = 2
"""In each thread from the beginning."""
_ANSWERS = 1
"""In each thread after a round, so that a turn does not grow too long."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many people have written how many messages in all."""

    what: str
    people: int
    messages: int
    reads: bool = False
    """Whether every thread is read as well, sorted."""


SHAPES = (
    Shape("3,400 messages of 1 person", 1, 3_400),
    Shape("3,400 messages of 80 people", 80, 3_400),
    Shape("a Monday: 109 messages of 50 people, all threads read", 50, 109, reads=True),
)


@dataclass(frozen=True, slots=True)
class _Round:
    sync: float
    floor: float
    transactions: int
    requests: int


def run() -> list[Row]:
    """Measure each shape and its floor in turn, several times."""
    rows = []
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with relay_process(folder / "relay.db") as relay:
                rows += _rows(shape, asyncio.run(_measure(folder, relay.url, shape)))
    return rows


def _rows(shape: Shape, rounds: list[_Round]) -> list[Row]:
    seconds = statistics.median(item.sync for item in rounds)
    floor = statistics.median(item.floor for item in rounds)
    ratio = statistics.median(item.floor / item.sync for item in rounds)
    what = f"{shape.what} ({seconds:.2f} s, {rounds[-1].requests} requests)"
    count = rounds[-1].transactions
    return [
        Row(what, shape.messages / seconds, "messages/s", "floor", ratio),
        Row(f"floor: its {count} transactions alone", shape.messages / floor, "messages/s"),
    ]


async def _measure(folder: Path, url: str, shape: Shape) -> list[_Round]:
    practice = await Practice.open(folder, url, shape.people)
    author = Author(seed=4)
    rounds = []
    for number in range(ROUNDS):
        await practice.deposit(_texts(author, shape))
        shutil.rmtree(folder / "floor", ignore_errors=True)
        shutil.copytree(practice.place.folder, folder / "floor")
        async with await Messenger.open(practice.place, PASSPHRASE) as messenger:
            written = _recorded(messenger)
            requests = await _counted(messenger, url)
            start = time.perf_counter()
            report = await messenger.sync()
            if shape.reads:
                listed = await messenger.conversations()
                threads = [await messenger.thread(line.name) for line in listed]
                more = _FIRST_MESSAGES + number * _ANSWERS
                had = shape.messages * (number + 1) + shape.people * more
                assert sum(map(len, threads)) == had
            seconds = time.perf_counter() - start
            assert sum(report.arrived.values()) == shape.messages
            count = len(requests)
            transactions = list(written)
            await practice.answer(messenger)
        floor = await _floor(folder / "floor", transactions)
        rounds.append(_Round(seconds, floor, len(transactions), count))
    return rounds


def _texts(author: Author, shape: Shape) -> list[list[str]]:
    texts: list[list[str]] = [[] for _ in range(shape.people)]
    for number in range(shape.messages):
        texts[number % shape.people].append(author.text(_WORDS))
    return texts


def _recorded(messenger: Messenger) -> list[list[Statement]]:
    """Keep what is written from now on, transaction by transaction."""
    db = messenger.device.vault.db
    write = db.write
    written: list[list[Statement]] = []

    async def recording(statements: Iterable[Statement]) -> None:
        written.append(list(statements))
        await write(written[-1])

    db.write = recording  # type: ignore[method-assign]
    return written


async def _counted(messenger: Messenger, url: str) -> list[str]:
    """Keep the method and path of every request from now on."""
    relay = await messenger.device.relay(url)
    call = relay._call  # noqa: SLF001 - every request of a sync passes here
    asked: list[str] = []

    async def counting(method: str, path: str, *given: Any, **named: Any) -> bytes:  # noqa: ANN401
        asked.append(f"{method} {path.partition('?')[0]}")
        return await call(method, path, *given, **named)

    relay._call = counting  # type: ignore[method-assign]  # noqa: SLF001
    return asked


async def _floor(folder: Path, written: list[list[Statement]]) -> float:
    """Write the same transactions into the vault as it was before."""
    key = keyslots.unlock_with_passphrase(keyslots.read(folder), PASSPHRASE)
    db = await database.connect(folder, key)
    try:
        start = time.perf_counter()
        for statements in written:
            await db.write(statements)
        return time.perf_counter() - start
    finally:
        await db.close()
