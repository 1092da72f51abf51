"""Full-text search over everything that stands in the record, on this device only."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.vault.database import Database

MAX_RESULTS = 200


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """One entry of the record that holds the words.

    Attributes:
        book: the book's 16-byte id.
        position: the entry's number in its book.
        content: the entry as it is recorded.
    """

    book: bytes
    position: int
    content: bytes


async def search(db: Database, words: str, limit: int = 50, *, hidden: bool = False) -> list[Hit]:
    """Return the newest entries that hold all the words; the last word may be a beginning.

    Args:
        db: the vault's database.
        words: what a person typed; nothing in it is an operator.
        limit: at most this many, up to 200.
        hidden: return entries that were hidden as well.
    """
    query = _match_expression(words)
    if not query:
        return []
    rows = await db.fetch_all(
        "SELECT book, position, content FROM journal WHERE id IN"
        " (SELECT rowid FROM search WHERE search MATCH ?1"
        " AND (?3 OR rowid NOT IN (SELECT journal FROM hidden)) ORDER BY rowid DESC LIMIT ?2)"
        " AND content IS NOT NULL ORDER BY id DESC",
        (query, min(limit, MAX_RESULTS), hidden),
    )
    return [Hit(bytes(row[0]), row[1], row[2]) for row in rows]


def _match_expression(words: str) -> str:
    valid = words.replace("\x00", " ").encode(errors="replace").decode()
    quoted = ['"' + word.replace('"', '""') + '"' for word in valid.split()]
    return " ".join([*quoted[:-1], quoted[-1] + "*"]) if quoted else ""
