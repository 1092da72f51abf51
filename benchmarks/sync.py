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

from benchmarks import correspondents
from benchmarks.correspondents import PASSPHRASE, place
from benchmarks.relay_process import relay_process
from benchmarks.results import Row
from benchmarks.words import Author
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.relay_connection import RelayConnection
from e2etherapy.vault import database, keyslots
from e2etherapy.vault.database import Statement

TITLE = "Sync: fetch, open, store, acknowledge (one relay process, one device)"
ROUNDS = 3
WORDS = 90


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
    Shape("a Monday: 109 messages of 50 people, threads read", 50, 109, reads=True),
)


@dataclass(frozen=True, slots=True)
class _Round:
    sync: float
    floor: float
    transactions: int


def run() -> list[Row]:
    """Measure each shape and its floor in turn, several times."""
    rounds: dict[Shape, list[_Round]] = {shape: [] for shape in SHAPES}
    for _ in range(ROUNDS):
        for shape, measured in rounds.items():
            with tempfile.TemporaryDirectory() as folder:
                measured.append(_measure(Path(folder), shape))
    return [row for shape, measured in rounds.items() for row in _rows(shape, measured)]


def _rows(shape: Shape, measured: list[_Round]) -> list[Row]:
    sync = statistics.median(item.sync for item in measured)
    ratio = statistics.median(item.floor / item.sync for item in measured)
    floor = shape.messages / statistics.median(item.floor for item in measured)
    bare = f"its {measured[0].transactions} transactions alone"
    return [
        Row(shape.what, sync, "s"),
        Row(shape.what, shape.messages / sync, "messages/s", "floor", ratio),
        Row(f"floor: {bare}", floor, "messages/s"),
    ]


def _measure(folder: Path, shape: Shape) -> _Round:
    with relay_process(folder / "relay.db") as url:
        return asyncio.run(_first_sync(folder, url, shape))


async def _first_sync(folder: Path, url: str, shape: Shape) -> _Round:
    messenger = await correspondents.therapist(folder, url, folder / "relay.db", shape.people)
    async with messenger, RelayConnection(url) as relay:
        clients = await correspondents.meet(messenger, relay, shape.people)
        await correspondents.write_all(relay, clients, _texts(shape))
    shutil.copytree(folder / "vault", folder / "floor")
    async with await Messenger.open(place(folder), PASSPHRASE) as messenger:
        written = _recorded(messenger)
        start = time.perf_counter()
        report = await messenger.sync()
        if shape.reads:
            listed = await messenger.conversations()
            threads = [await messenger.thread(line.name) for line in listed]
            assert sum(map(len, threads)) == shape.messages
        seconds = time.perf_counter() - start
        assert sum(report.arrived.values()) == shape.messages
    return _Round(seconds, await _floor(folder / "floor", written), len(written))


def _texts(shape: Shape) -> list[list[str]]:
    author = Author(seed=4)
    texts: list[list[str]] = [[] for _ in range(shape.people)]
    for number in range(shape.messages):
        texts[number % shape.people].append(author.text(WORDS))
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
