"""The record's hash chain (docs/protocol.md, section 12): append-only, each entry salted."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from e2etherapy.errors import JournalBroken
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.octets import Octets


class BookId(Octets):
    """Names a book, 16 random bytes."""

    SIZE = 16
    __slots__ = ()


class EntrySalt(Octets):
    """Keeps a blanked content from being guessed, 32 random bytes."""

    __slots__ = ()


class Commitment(Octets):
    """H("journal-entry", salt, content), 32 bytes."""

    __slots__ = ()


class Head(Octets):
    """The chain's value after an entry, 32 bytes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `salt` and `content` are None together when it was blanked or erased."""

    position: int
    salt: EntrySalt | None
    content: bytes | None
    commitment: Commitment
    head: Head


def first_head(book: BookId) -> Head:
    """Return the head of an empty book."""
    return Head(labelled("journal-book", book))


def append(book: BookId, position: int, head: Head, content: bytes, salt: EntrySalt) -> Entry:
    """Return the entry that follows `head`."""
    del book
    commitment = Commitment(labelled("journal-entry", salt, content))
    return Entry(position, salt, content, commitment, _next(head, position, commitment))


def _next(head: Head, position: int, commitment: Commitment) -> Head:
    return Head(labelled("journal-chain", head, position.to_bytes(8, "big"), commitment))


class Verifier:
    """Checks entries one after another."""

    def __init__(self, book: BookId) -> None:
        """Start with an empty book."""
        self.position = 0
        self.head = first_head(book)

    def add(self, entry: Entry) -> None:
        """Check the next entry."""
        expected = _next(self.head, self.position + 1, entry.commitment)
        if entry.position != self.position + 1 or not hmac.compare_digest(expected, entry.head):
            raise JournalBroken(f"broken at {self.position + 1}")
        self.position += 1
        self.head = entry.head


def blank(entry: Entry) -> Entry:
    """Blank."""
    return replace(entry, salt=None, content=None)
