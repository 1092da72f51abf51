"""How long conversations are kept, which of them nothing may be erased of, and when what was."""

from __future__ import annotations

from e2etherapy.therapy.timeline import Reading
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database

DEFAULT = "retention"
"""The setting that holds the rule of all conversations that have none of their own."""

# A content that is no JSON tells neither time nor event: it is damaged, and counts as kept.
_READINGS = """SELECT book, coalesce(recorded, unixepoch(said ->> '$.recorded')), contact,
        said ->> '$.event', kept
    FROM (SELECT journal.id AS number, book, recorded,
            journal.id IN (SELECT journal FROM item WHERE journal IS NOT NULL
                AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile')) AS contact,
            CASE WHEN json_valid(CAST(content AS TEXT)) THEN CAST(content AS TEXT) END AS said,
            content IS NOT NULL AS kept
        FROM journal LEFT JOIN erased ON erased.journal = journal.id)
    ORDER BY number"""


async def readings(db: Database) -> list[Reading]:
    """Return when each entry of the vault was recorded, in the order in which that was done."""
    return [
        Reading(bytes(row[0]), row[1], bool(row[2]), row[3], bool(row[4]))
        for row in await db.fetch_all(_READINGS)
    ]


async def rules(db: Database) -> dict[int, str]:
    """Return the rules of conversations that have one of their own."""
    rows = await db.fetch_all("SELECT conversation, rule FROM retention")
    return {int(row[0]): str(row[1]) for row in rows}


def set_rule(change: Change, conversation: int, rule: str) -> None:
    """Write a conversation's own rule."""
    change.also("INSERT OR REPLACE INTO retention VALUES (?,?)", conversation, rule)


async def holds(db: Database) -> dict[int, bytes]:
    """Return of each conversation that is held the entry that says so."""
    rows = await db.fetch_all(
        "SELECT conversation, content FROM hold JOIN journal ON journal.id = hold.event"
    )
    return {int(row[0]): row[1] for row in rows}


def place_hold(change: Change, conversation: int, event: int) -> None:
    """Let nothing of a conversation be erased."""
    change.also("INSERT INTO hold VALUES (?,?)", conversation, event)


def lift_hold(change: Change, conversation: int) -> None:
    """Let a conversation be erased again."""
    change.also("DELETE FROM hold WHERE conversation = ?", conversation)


async def beside(db: Database) -> frozenset[int]:
    """Return the conversations in which something is kept beside the record.

    That is process notes, drafts, texts for later or begun, and long items that came in part.
    """
    rows = await db.fetch_all(
        "SELECT conversation FROM note WHERE sealed IS NOT NULL"
        " UNION SELECT conversation FROM draft UNION SELECT conversation FROM delayed"
        " UNION SELECT conversation FROM unfinished WHERE conversation IS NOT NULL"
        " UNION SELECT conversation FROM partial"
    )
    return frozenset(int(row[0]) for row in rows)
