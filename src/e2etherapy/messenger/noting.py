"""A therapist's process notes: in the vault, outside of the record, under a secret of their own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime

from e2etherapy.errors import (
    AuthenticationFailed,
    InvalidText,
    MessengerError,
    WrongNotesSecret,
    WrongPassphrase,
    WrongRole,
)
from e2etherapy.messenger import holding, sending
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.vault import conversations, keyslots, notes, notes_key
from e2etherapy.vault.notes import Note
from e2etherapy.vault.notes_key import NotesKey, NotesSlot
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


async def has_secret(device: Device) -> bool:
    """Say whether a secret was chosen.

    Raises:
        WrongRole: this is a client's vault.
    """
    _require_therapist(device)
    return await device.vault.setting(notes_key.SETTING) is not None


async def require_secret(device: Device) -> None:
    """Refuse before anybody is asked for a secret that was never chosen.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: it was not.
    """
    _require_therapist(device)
    await _slot(device)


async def unlock(device: Device, secret: str) -> NotesKey:
    """Return the key of the notes.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: no secret was chosen yet.
        WrongNotesSecret: it is another one.
    """
    _require_therapist(device)
    slot = await _slot(device)
    return notes_key.unwrap(slot, keyslots.read(device.vault.place.folder).vault_id, secret)


async def _slot(device: Device) -> NotesSlot:
    stored = await device.vault.setting(notes_key.SETTING)
    if stored is None:
        raise MessengerError(
            "Process notes need a secret of their own first: 'e2etherapy note secret'. Nothing was "
            "changed."
        )
    return notes_key.decode(stored)


async def write(device: Device, key: NotesKey, name: str, text: str) -> NoteView:
    """Seal a note; nothing of it is in the record, in the search, or ever sent.

    Raises:
        InvalidText: it is empty, not valid Unicode, or longer than 1,000,000 bytes.
        UnknownConversation: there is no such conversation.
    """
    sending.require_text(text, undone="Nothing was written.")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise InvalidText("A note has at most 1,000,000 bytes. Nothing was written.")
    found = await conversations.named(device.vault.db, name)
    before = await notes.of(device.vault.db, found.id)
    number = before[-1].number + 1 if before else 1
    note = Note(found.id, found.book, number, int(device.clock().timestamp()))
    change = await device.begin_private()
    notes.keep(change, replace(note, sealed=notes.seal(key, note, text, device.entropy)))
    await device.vault.commit(change)
    return NoteView(found.name, number, moment_of(note.written), text)


async def shown(device: Device, key: NotesKey, name: str) -> list[NoteView]:
    """Return the notes on a conversation, the first one first.

    One that does not open in its place is named, and withholds none of the others.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    return [_view(key, found.name, note) for note in await notes.of(device.vault.db, found.id)]


def _view(key: NotesKey, name: str, note: Note) -> NoteView:
    written = moment_of(note.written)
    try:
        return NoteView(name, note.number, written, notes.unseal(key, note))
    except AuthenticationFailed:
        return NoteView(name, note.number, written, None, damaged=True)


async def listed(device: Device) -> list[NotesView]:
    """Return on which conversations there are notes; that takes no secret.

    Raises:
        WrongRole: this is a client's vault.
    """
    _require_therapist(device)
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
    _require_therapist(device)
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


async def choose_secret(device: Device, chosen: str) -> None:
    """Choose the first secret.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: there is one, or the vault's passphrase was chosen.
        WrongNotesSecret: it is not valid text.
    """
    if await has_secret(device):
        raise MessengerError(
            "Process notes have a secret already. To change it, the old one is needed too. Nothing "
            "was changed."
        )
    await _commit_new(device, chosen, ())


async def change_secret(device: Device, key: NotesKey, chosen: str) -> None:
    """Replace the secret, and the key too: an old copy of the vault opens no later note.

    A note that does not open now stays as it is, and does not open later either.

    Raises:
        WrongNotesSecret: the new one is not valid text.
        MessengerError: the vault's passphrase was chosen.
    """
    opened = []
    for note in await notes.every(device.vault.db):
        with contextlib.suppress(AuthenticationFailed):
            opened.append((note, notes.unseal(key, note)))
    await _commit_new(device, chosen, [(note, text) for note, text in opened if text is not None])


async def start_anew(device: Device, chosen: str) -> int:
    """Choose a secret in the place of one that is lost; return how many notes were erased.

    Nothing opens the notes that were written under the lost one.

    Raises:
        WrongRole: this is a client's vault.
        LegalHold: there are notes on a conversation of which nothing may be erased.
        MessengerError: the vault's passphrase was chosen.
        WrongNotesSecret: it is not valid text.
    """
    _require_therapist(device)
    for view in await listed(device):
        await holding.require_none(device, await conversations.named(device.vault.db, view.name))
    kept = [note for note in await notes.every(device.vault.db) if note.sealed is not None]
    await _commit_new(device, chosen, [(note, None) for note in kept])
    return len(kept)


async def _commit_new(
    device: Device, chosen: str, kept: list[tuple[Note, str | None]] | tuple[()]
) -> None:
    """Draw a key, wrap it under a secret, and seal these notes with it; None erases one."""
    vault_id = _require_another(device, chosen)
    key = NotesKey(device.entropy(NotesKey.SIZE))
    slot = notes_key.wrap(key, vault_id, chosen, device.entropy)
    change = await device.begin_private()
    change.set(notes_key.SETTING, notes_key.encode(slot))
    for note, text in kept:
        sealed = None if text is None else notes.seal(key, note, text, device.entropy)
        notes.keep(change, replace(note, sealed=sealed))
    await device.vault.commit(change)


def _require_another(device: Device, chosen: str) -> bytes:
    """Refuse the vault's own passphrase as a secret; return the vault's id."""
    slots = keyslots.read(device.vault.place.folder)
    try:
        keyslots.unlock_with_passphrase(slots, chosen)
    except WrongPassphrase:
        return slots.vault_id
    raise MessengerError(
        "This is the passphrase of your vault: whoever knows it would read the notes too. Nothing "
        "was changed. Choose another secret."
    )


async def require_not_the_secret(device: Device, passphrase: str) -> None:
    """Refuse the secret of the notes as the vault's new passphrase.

    Raises:
        MessengerError: it is that.
    """
    stored = await device.vault.setting(notes_key.SETTING)
    if stored is None:
        return
    vault_id = keyslots.read(device.vault.place.folder).vault_id
    try:
        notes_key.unwrap(notes_key.decode(stored), vault_id, passphrase)
    except WrongNotesSecret:
        return
    raise MessengerError(
        "This is the secret of your process notes: whoever knows it would open both. The "
        "passphrase is still the old one. Choose another."
    )


def _require_therapist(device: Device) -> None:
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist keeps process notes. Nothing was changed.")
