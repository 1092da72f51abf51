"""Which therapies have ended, and what of a conversation goes when it is closed."""

from __future__ import annotations

from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database

_ENDINGS = "FROM item WHERE kind = 'ending'"
"""The words of the index `item_of_ending`: a look through all items would take longer every year.
"""


async def has_ended(db: Database, conversation: int) -> bool:
    """Say whether either side has ended a therapy with a letter."""
    row = await db.fetch_one(
        f"SELECT 1 {_ENDINGS} AND conversation = ? LIMIT 1",
        (conversation,),
    )
    return row is not None


async def ended(db: Database) -> frozenset[int]:
    """Return the conversations whose therapy was ended with a letter."""
    rows = await db.fetch_all(f"SELECT DISTINCT conversation {_ENDINGS}")
    return frozenset(int(row[0]) for row in rows)


async def undelivered(db: Database, conversation: int) -> int:
    """Count what somebody has said in a conversation and has not left this device."""
    row = await db.fetch_one(
        "SELECT count(*) FROM (SELECT outbox.sequence FROM outbox JOIN item ON"
        " item.conversation = outbox.conversation AND item.author = 'own'"
        " AND item.sequence = outbox.sequence WHERE outbox.conversation = ?"
        " AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile')"
        " UNION SELECT sequence FROM outgoing WHERE conversation = ?)",
        (conversation, conversation),
    )
    return 0 if row is None else int(row[0])


def forget_what_waits(change: Change, conversation: int) -> None:
    """Forget what a conversation still had to tell the relay, and which receipts it owed."""
    change.also("DELETE FROM outbox WHERE conversation = ?", conversation)
    change.also("DELETE FROM outgoing WHERE conversation = ?", conversation)
    change.also("DELETE FROM receipt_due WHERE conversation = ?", conversation)
