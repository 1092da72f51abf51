"""Texts that go out later: sealed when their time has come, and until then in no record."""

from __future__ import annotations

from dataclasses import dataclass, field

from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database, Row

_COLUMNS = """SELECT delayed.id, name, text, due, conversation FROM delayed
    JOIN conversation ON conversation.id = conversation"""


@dataclass(frozen=True, slots=True)
class Delayed:
    """A text that waits for its time; `due` is in Unix seconds, `conversation` a number."""

    id: int
    name: str
    text: str = field(repr=False)
    due: int
    conversation: int


async def every(db: Database) -> list[Delayed]:
    """Return all of them, the one that goes first before the others."""
    return [_delayed(row) for row in await db.fetch_all(f"{_COLUMNS} ORDER BY due, delayed.id")]


async def due_by(db: Database, moment: int) -> list[Delayed]:
    """Return those whose time has come, in their order."""
    sql = f"{_COLUMNS} WHERE due <= ? ORDER BY due, delayed.id"
    return [_delayed(row) for row in await db.fetch_all(sql, (moment,))]


async def find(db: Database, number: int) -> Delayed | None:
    """Return the one with a number."""
    row = await db.fetch_one(f"{_COLUMNS} WHERE delayed.id = ?", (number,))
    return None if row is None else _delayed(row)


async def count_of(db: Database, conversation: int) -> int:
    """Count those of a conversation."""
    sql = "SELECT count(*) FROM delayed WHERE conversation = ?"
    row = await db.fetch_one(sql, (conversation,))
    return 0 if row is None else int(row[0])


async def next_number(db: Database) -> int:
    """Return the number that the next one gets."""
    row = await db.fetch_one("SELECT seq FROM sqlite_sequence WHERE name = 'delayed'")
    return 1 if row is None else int(row[0]) + 1


def keep(change: Change, number: int, conversation: int, text: str, due: int) -> None:
    """Write one under the next number."""
    change.also("INSERT INTO delayed VALUES (?,?,?,?)", number, conversation, text, due)


def drop(change: Change, number: int) -> None:
    """Forget one."""
    change.also("DELETE FROM delayed WHERE id = ?", number)


def _delayed(row: Row) -> Delayed:
    return Delayed(row[0], row[1], row[2], row[3], row[4])
