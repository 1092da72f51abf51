"""Process notes: sealed one by one, each to its conversation, its number and its time.

Without the key of `notes_key` the vault shows how many there are and when they were written. Their
length is hidden up to half a kilobyte (docs/protocol.md, section 13.1).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from e2etherapy.errors import AuthenticationFailed
from e2etherapy.journal.chain import BookId
from e2etherapy.primitives import aead
from e2etherapy.primitives.digest import label
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database, Row
from e2etherapy.vault.notes_key import NotesKey

BEGUN = 0
"""The number of a text that is still being typed (`begun_notes`); kept ones are from 1."""
PADDED_TO = 512
"""Bytes; a text is followed by one 80 and then by zeros."""
_PLACE = struct.Struct(">Qq")
_END = b"\x80"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it lies in the vault.

    Attributes:
        conversation: its number in the vault.
        book: the 16-byte id of the conversation's book: a vault gives numbers, a book is itself.
        number: among the notes of this conversation, from 1.
        written: Unix seconds.
        sealed: nonce 24, then the sealed text; None if it was erased.
    """

    conversation: int
    book: BookId
    number: int
    written: int
    sealed: bytes | None = field(repr=False, default=None)


def seal(key: NotesKey, note: Note, text: str, entropy: Entropy) -> bytes:
    """Return the sealed text, which opens only as what stands in `note`."""
    plain = text.encode() + _END
    plain += bytes(-len(plain) % PADDED_TO)
    nonce = entropy(aead.NONCE_SIZE)
    return nonce + aead.seal(key, nonce, plain, _associated(note))


def unseal(key: NotesKey, note: Note) -> str | None:
    """Return the text; None if it was erased.

    Raises:
        AuthenticationFailed: it was changed, or belongs to another conversation, number or time.
    """
    if note.sealed is None:
        return None
    nonce, sealed = note.sealed[: aead.NONCE_SIZE], note.sealed[aead.NONCE_SIZE :]
    if len(nonce) != aead.NONCE_SIZE:
        raise AuthenticationFailed("A note is shorter than its nonce.")
    plain = aead.unseal(key, nonce, sealed, _associated(note))
    return plain.rstrip(b"\x00").removesuffix(_END).decode()


async def of(db: Database, conversation: int) -> list[Note]:
    """Return a conversation's, the first one first."""
    rows = await db.fetch_all(f"{_SELECT} WHERE conversation = ? ORDER BY number", (conversation,))
    return [_note(row) for row in rows]


async def every(db: Database) -> list[Note]:
    """Return those of all conversations."""
    return [_note(row) for row in await db.fetch_all(f"{_SELECT} ORDER BY conversation, number")]


def keep(change: Change, note: Note) -> None:
    """Write a note, or write one anew that is sealed under another key."""
    change.also(
        "INSERT OR REPLACE INTO note VALUES (?,?,?,?)",
        note.conversation,
        note.number,
        note.written,
        note.sealed,
    )


def erase(change: Change, conversation: int, number: int) -> None:
    """Erase what a note says; its number and its time stay."""
    change.also(
        "UPDATE note SET sealed = NULL WHERE conversation = ? AND number = ?", conversation, number
    )


def erase_all(change: Change, conversation: int) -> None:
    """Erase what all notes of a conversation say."""
    change.also("UPDATE note SET sealed = NULL WHERE conversation = ?", conversation)


_SELECT = """SELECT conversation, book, number, written, sealed FROM note
    JOIN conversation ON conversation.id = conversation"""


def _note(row: Row) -> Note:
    return Note(row[0], BookId(row[1]), row[2], row[3], row[4])


def _associated(note: Note) -> bytes:
    return label("process-note") + note.book + _PLACE.pack(note.number, note.written)
