"""Reading what the relay still has to be told, in order."""

from __future__ import annotations

import msgspec

from e2etherapy.vault.database import Database
from e2etherapy.vault.records import CloseMailbox, Errand, OutboxRow

PAGE = 32
_decoder: msgspec.msgpack.Decoder[Errand] = msgspec.msgpack.Decoder(Errand)


async def conversations_with_errands(db: Database) -> list[int]:
    """Return the conversations that have errands, those with the oldest first."""
    rows = await db.fetch_all(
        "SELECT conversation FROM outbox WHERE conversation IS NOT NULL"
        " GROUP BY conversation ORDER BY min(id)"
    )
    return [int(row[0]) for row in rows]


async def waiting(db: Database, conversation: int, limit: int = PAGE) -> list[OutboxRow]:
    """Return a conversation's next errands in order."""
    rows = await db.fetch_all(
        "SELECT id, conversation, errand, sequence FROM outbox WHERE conversation = ?"
        " ORDER BY id LIMIT ?",
        (conversation, limit),
    )
    return [OutboxRow(row[0], row[1], _decoder.decode(row[2]), row[3]) for row in rows]


async def closings(db: Database) -> list[tuple[OutboxRow, CloseMailbox]]:
    """Return the mailboxes to be closed of conversations that are not in the vault any more."""
    rows = await db.fetch_all(
        "SELECT id, errand, sequence FROM outbox WHERE conversation IS NULL ORDER BY id"
    )
    found = [(row, _decoder.decode(row[1])) for row in rows]
    return [
        (OutboxRow(row[0], None, errand, row[2]), errand)
        for row, errand in found
        if isinstance(errand, CloseMailbox)
    ]


async def count(db: Database) -> int:
    """Count all errands, with the pieces of files that are not sealed yet."""
    row = await db.fetch_one(
        "SELECT (SELECT count(*) FROM outbox)"
        " + (SELECT coalesce(sum(total - sealed), 0) FROM outgoing)"
    )
    return 0 if row is None else int(row[0])


async def count_of(db: Database, conversation: int) -> int:
    """Count a conversation's errands."""
    row = await db.fetch_one("SELECT count(*) FROM outbox WHERE conversation = ?", (conversation,))
    return 0 if row is None else int(row[0])
