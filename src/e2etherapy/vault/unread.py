"""Which messages of the other side have not been shown to this device's owner yet."""

from __future__ import annotations

from e2etherapy.vault.database import Database

_UNREAD = """FROM item WHERE conversation = ? AND author = 'peer' AND shown = 0
    AND journal IS NOT NULL AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile')"""


async def items(db: Database, conversation: int) -> list[bytes]:
    """Return the ids of what has not been shown."""
    rows = await db.fetch_all(f"SELECT id {_UNREAD}", (conversation,))
    return [bytes(row[0]) for row in rows]


async def count(db: Database, conversation: int) -> int:
    """Count what has not been shown."""
    row = await db.fetch_one(f"SELECT count(*) {_UNREAD}", (conversation,))
    return 0 if row is None else int(row[0])
