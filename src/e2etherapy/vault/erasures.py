"""Entries that are not shown, and entries that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from e2etherapy.journal.chain import BookId
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database

_TOLD = "(SELECT journal FROM erased WHERE event = ?)"
_FORGET = (
    f"UPDATE journal SET salt = NULL, content = NULL WHERE id IN {_TOLD}",  # noqa: S608
    f"DELETE FROM search WHERE rowid IN {_TOLD}",  # noqa: S608
    f"DELETE FROM hidden WHERE journal IN {_TOLD}",  # noqa: S608
)
_NOTHING_NEW = f"UPDATE item SET shown = 1 WHERE conversation = ? AND journal IN {_TOLD}"  # noqa: S608
_FORGET_FILES = f"""DELETE FROM chunk WHERE (conversation, author, whole) IN
    (SELECT conversation, author, id FROM item WHERE conversation = ? AND journal IN {_TOLD})"""  # noqa: S608
_ITS_FILES = """SELECT id FROM item WHERE conversation = ?1 AND author = 'own' AND journal IN
    (SELECT journal FROM erased WHERE event = ?2)"""
_TAKE_BACK = (
    # What is sealed of a file still goes out; it is not the file, whose state it must not raise.
    f"""UPDATE outbox SET sequence = 0 WHERE conversation = ?1 AND sequence IN
    (SELECT sequence FROM outgoing WHERE conversation = ?1 AND item IN ({_ITS_FILES}))""",  # noqa: S608
    f"DELETE FROM outgoing WHERE conversation = ?1 AND item IN ({_ITS_FILES})",  # noqa: S608
)
_BESIDE = (
    "DELETE FROM draft WHERE conversation = ?",
    "DELETE FROM delayed WHERE conversation = ?",
    "DELETE FROM unfinished WHERE conversation = ?",
    # Their ids stay used: what comes of them later is refused.
    "INSERT OR IGNORE INTO spent_id SELECT conversation, whole FROM partial WHERE conversation = ?",
    "DELETE FROM chunk WHERE conversation = ?",
    "DELETE FROM partial WHERE conversation = ?",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an entry stands, and what has become of it.

    Attributes:
        position: its number in the book.
        journal: its number in the vault.
        hidden: it is not shown unless asked for.
        erased: its content is gone.
    """

    position: int
    journal: int
    hidden: bool
    erased: bool


async def standings(db: Database, book: BookId) -> dict[int, Standing]:
    """Return how every entry of a book stands, by its number in the book."""
    rows = await db.fetch_all(
        "SELECT position, id, hidden.journal IS NOT NULL, content IS NULL FROM journal"
        " LEFT JOIN hidden ON hidden.journal = id WHERE book = ? ORDER BY position",
        (bytes(book),),
    )
    return {row[0]: Standing(row[0], row[1], bool(row[2]), bool(row[3])) for row in rows}


async def hidden_in(db: Database, book: BookId) -> frozenset[int]:
    """Return the numbers in the vault of a book's hidden entries."""
    rows = await db.fetch_all(
        "SELECT id FROM hidden JOIN journal ON id = hidden.journal WHERE book = ?", (bytes(book),)
    )
    return frozenset(int(row[0]) for row in rows)


def hide(change: Change, journal: int) -> None:
    """Do not show an entry; what it says was seen by whoever hides it."""
    change.also("INSERT OR IGNORE INTO hidden VALUES (?)", journal)


def mark_seen(change: Change, conversation: int, journal: int) -> None:
    """Count a message as shown: nobody can read a hidden one to make it so."""
    change.also(
        "UPDATE item SET shown = 1 WHERE conversation = ? AND journal = ?", conversation, journal
    )


def unhide(change: Change, journal: int) -> None:
    """Show an entry again."""
    change.also("DELETE FROM hidden WHERE journal = ?", journal)


def erase(
    change: Change, conversation: int | None, gone: Sequence[tuple[int, int | None]], event: int
) -> None:
    """Erase what entries say, from the record, the search and their files.

    Salt and content are overwritten (secure_delete), and the log is emptied with the transaction.
    Commitment and head stay, so that the chain holds.

    Args:
        change: gathers it.
        conversation: whose they are; None for the private journal.
        gone: their numbers in the vault, and when each was recorded (Unix seconds) if that is
            known.
        event: the number of the entry that says so.
    """
    for journal, recorded in gone:
        change.also("INSERT INTO erased VALUES (?,?,?)", journal, recorded, event)
    for statement in _FORGET:
        change.also(statement, event)
    if conversation is not None:
        for statement in (*_TAKE_BACK, _FORGET_FILES):
            change.also(statement, conversation, event)
        change.also(_NOTHING_NEW, conversation, event)
    # The index keeps the words of what was deleted until its segments are merged.
    change.also("INSERT INTO search (search) VALUES (?)", "optimize")


def forget_beside(change: Change, conversation: int) -> None:
    """Forget what is beside a record that was erased: what was begun, and what came in part."""
    for statement in _BESIDE:
        change.also(statement, conversation)
