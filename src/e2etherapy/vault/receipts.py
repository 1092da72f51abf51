"""What the other side is still to be told: that something has arrived, or was read."""

from __future__ import annotations

from e2etherapy.vault.database import Database
from e2etherapy.vault.records import State


async def with_some_due(db: Database, until: int) -> list[int]:
    """Return the conversations in which something is to be receipted by `until` (Unix seconds)."""
    rows = await db.fetch_all(
        "SELECT DISTINCT conversation FROM receipt_due WHERE due <= ? ORDER BY conversation",
        (until,),
    )
    return [int(row[0]) for row in rows]


async def due(db: Database, conversation: int, until: int | None) -> list[bytes]:
    """Return items to be receipted: those due by `until` (Unix seconds), or all of them."""
    rows = await db.fetch_all(
        "SELECT item FROM receipt_due WHERE conversation = ?1 AND (?2 IS NULL OR due <= ?2)"
        " ORDER BY due LIMIT 256",
        (conversation, until),
    )
    return [bytes(row[0]) for row in rows]


async def unmarked(db: Database, conversation: int) -> list[bytes]:
    """Return items of the other side that were shown, and that no read mark was sent for."""
    rows = await db.fetch_all(
        "SELECT id FROM item WHERE conversation = ? AND author = 'peer' AND state = ? AND shown"
        " AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile') ORDER BY sequence LIMIT 256",
        (conversation, State.RECEIVED.value),
    )
    return [bytes(row[0]) for row in rows]
