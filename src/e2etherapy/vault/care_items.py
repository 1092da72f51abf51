"""What two people have said about the therapy, and what was done about it, as rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Author

_OF_CARE = """journal IS NOT NULL AND kind NOT IN ('text', 'attachment', 'part', 'receipt',
    'read_mark', 'profile', 'journal_share', 'unknown')"""


@dataclass(frozen=True, slots=True, repr=False)
class CareRow:
    """An item about the therapy; `content` is its entry, or None where that was erased."""

    id: bytes
    kind: str
    author: Author
    content: bytes | None


async def every(
    db: Database, conversation: int, kinds: Collection[str] | None = None
) -> list[CareRow]:
    """Return a conversation's, in the order of the record.

    Args:
        db: where to look.
        conversation: its number.
        kinds: of these kinds alone; None for all.
    """
    some = "" if kinds is None else f" AND kind IN ({','.join('?' * len(kinds))})"
    rows = await db.fetch_all(
        "SELECT item.id, kind, author, content FROM item JOIN journal ON journal.id = item.journal"  # noqa: S608
        f" WHERE conversation = ? AND {_OF_CARE}{some} ORDER BY journal",
        (conversation, *(kinds or ())),
    )
    return [CareRow(bytes(row[0]), row[1], Author(row[2]), row[3]) for row in rows]


async def hidden(db: Database, conversation: int) -> list[tuple[Author, bytes]]:
    """Return by author and id which of a conversation's are hidden."""
    rows = await db.fetch_all(
        "SELECT author, item.id FROM hidden JOIN item ON item.journal = hidden.journal"  # noqa: S608
        f" WHERE conversation = ? AND item.{_OF_CARE}",
        (conversation,),
    )
    return [(Author(row[0]), bytes(row[1])) for row in rows]


async def resolutions(db: Database, conversation: int) -> dict[bytes, bytes]:
    """Return by the ids of items the entries that say what was done about them."""
    rows = await db.fetch_all(
        "SELECT item, content FROM resolution JOIN journal ON journal.id = resolution.journal"
        " WHERE conversation = ? AND content IS NOT NULL",
        (conversation,),
    )
    return {bytes(row[0]): bytes(row[1]) for row in rows}


async def resolved(db: Database, conversation: int) -> frozenset[bytes]:
    """Return the ids of the items about which something was done."""
    rows = await db.fetch_all("SELECT item FROM resolution WHERE conversation = ?", (conversation,))
    return frozenset(bytes(row[0]) for row in rows)
