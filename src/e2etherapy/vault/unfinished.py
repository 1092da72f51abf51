"""What somebody has begun to type and not finished: at most one text for each place."""

from __future__ import annotations

from dataclasses import dataclass, field

from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database

MESSAGE = "message"
"""The kind of what is sent as a text."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is typed: of what `kind` it is to be, and in which conversation, if in one."""

    kind: str
    conversation: int | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A text as far as it was typed; `changed` is when, in Unix seconds."""

    text: str = field(repr=False)
    changed: int


async def of(db: Database, place: Place) -> Unfinished | None:
    """Return what was begun in a place."""
    row = await db.fetch_one(
        "SELECT text, changed FROM unfinished WHERE kind = ? AND conversation IS ?",
        (place.kind, place.conversation),
    )
    return None if row is None else Unfinished(row[0], row[1])


async def conversations(db: Database, kind: str) -> set[int]:
    """Return the conversations in which something of a kind was begun."""
    rows = await db.fetch_all(
        "SELECT conversation FROM unfinished WHERE kind = ? AND conversation IS NOT NULL", (kind,)
    )
    return {int(row[0]) for row in rows}


def keep(change: Change, place: Place, text: str, changed: int) -> None:
    """Write what was typed so far in the place of what was there."""
    drop(change, place)
    change.also(
        "INSERT INTO unfinished VALUES (?,?,?,?)", place.kind, place.conversation, text, changed
    )


def drop(change: Change, place: Place) -> None:
    """Forget what was begun in a place."""
    change.also(
        "DELETE FROM unfinished WHERE kind = ? AND conversation IS ?",
        place.kind,
        place.conversation,
    )


def finish(change: Change, place: Place, text: str) -> None:
    """Forget what was begun in a place if it is this very text, which goes elsewhere now."""
    change.also(
        "DELETE FROM unfinished WHERE kind = ? AND conversation IS ? AND text = ?",
        place.kind,
        place.conversation,
        text,
    )
