"""Process notes that are being typed: sealed as those that are kept, beside what else was begun.

Such a text has the number 0, which no kept note has, and lies in base64 where others lie in plain.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from e2etherapy.errors import AuthenticationFailed
from e2etherapy.journal.chain import BookId
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import notes, unfinished
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database
from e2etherapy.vault.notes import BEGUN, Note
from e2etherapy.vault.notes_key import NotesKey
from e2etherapy.vault.unfinished import Place, Unfinished

KIND = "note"


@dataclass(frozen=True, slots=True)
class BegunNote:
    """A note as far as it was typed.

    Attributes:
        conversation: its number in the vault.
        book: the 16-byte id of the conversation's book.
        changed: when its last line was typed, Unix seconds.
        stored: how it lies in the vault.
        text: what it says; None if the key does not open it there.
    """

    conversation: int
    book: BookId
    changed: int
    stored: str = field(repr=False)
    text: str | None = field(repr=False)


async def every(db: Database, key: NotesKey) -> list[BegunNote]:
    """Return those on all conversations, the newest first."""
    rows = await db.fetch_all(
        "SELECT conversation, book, changed, text FROM unfinished"
        " JOIN conversation ON conversation.id = conversation WHERE kind = ?"
        " ORDER BY changed DESC, unfinished.rowid DESC",
        (KIND,),
    )
    return [_opened(key, Note(row[0], BookId(row[1]), BEGUN, row[2]), row[3]) for row in rows]


async def of(db: Database, key: NotesKey, conversation: int) -> list[BegunNote]:
    """Return those on a conversation, the newest first."""
    return [one for one in await every(db, key) if one.conversation == conversation]


def keep(change: Change, key: NotesKey, note: Note, text: str, entropy: Entropy) -> None:
    """Seal what was typed so far; `note` has the number `BEGUN`, and when it was typed."""
    stored = base64.b64encode(notes.seal(key, note, text, entropy)).decode()
    unfinished.keep(change, Place(KIND, note.conversation), Unfinished(stored, note.written))


def drop(change: Change, begun: BegunNote) -> None:
    """Forget one."""
    unfinished.drop(change, Place(KIND, begun.conversation), begun.stored)


def drop_all(change: Change) -> None:
    """Forget those on all conversations."""
    change.also("DELETE FROM unfinished WHERE kind = ?", KIND)


def _opened(key: NotesKey, note: Note, stored: str) -> BegunNote:
    return BegunNote(note.conversation, note.book, note.written, stored, _text(key, note, stored))


def _text(key: NotesKey, note: Note, stored: str) -> str | None:
    try:
        sealed = base64.b64decode(stored, validate=True)
        return notes.unseal(key, Note(note.conversation, note.book, BEGUN, note.written, sealed))
    except (AuthenticationFailed, binascii.Error, ValueError):
        return None
