"""Reading the record's books from the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator

from e2etherapy.journal import chain
from e2etherapy.journal.chain import BookId, Commitment, End, Entry, EntrySalt, Head
from e2etherapy.vault.database import Database, Row

_PAGE = 256


async def entries(db: Database, book: BookId) -> AsyncIterator[Entry]:
    """Yield a book's entries in order, without holding all of them.

    Each page is read to its end: a reader that stays open would keep the log from being emptied.
    """
    last = 0
    while rows := await db.fetch_all(
        "SELECT position, salt, content, commitment, head FROM journal"
        " WHERE book = ? AND position > ? ORDER BY position LIMIT ?",
        (bytes(book), last, _PAGE),
    ):
        for row in rows:
            yield _entry(row)
        last = int(rows[-1][0])


async def end(db: Database, book: BookId) -> End:
    """Return where a book ends, as it was written together with its last entry."""
    row = await db.fetch_one("SELECT position, head FROM book WHERE id = ?", (bytes(book),))
    return chain.beginning(book) if row is None else End(int(row[0]), Head(row[1]))


async def entry(db: Database, book: BookId, position: int) -> Entry | None:
    """Return one entry of a book."""
    row = await db.fetch_one(
        "SELECT position, salt, content, commitment, head FROM journal"
        " WHERE book = ? AND position = ?",
        (bytes(book), position),
    )
    return None if row is None else _entry(row)


def _entry(row: Row) -> Entry:
    return Entry(
        position=row[0],
        salt=None if row[1] is None else EntrySalt(row[1]),
        content=row[2],
        commitment=Commitment(row[3]),
        head=Head(row[4]),
    )
