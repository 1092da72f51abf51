"""Books of the record for tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import msgspec

from e2etherapy.journal import record
from e2etherapy.journal.chain import BookId, End, Entry, EntrySalt, append, first_head
from e2etherapy.wire import content
from e2etherapy.wire.content import AnyItem

WHEN = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
BOOK = BookId(bytes(range(16)))


def salt(number: int) -> EntrySalt:
    return EntrySalt(hashlib.sha256(number.to_bytes(8, "big")).digest())


def book_of(contents: list[bytes], book: BookId = BOOK) -> list[Entry]:
    head = first_head(book)
    entries = []
    for position, data in enumerate(contents, 1):
        entry = append(position, head, data, salt(position))
        entries.append(entry)
        head = entry.head
    return entries


def end_of(entries: list[Entry]) -> End:
    return End(entries[-1].position, entries[-1].head)


def received(item: AnyItem) -> bytes:
    raw = msgspec.Raw(content.encode_item(item))
    return record.encode(record.Message(direction="received", recorded=WHEN, item=raw))


def private(text: str, mood: int | None = None) -> bytes:
    return record.encode(record.PrivateEntry(id=bytes(16), recorded=WHEN, text=text, mood=mood))
