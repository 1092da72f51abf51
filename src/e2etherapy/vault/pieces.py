"""What the other side has sent before: numbers and ids that are used, and pieces of long items."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Final

from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Author, Partial

_AT_ONCE: Final = 64
"""Pieces: less than a megabyte."""


async def used_by_peer(
    db: Database, conversation: int, sequences: list[int], ids: list[bytes]
) -> tuple[set[int], set[bytes]]:
    """Return which of these sequences and ids the other side has used before."""
    numbers = json.dumps(sequences)
    names = json.dumps([item.hex() for item in ids])
    rows = await db.fetch_all(
        "SELECT sequence, id FROM item WHERE conversation = ?1 AND author = 'peer' AND ("
        " sequence IN (SELECT value FROM json_each(?2))"
        " OR id IN (SELECT unhex(value) FROM json_each(?3)))"
        " UNION ALL SELECT NULL, id FROM spent_id WHERE conversation = ?1"
        " AND id IN (SELECT unhex(value) FROM json_each(?3))",
        (conversation, numbers, names),
    )
    return {int(row[0]) for row in rows if row[0] is not None}, {bytes(row[1]) for row in rows}


async def partials(db: Database, conversation: int) -> dict[bytes, Partial]:
    """Return the long items of the other side that are not complete, by id."""
    rows = await db.fetch_all(
        "SELECT conversation, whole, total, first_sequence, arrived, coalesce(day, 0) FROM partial"
        " WHERE conversation = ?",
        (conversation,),
    )
    return {bytes(row[1]): Partial(row[0], bytes(row[1]), *row[2:]) for row in rows}


async def numbers_used_by_peer(db: Database, conversation: int, among: range) -> set[int]:
    """Return which of these sequences the other side has used before."""
    rows = await db.fetch_all(
        "SELECT sequence FROM item WHERE conversation = ? AND author = 'peer'"
        " AND sequence BETWEEN ? AND ?",
        (conversation, among[0], among[-1]),
    )
    return {int(row[0]) for row in rows}


async def with_partials_before(db: Database, day: int) -> set[int]:
    """Return the conversations with a long item of which the last piece came before a day."""
    rows = await db.fetch_all("SELECT DISTINCT conversation FROM partial WHERE day < ?", (day,))
    return {int(row[0]) for row in rows}


async def with_all_pieces(db: Database) -> list[int]:
    """Return the conversations with a long item of which every piece is here."""
    rows = await db.fetch_all("SELECT DISTINCT conversation FROM partial WHERE arrived = total")
    return [int(row[0]) for row in rows]


async def of_whole(
    db: Database, conversation: int, author: Author, whole: bytes
) -> AsyncIterator[bytes]:
    """Yield the pieces of a long item in order, with few of them in memory."""
    position = -1
    while rows := await db.fetch_all(
        "SELECT data, position FROM chunk WHERE conversation = ? AND author = ? AND whole = ?"
        " AND position > ? ORDER BY position LIMIT ?",
        (conversation, author.value, whole, position, _AT_ONCE),
    ):
        for row in rows:
            yield bytes(row[0])
        position = rows[-1][1]
