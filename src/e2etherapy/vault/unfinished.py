"""What somebody has begun to type and not finished: any number of texts for each place."""

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


async def of(db: Database, place: Place) -> list[Unfinished]:
    """Return what was begun in a place, the newest first."""
    rows = await db.fetch_all(
        "SELECT text, changed FROM unfinished WHERE kind = ? AND conversation IS ?"
        " ORDER BY changed DESC, rowid DESC",
        (place.kind, place.conversation),
    )
    return [Unfinished(row[0], row[1]) for row in rows]


async def conversations(db: Database, kind: str) -> set[int]:
    """Return the conversations in which something of a kind was begun."""
    rows = await db.fetch_all(
        "SELECT conversation FROM unfinished WHERE kind = ? AND conversation IS NOT NULL", (kind,)
    )
    return {int(row[0]) for row in rows}


def keep(change: Change, place: Place, text: Unfinished) -> None:
    """Write what was typed so far, beside whatever else was begun there."""
    change.also(
        "INSERT INTO unfinished VALUES (?,?,?,?)",
        place.kind,
        place.conversation,
        text.text,
        text.changed,
    )


def drop(change: Change, place: Place, text: str) -> None:
    """Forget what was begun in a place if it is this very text; no other one."""
    change.also(
        "DELETE FROM unfinished WHERE kind = ? AND conversation IS ? AND text = ?",
        place.kind,
        place.conversation,
        text,
    )
