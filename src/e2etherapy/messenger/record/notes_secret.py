"""The secret of a therapist's process notes: chosen, changed, and lost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from e2etherapy.errors import (
    AuthenticationFailed,
    MessengerError,
    VaultDamaged,
    WrongNotesSecret,
    WrongPassphrase,
)
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.record import holding, noting
from e2etherapy.vault import begun_notes, conversations, keyslots, notes, notes_key
from e2etherapy.vault.begun_notes import BegunNote
from e2etherapy.vault.notes import Note
from e2etherapy.vault.notes_key import NotesKey, OpenedKey


async def is_chosen(device: Device) -> bool:
    """Say whether a secret was chosen.

    Raises:
        WrongRole: this is a client's vault.
    """
    noting.require_therapist(device)
    return await device.vault.setting(notes_key.SETTING) is not None


async def require(device: Device) -> None:
    """Refuse before anybody is asked for a secret that was never chosen.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: it was not.
    """
    noting.require_therapist(device)
    await _stored(device)


async def unlock(device: Device, secret: str) -> OpenedKey:
    """Return the key of the notes.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: no secret was chosen yet.
        WrongNotesSecret: it is another one.
    """
    noting.require_therapist(device)
    stored = await _stored(device)
    vault_id = keyslots.read(device.vault.place.folder).vault_id
    return OpenedKey(notes_key.unwrap(notes_key.decode(stored), vault_id, secret), stored)


async def _stored(device: Device) -> bytes:
    stored = await device.vault.setting(notes_key.SETTING)
    if stored is None:
        raise MessengerError(
            "Process notes need a secret of their own first: 'e2etherapy note secret'. Nothing was "
            "changed."
        )
    return stored


async def choose(device: Device, chosen: str) -> None:
    """Choose the first secret.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: there is one, or the vault's passphrase was chosen.
        WrongNotesSecret: it is not valid text.
    """
    if await is_chosen(device):
        raise MessengerError(
            "Process notes have a secret already. To change it, the old one is needed too. Nothing "
            "was changed."
        )
    await _commit_new(device, chosen, (), ())


async def change(device: Device, opened: OpenedKey, chosen: str) -> int:
    """Replace the secret, and the key too: an old copy of the vault opens no later note.

    What was begun and not finished is sealed anew as well.

    Returns:
        how many notes the key does not open. They are damaged, as it is the one that all were
        sealed with; they stay as they are, and a backup from before it happened has them.

    Raises:
        NotesKeyReplaced: the secret was changed since the old one was given.
        WrongNotesSecret: the new one is not valid text.
        MessengerError: the vault's passphrase was chosen.
    """
    await noting.require_current(device, opened)
    kept, damaged = [], 0
    for note in await notes.every(device.vault.db):
        try:
            text = noting.unsealed(opened.key, note)
        except AuthenticationFailed:
            damaged += 1
        else:
            kept += [] if text is None else [(note, text)]
    begun = await begun_notes.every(device.vault.db, opened.key)
    damaged += sum(one.text is None for one in begun)
    await _commit_new(device, chosen, kept, begun)
    return damaged


async def require_losable(device: Device) -> None:
    """Refuse to erase the notes where their secret cannot be what is wrong.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: no secret was chosen yet.
        VaultTooNew: a newer version opens them.
        LegalHold: there are notes on a conversation of which nothing may be erased.
    """
    if not await is_chosen(device):
        raise MessengerError(
            "No secret of process notes was chosen yet, so that there is none to lose: 'e2etherapy "
            "note secret' chooses one. Nothing was changed."
        )
    with suppress(VaultDamaged):  # a slot that nothing can read is as lost as its secret
        notes_key.decode(await _stored(device))
    for view in await noting.listed(device):
        await holding.require_none(device, await conversations.named(device.vault.db, view.name))


async def start_anew(device: Device, chosen: str) -> int:
    """Choose a secret in the place of one that is lost; return how many notes were erased.

    Nothing opens the notes that were written under the lost one.

    Raises:
        WrongRole, LegalHold, VaultTooNew: as for `require_losable`.
        MessengerError: no secret was chosen yet, or the vault's passphrase was.
        WrongNotesSecret: it is not valid text.
    """
    await require_losable(device)
    kept = [note for note in await notes.every(device.vault.db) if note.sealed is not None]
    await _commit_new(device, chosen, [(note, None) for note in kept], None)
    return len(kept)


async def _commit_new(
    device: Device,
    chosen: str,
    kept: Sequence[tuple[Note, str | None]],
    begun: Sequence[BegunNote] | None,
) -> None:
    """Draw a key, wrap it under a secret, and seal these notes with it.

    A None in the place of a text erases a note, and one for what was begun forgets all of it.
    """
    vault_id = _require_another(device, chosen)
    key = NotesKey(device.entropy(NotesKey.SIZE))
    slot = notes_key.wrap(key, vault_id, chosen, device.entropy)
    change = await device.begin_private()
    change.set(notes_key.SETTING, notes_key.encode(slot))
    for note, text in kept:
        sealed = None if text is None else notes.seal(key, note, text, device.entropy)
        notes.keep(change, replace(note, sealed=sealed))
    if begun is None:
        begun_notes.drop_all(change)
    for one in begun or ():
        if one.text is not None:
            begun_notes.drop(change, one)
            note = Note(one.conversation, one.book, notes.BEGUN, one.changed)
            begun_notes.keep(change, key, note, one.text, device.entropy)
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


async def require_another_than(device: Device, passphrase: str) -> None:
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
