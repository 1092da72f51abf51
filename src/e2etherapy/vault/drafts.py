"""Replies that were written and not sent: at most one for each conversation."""

from __future__ import annotations

from dataclasses import dataclass, field

from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database, Row

_COLUMNS = """SELECT conversation, name, text, changed FROM draft
    JOIN conversation ON id = conversation"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft; `changed` is when it was written, in Unix seconds."""

    conversation: int
    name: str
    text: str = field(repr=False)
    changed: int


async def every(db: Database) -> list[Draft]:
    """Return all drafts, in the order of their conversations."""
    return [_draft(row) for row in await db.fetch_all(f"{_COLUMNS} ORDER BY conversation")]


async def of(db: Database, conversation: int) -> Draft | None:
    """Return the draft of a conversation."""
    row = await db.fetch_one(f"{_COLUMNS} WHERE conversation = ?", (conversation,))
    return None if row is None else _draft(row)


def keep(change: Change, conversation: int, text: str, changed: int) -> None:
    """Write a draft in the place of the one that is there."""
    change.also("INSERT OR REPLACE INTO draft VALUES (?,?,?)", conversation, text, changed)


def drop(change: Change, conversation: int) -> None:
    """Forget a draft."""
    change.also("DELETE FROM draft WHERE conversation = ?", conversation)


def _draft(row: Row) -> Draft:
    return Draft(row[0], row[1], row[2], row[3])
