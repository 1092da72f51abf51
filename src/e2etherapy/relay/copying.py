"""What a copy of a relay consists of, whatever the databases are.

A copy is compared by a hash over every row of a table in the order of its keys, which are hashes
too and have the same order everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

Row = tuple[bytes | int | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns, and how many of them, from the first, are its key."""

    name: str
    columns: tuple[str, ...]
    key: int = 1

    def query(self) -> str:
        """Return the statement that reads all rows in the order of the key."""
        key = ", ".join(self.columns[: self.key])
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {key}"  # noqa: S608


TABLES: Final = (
    Table("allowance", ("hash", "remaining")),
    Table("ticket", ("hash", "put_mark")),
    Table("mailbox", ("id", "deposit_key_hash", "last_position")),
    Table("envelope", ("mailbox", "position", "digest", "day", "envelope"), key=2),
    Table("invitation", ("locator", "last_day", "claim_hash", "claim_day", "bundle")),
)
"""Everything that a relay keeps; a mailbox comes before its envelopes."""


@dataclass(slots=True)
class Summary:
    """How many rows a table has, and a hash over all that is in them."""

    rows: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, row: Row) -> None:
        """Take one more row, in the order of the key."""
        self.rows += 1
        # MessagePack says where each value ends.
        self._hash.update(msgspec.msgpack.encode(row))

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on, having taken them."""
        for row in rows:
            self.add(row)
            yield row

    def matches(self, other: Summary) -> bool:
        """Say whether both have seen the same rows."""
        return self.rows == other.rows and self._hash.digest() == other._hash.digest()


@dataclass(frozen=True, slots=True)
class Copied:
    """How much was copied."""

    allowances: int
    tickets: int
    mailboxes: int
    envelopes: int
    invitations: int
