"""Process notes that are being typed: kept line by line, as secret as those that are written."""

from __future__ import annotations

from e2etherapy.messenger.autosaving import Begun
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.record import noting
from e2etherapy.vault import begun_notes, conversations
from e2etherapy.vault.notes import BEGUN, Note
from e2etherapy.vault.notes_key import OpenedKey


async def begun(device: Device, opened: OpenedKey, name: str) -> list[Begun]:
    """Return what somebody has begun to type on a person, the newest first.

    What does not open in its place was changed there, and is passed over.

    Raises:
        NotesKeyReplaced: the secret was changed since it was given.
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    await noting.require_current(device, opened)
    every = await begun_notes.of(device.vault.db, opened.key, found.id)
    return [Begun(one.text, moment_of(one.changed)) for one in every if one.text is not None]


async def keep(
    device: Device, opened: OpenedKey, name: str, text: str, *, before: str = ""
) -> None:
    """Seal what is typed so far; whatever else was begun there stays beside it.

    Args:
        device: whose vault it is.
        opened: seals it.
        name: on whom it is.
        text: as far as it was typed; an empty one is not kept.
        before: the same text as it was kept last, whose place this takes.

    Raises:
        NotesKeyReplaced: the secret was changed since it was given.
        UnknownConversation: there is no such conversation.
        VaultFull, VaultError: it could not be written; what was there stays.
    """
    found = await conversations.named(device.vault.db, name)
    await noting.require_current(device, opened)
    replaced = await begun_notes.of(device.vault.db, opened.key, found.id)
    change = await device.begin_private()
    for one in replaced:
        if one.text == before:
            begun_notes.drop(change, one)
    if text:
        note = Note(found.id, found.book, BEGUN, int(device.clock().timestamp()))
        begun_notes.keep(change, opened.key, note, text, device.entropy)
    await device.vault.commit(change)
