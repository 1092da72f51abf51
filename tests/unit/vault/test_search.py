"""Searching the record: words are words, whatever characters they have."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.journal import record
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.wire.role import Role
from tests.support.homes import HandClock, home

ENTRIES = (
    "The café was closed AND the rain fell",
    'She said "not today" and left',
    "NEAR the river OR by the sea",
    "Ein Mädchen aus Łódź, naïve coöperation",
    "before\x00after the nul",
    "title: colon-separated well-being (twice) * ^ + {x}",
    "昨日はよく眠れた",
    "smile 😀 emoji",
    "don't and o’clock",
)


@pytest.fixture
async def messenger(tmp_path: Path) -> AsyncIterator[Messenger]:
    at = await home(tmp_path, Role.CLIENT, HandClock())
    async with await at.open() as opened:
        for text in ENTRIES:
            await opened.journal_write(text)
        yield opened


async def found(messenger: Messenger, words: str) -> set[int]:
    return {ENTRIES.index(hit.text) for hit in await messenger.search(words)}


CASES: dict[str, set[int]] = {
    "cafe": {0},
    "CAFÉ": {0},
    "cafe\u0301": {0},
    "clos": {0},
    "clo": {0, 8},
    "clo was": set(),
    "rain closed": {0},
    "AND": {0, 1, 8},
    "closed AND rain": {0},
    "closed AND NOT rain": set(),
    "NOT": {1},
    "NOT today": {1},
    "river OR sea": {2},
    "river OR rain": set(),
    "NEAR": {2},
    "NEAR(river sea, 99)": set(),
    '"not today"': {1},
    'today"not': set(),
    '"': set(),
    '""': set(),
    "'": set(),
    "*": set(),
    "-": set(),
    "^": set(),
    "text:café": set(),
    "title:": {5},
    "title: colon": {5},
    "well-being": {5},
    "{x}": {5},
    "madchen": {3},
    "naive cooperation": {3},
    "before": {4},
    "after\x00": {4},
    "\x00": set(),
    "   ": set(),
    "": set(),
    "昨日": {6},
    "emoji": {7},
    "don't": {8},
    "\udc80": set(),
    "caf\udc80": {0},
    "x" * 10_000: set(),
    "and " * 500: {0, 1, 8},
}


async def test_every_word_must_be_there_and_nothing_is_an_operator(messenger: Messenger) -> None:
    for words, expected in CASES.items():
        assert await found(messenger, words) == expected, words


async def test_the_newest_come_first_and_a_limit_holds(messenger: Messenger) -> None:
    change = await messenger.device.begin_private()
    for number in range(210):
        text = f"numbered {number}"
        entry = record.PrivateEntry(id=bytes(16), recorded=messenger.device.clock(), text=text)
        change.record(record.encode(entry), text)
    await messenger.device.vault.commit(change)
    newest = [hit.text for hit in await messenger.search("numbered", 3)]
    assert newest == ["numbered 209", "numbered 208", "numbered 207"]
    assert len(await messenger.search("numbered", 10_000)) == 200
