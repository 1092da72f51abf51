"""The record's hash chain: append-only, each entry salted (docs/protocol.md, section 12).

commitment(i) = H("journal-entry", salt(i), content(i))
head(0)       = H("journal-book", book id)
head(i)       = H("journal-chain", head(i-1), u64 i, commitment(i))
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from e2etherapy.errors import JournalBroken
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.octets import Octets

_POSITION = struct.Struct(">Q")


class BookId(Octets):
    """Names a book, 16 random bytes."""

    SIZE = 16
    __slots__ = ()


class EntrySalt(Octets):
    """Keeps a blanked content from being guessed, 32 random bytes."""

    __slots__ = ()


class Commitment(Octets):
    """What the chain holds of an entry, 32 bytes."""

    __slots__ = ()


class Head(Octets):
    """The chain's value after an entry, 32 bytes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One entry of a book.

    Attributes:
        position: its number in the book, from 1.
        salt: 32 bytes; None, together with `content`, when it was blanked or erased.
        content: JSON as it was stored, byte for byte.
        commitment: what the chain holds of salt and content.
        head: the chain's value after this entry.
    """

    position: int
    salt: EntrySalt | None
    content: bytes | None
    commitment: Commitment
    head: Head


@dataclass(frozen=True, slots=True)
class End:
    """Where a book ends.

    Attributes:
        position: number of its last entry; 0 if it is empty.
        head: the chain's value after that entry.
    """

    position: int
    head: Head


def first_head(book: BookId) -> Head:
    """Return the head of an empty book."""
    return Head(labelled("journal-book", book))


def beginning(book: BookId) -> End:
    """Return where an empty book ends."""
    return End(0, first_head(book))


def append(position: int, before: Head, content: bytes, salt: EntrySalt) -> Entry:
    """Return the entry at `position`, which follows the head `before`."""
    commitment = _commit(salt, content)
    return Entry(position, salt, content, commitment, _next(before, position, commitment))


def blank(entry: Entry) -> Entry:
    """Return the entry without its salt and content; the rest still verifies."""
    return replace(entry, salt=None, content=None)


class Verifier:
    """Checks a book's entries one after another, holding none of them.

    Attributes:
        position: how many entries have verified.
        head: the chain's value after them.
    """

    def __init__(self, book: BookId) -> None:
        """Start with an empty book."""
        self.position = 0
        self.head = first_head(book)

    def add(self, entry: Entry) -> None:
        """Check the next entry.

        Raises:
            JournalBroken: it is not the entry that was appended here.
        """
        position = self.position + 1
        if entry.position != position:
            raise JournalBroken(
                f"The record is broken: entry {position} is missing or out of its place."
            )
        if (entry.salt is None) != (entry.content is None):
            raise JournalBroken(f"The record is broken: entry {position} is only half blanked.")
        if entry.salt is not None and entry.content is not None:
            commitment = _commit(entry.salt, entry.content)
            if not hmac.compare_digest(commitment, entry.commitment):
                raise JournalBroken(f"The record is broken: entry {position} was changed.")
        head = _next(self.head, position, entry.commitment)
        if not hmac.compare_digest(head, entry.head):
            raise JournalBroken(
                f"The record is broken: entry {position} does not follow the one before it."
            )
        self.position, self.head = position, head

    def require_end(self, expected: End) -> None:
        """Check that the book ends here, after the entries that have verified.

        Raises:
            JournalBroken: it is known to end elsewhere.
        """
        if self.position < expected.position:
            first, last = self.position + 1, expected.position
            lost = f"Entry {last} is" if first == last else f"Entries {first} to {last} are"
            raise JournalBroken(
                f"The record is broken: it does not end where it should. {lost} missing."
            )
        if self.position > expected.position or not hmac.compare_digest(self.head, expected.head):
            raise JournalBroken(
                "The record is broken: it does not end where it should, after entry "
                f"{expected.position}."
            )


def verify(book: BookId, entries: Iterable[Entry], expected: End | None = None) -> Head:
    """Check a whole book and return its last head.

    Args:
        book: the book's id.
        entries: all of its entries, in order.
        expected: where the book is known to end, if that is known.

    Raises:
        JournalBroken: an entry was changed, removed, moved or inserted, or the end is missing.
    """
    verifier = Verifier(book)
    for entry in entries:
        verifier.add(entry)
    if expected is not None:
        verifier.require_end(expected)
    return verifier.head


def _commit(salt: EntrySalt, content: bytes) -> Commitment:
    return Commitment(labelled("journal-entry", salt, content))


def _next(head: Head, position: int, commitment: Commitment) -> Head:
    return Head(labelled("journal-chain", head, _POSITION.pack(position), commitment))
