"""A therapist's process notes: in the vault, outside of the record, under a secret of their own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from e2etherapy.errors import (
    AuthenticationFailed,
    InvalidText,
    MessengerError,
    NotesKeyReplaced,
    WrongRole,
)
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.record import holding
from e2etherapy.vault import begun_notes, conversations, notes, notes_key
from e2etherapy.vault.notes import Note
from e2etherapy.vault.notes_key import NotesKey, OpenedKey
from e2etherapy.wire.content import MAX_TEXT_BYTES
from e2etherapy.wire.role import Role

DAMAGED = "This note cannot be shown: it was changed, or put where it does not belong."
ERASED = "This note was erased."


@dataclass(frozen=True, slots=True)
class NoteView:
    """A process note.

    Attributes:
        name: of the conversation.
        number: among its notes, from 1.
        written: when, UTC.
        text: what it says; None if that was erased, or cannot be shown.
        damaged: it cannot be shown.
    """

    name: str
    number: int
    written: datetime
    text: str | None = field(repr=False)
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class NotesView:
    """How many notes there are on a conversation, and when the last one was written, UTC."""

    name: str
    notes: int
    last: datetime


async def write(device: Device, opened: OpenedKey, name: str, text: str) -> NoteView:
    """Seal a note; nothing of it is in the record, in the search, or ever sent.

    That it was begun is forgotten in the same transaction.

    Raises:
        InvalidText: it is empty, not valid Unicode, or longer than 1,000,000 bytes.
        NotesKeyReplaced: the secret was changed since it was given.
        UnknownConversation: there is no such conversation.
    """
    sending.require_text(text, undone="Nothing was written.")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise InvalidText("A note has at most 1,000,000 bytes. Nothing was written.")
    found = await conversations.named(device.vault.db, name)
    await require_current(device, opened)
    before = await notes.of(device.vault.db, found.id)
    number = before[-1].number + 1 if before else 1
    note = Note(found.id, found.book, number, int(device.clock().timestamp()))
    change = await device.begin_private()
    notes.keep(change, replace(note, sealed=notes.seal(opened.key, note, text, device.entropy)))
    for begun in await begun_notes.of(device.vault.db, opened.key, found.id):
        if begun.text == text:
            begun_notes.drop(change, begun)
    await device.vault.commit(change)
    return NoteView(found.name, number, moment_of(note.written), text)


async def shown(device: Device, opened: OpenedKey, name: str) -> list[NoteView]:
    """Return the notes on a conversation, the first one first.

    One that does not open in its place is named, and withholds none of the others.

    Raises:
        NotesKeyReplaced: the secret was changed since it was given.
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    await require_current(device, opened)
    every = await notes.of(device.vault.db, found.id)
    return [_view(opened.key, found.name, note) for note in every]


def _view(key: NotesKey, name: str, note: Note) -> NoteView:
    written = moment_of(note.written)
    try:
        return NoteView(name, note.number, written, unsealed(key, note))
    except AuthenticationFailed:
        return NoteView(name, note.number, written, None, damaged=True)


def unsealed(key: NotesKey, note: Note) -> str | None:
    """Return what a note says; None if that was erased.

    Raises:
        AuthenticationFailed: it was changed, put where it does not belong, or was only begun.
    """
    if note.number == notes.BEGUN:
        raise AuthenticationFailed("Somebody has put there what was only begun.")
    return notes.unseal(key, note)


async def listed(device: Device) -> list[NotesView]:
    """Return on which conversations there are notes; that takes no secret.

    Raises:
        WrongRole: this is a client's vault.
    """
    require_therapist(device)
    names = {number: name for name, number in (await conversations.names(device.vault.db)).items()}
    written: dict[int, list[int]] = {}
    for note in await notes.every(device.vault.db):
        if note.sealed is not None:
            written.setdefault(note.conversation, []).append(note.written)
    return [
        NotesView(names[number], len(moments), moment_of(max(moments)))
        for number, moments in written.items()
    ]


async def erase(device: Device, name: str, number: int) -> NoteView:
    """Erase what a note says. Its number and time stay; the secret is not needed.

    Raises:
        WrongRole: this is a client's vault.
        LegalHold: nothing of this conversation may be erased.
        MessengerError: there is no such note, or it was erased before.
        UnknownConversation: there is no such conversation.
    """
    called, note = await erasable(device, name, number)
    change = await device.begin_private()
    notes.erase(change, note.conversation, number)
    await device.vault.commit(change)
    return NoteView(called, number, moment_of(note.written), None)


async def erasable(device: Device, name: str, number: int) -> tuple[str, Note]:
    """Return what would be erased and on whom, before anybody is asked about it.

    Raises:
        WrongRole, LegalHold, MessengerError, UnknownConversation: as for `erase`.
    """
    require_therapist(device)
    found = await conversations.named(device.vault.db, name)
    await holding.require_none(device, found)
    kept = [note for note in await notes.of(device.vault.db, found.id) if note.sealed is not None]
    erased = [note for note in kept if note.number == number]
    if not erased:
        raise MessengerError(
            f"There is no note {number} on {found.name}, or it was erased before. Nothing was "
            "changed."
        )
    return found.name, erased[0]


async def require_current(device: Device, opened: OpenedKey) -> None:
    """Refuse a key that opens nothing any more; what is sealed with it now would be lost.

    Raises:
        NotesKeyReplaced: another process has changed the secret, or begun anew.
    """
    if await device.vault.setting(notes_key.SETTING) != opened.slot:
        raise NotesKeyReplaced(
            "The secret of the process notes was changed since you gave it. Nothing was changed "
            "or written. Do it again with the new secret."
        )


def require_therapist(device: Device) -> None:
    """Refuse what no client has.

    Raises:
        WrongRole: this is a client's vault.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist keeps process notes. Nothing was changed.")
