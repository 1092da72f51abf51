"""Search in a vault of 300,000 messages, beside FTS5 in SQLite without encryption.

The words follow Zipf's law. Both hold the same texts and are asked the same questions in turn.
What is timed is the messenger's search: query, decryption, and the newest 50 messages decoded;
the peer returns 50 texts.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlcipher3 import dbapi2 as sqlite

from benchmarks.results import Row
from benchmarks.words import Author
from e2etherapy.journal import record
from e2etherapy.messenger.clock import system_clock
from e2etherapy.messenger.meeting import inviting
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url, content
from e2etherapy.wire.content import Text
from e2etherapy.wire.role import Role

TITLE = "Search in 300,000 messages of 30 words (newest 50)"
MESSAGES = 300_000
_WORDS = 30
_PEOPLE = 10
_AT_ONCE = 5_000
_QUERIES = 100
_LIMIT = 50
_GOAL = "p99 < 200 ms"
_RELAY = "http://127.0.0.1:1"
_MATCH = """SELECT text FROM message WHERE id IN
    (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?) ORDER BY id DESC"""


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of one kind of query."""

    vault: list[float]
    plain: list[float]


def run() -> list[Row]:
    """Fill both with the same texts and ask both the same questions."""
    with tempfile.TemporaryDirectory() as folder:
        times = asyncio.run(_measure(Path(folder)))
    return [row for kind, measured in times.items() for row in _rows(kind, measured)]


def _rows(kind: str, times: _Times) -> Iterator[Row]:
    vault, plain = (statistics.quantiles(values, n=100) for values in (times.vault, times.plain))
    for name, index, goal in (("p50", 49, ""), ("p99", 98, _GOAL)):
        ratio = vault[index] / plain[index]
        yield Row(f"{kind}, {name}", vault[index], "ms", "plain FTS5", ratio, goal)


async def _measure(folder: Path) -> dict[str, _Times]:
    allowance = base64url.encode(system_entropy(32))
    place = Place(folder / "vault", folder / "state")
    messenger, _ = await Messenger.create(
        place, Role.THERAPIST, "drizzle on the tin roof", _RELAY, allowance=allowance
    )
    plain = _plain(folder / "plain.db")
    author = Author(seed=7)
    async with messenger:
        await _fill(messenger, plain, author)
        times = {kind: await _ask(messenger, plain, queries) for kind, queries in _queries(author)}
    plain.close()
    return times


def _plain(path: Path) -> sqlite.Connection:
    database = sqlite.connect(path, isolation_level=None)  # without a key: not encrypted
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA cache_size = -32768")
    database.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT)")
    database.execute(
        "CREATE VIRTUAL TABLE search USING fts5(text, content='', contentless_delete=1, prefix='2',"
        " tokenize='unicode61 remove_diacritics 2')"
    )
    return database


async def _fill(messenger: Messenger, plain: sqlite.Connection, author: Author) -> None:
    people = [
        (await inviting.prepare(messenger.device, f"Client {number}", 14))[0]
        for number in range(1, _PEOPLE + 1)
    ]
    for start in range(0, MESSAGES, _AT_ONCE):
        texts = [author.text(_WORDS) for _ in range(_AT_ONCE)]
        await _record(messenger, people[start // _AT_ONCE % _PEOPLE], texts)
        rows = list(enumerate(texts, start + 1))
        plain.execute("BEGIN")
        plain.executemany("INSERT INTO message VALUES (?, ?)", rows)
        plain.executemany("INSERT INTO search (rowid, text) VALUES (?, ?)", rows)
        plain.execute("COMMIT")


async def _record(messenger: Messenger, person: ConversationRecord, texts: list[str]) -> None:
    """Put received messages into one person's record, as a sync does."""
    change = await messenger.device.begin(person)
    now = system_clock()
    for number, text in enumerate(texts, 1):
        item = Text(id=number.to_bytes(16, "big"), sequence=number, written=now, text=text)
        encoded = msgspec.Raw(content.encode_item(item))
        entry = record.Message(direction="received", recorded=now, item=encoded)
        change.record(record.encode(entry), text)
    await messenger.device.vault.commit(change)


def _queries(author: Author) -> list[tuple[str, list[str]]]:
    """Return questions whose last word is, as always, also the beginning of longer ones."""
    draw = random.Random(11)
    common, middle, rare = author.words[:20], author.words[200:2_000], author.words[20_000:]

    def chosen(words: Sequence[str]) -> list[str]:
        return draw.choices(words, k=_QUERIES)

    def pairs(first: Sequence[str], last: Sequence[str]) -> list[str]:
        return [f"{a} {b[:3]}" for a, b in zip(chosen(first), chosen(last), strict=True)]

    return [
        ("a rare word", chosen(rare)),
        ("a common word", chosen(common)),
        ("two words, the last one begun", pairs(middle, middle)),
        ("two common words, the last one begun", pairs(common, common)),
        ("two letters of a word", [word[:2] for word in chosen(middle)]),
    ]


async def _ask(messenger: Messenger, plain: sqlite.Connection, queries: Sequence[str]) -> _Times:
    times = _Times([], [])
    for query in queries:
        start = time.perf_counter()
        found = await messenger.search(query, _LIMIT)
        between = time.perf_counter()
        rows = plain.execute(_MATCH, (f"{query}*", _LIMIT)).fetchall()
        end = time.perf_counter()
        assert [view.text for view in found] == [text for (text,) in rows]
        times.vault.append((between - start) * 1000)
        times.plain.append((end - between) * 1000)
    return times
