"""Texts with placeholders, kept under names of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from e2etherapy.vault.change import Change, name_key
from e2etherapy.vault.database import Database


@dataclass(frozen=True, slots=True)
class Kept:
    """A template as it was written."""

    name: str
    text: str = field(repr=False)


async def every(db: Database) -> list[Kept]:
    """Return all templates, by name."""
    rows = await db.fetch_all("SELECT name, text FROM template ORDER BY name_key")
    return [Kept(row[0], row[1]) for row in rows]


async def find(db: Database, name: str) -> Kept | None:
    """Return the template under a name, whatever its case and spacing."""
    row = await db.fetch_one(
        "SELECT name, text FROM template WHERE name_key = ?", (name_key(name),)
    )
    return None if row is None else Kept(row[0], row[1])


def keep(change: Change, name: str, text: str) -> None:
    """Write a template under a name that none has."""
    change.also("INSERT INTO template VALUES (?,?,?)", name_key(name), name, text)


def drop(change: Change, name: str) -> None:
    """Forget a template."""
    change.also("DELETE FROM template WHERE name_key = ?", name_key(name))
