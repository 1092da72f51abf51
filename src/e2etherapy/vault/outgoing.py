"""Files on their way out: which of their pieces have been sealed, and where the others lie."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import State


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file of which not every piece is sealed yet.

    Attributes:
        item: its 16-byte id, under which its pieces are kept.
        sequence: that of its first piece.
        written: when it was sent, in Unix seconds.
        total: number of pieces.
        sealed: of these, the first so many are sealed.
    """

    id: int
    conversation: int
    item: bytes
    sequence: int
    written: int
    total: int
    sealed: int


_COLUMNS = "SELECT id, conversation, item, sequence, written, total, sealed FROM outgoing"


async def first_of(db: Database, conversation: int) -> Outgoing | None:
    """Return the file of a conversation that goes out next."""
    row = await db.fetch_one(
        f"{_COLUMNS} WHERE conversation = ? ORDER BY id LIMIT 1", (conversation,)
    )
    return None if row is None else Outgoing(row[0], row[1], bytes(row[2]), *row[3:])


async def count_of(db: Database, conversation: int) -> tuple[int, int]:
    """Return how many files of a conversation are on their way, and their pieces to be sealed."""
    row = await db.fetch_one(
        "SELECT count(*), coalesce(sum(total - sealed), 0) FROM outgoing WHERE conversation = ?",
        (conversation,),
    )
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


async def conversations(db: Database) -> list[int]:
    """Return the conversations with files on their way, those with the oldest first."""
    rows = await db.fetch_all(
        "SELECT conversation FROM outgoing GROUP BY conversation ORDER BY min(id)"
    )
    return [int(row[0]) for row in rows]


async def next_pieces(db: Database, file: Outgoing, most: int) -> list[bytes]:
    """Return the next pieces of a file that are to be sealed, at most so many."""
    rows = await db.fetch_all(
        "SELECT data FROM chunk WHERE conversation = ? AND author = 'own' AND whole = ?"
        " AND position >= ? ORDER BY position LIMIT ?",
        (file.conversation, file.item, file.sealed, most),
    )
    return [bytes(row[0]) for row in rows]


async def not_fetched_before(db: Database, file: Outgoing, since: int) -> int:
    """Count the pieces of earlier files, written since a moment (Unix seconds), without receipt."""
    row = await db.fetch_one(
        "SELECT count(*) FROM item JOIN chunk ON chunk.conversation = item.conversation"
        " AND chunk.author = 'own' AND chunk.whole = item.id WHERE item.conversation = ?"
        " AND item.author = 'own' AND kind = 'attachment' AND state < ? AND written >= ?"
        " AND sequence < ?",
        (file.conversation, State.FETCHED.value, since, file.sequence),
    )
    return 0 if row is None else int(row[0])


def begin(change: Change, file: Outgoing) -> None:
    """Remember a file of which `sealed` pieces are sealed; its `id` is drawn by the vault."""
    change.also(
        "INSERT INTO outgoing (conversation, item, sequence, written, total, sealed)"
        " VALUES (?,?,?,?,?,?)",
        file.conversation,
        file.item,
        file.sequence,
        file.written,
        file.total,
        file.sealed,
    )


def advance(change: Change, file: Outgoing, count: int) -> None:
    """Remember that further pieces are sealed; a file without others is forgotten."""
    if file.sealed + count >= file.total:
        drop(change, file)
    else:
        change.also("UPDATE outgoing SET sealed = ? WHERE id = ?", file.sealed + count, file.id)


def cut_short(change: Change, file: Outgoing) -> None:
    """Forget that a file is on its way of which no more is sealed: it never becomes stored.

    What was sealed and waits still goes out, under no item: the first piece says which numbers
    belong to the file, so that the reader misses nothing else, and no key is kept for the others.
    """
    change.also(
        "UPDATE outbox SET sequence = 0 WHERE conversation = ? AND sequence = ?",
        file.conversation,
        file.sequence,
    )
    drop(change, file)


def drop(change: Change, file: Outgoing) -> None:
    """Forget that a file is on its way."""
    change.also("DELETE FROM outgoing WHERE id = ?", file.id)
