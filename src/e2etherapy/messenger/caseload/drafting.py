"""Replies that are written now, and looked through and sent later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from e2etherapy.errors import ContentTooLarge, MessengerError, WrongRole
from e2etherapy.messenger import autosaving
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.caseload import templating
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.therapy.caseload.templates import left_in
from e2etherapy.vault import conversations, drafts
from e2etherapy.wire.content import MAX_TEXT_BYTES
from e2etherapy.wire.role import Role


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft.

    Attributes:
        name: of the conversation.
        text: what was written.
        changed: when, UTC.
        unfilled: what in it looks like a placeholder; it is not sent with a batch as long as
            there is any.
    """

    name: str
    text: str = field(repr=False)
    changed: datetime
    unfilled: tuple[str, ...]


def require_therapist(device: Device, undone: str) -> None:
    """Refuse what only somebody with several clients does, with what was not done for that.

    Raises:
        WrongRole: this is a client's vault.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole(f"Only a therapist writes replies in a batch. {undone}")


async def write(device: Device, name: str, text: str) -> DraftView:
    """Keep a draft in the place of the one that is there.

    Raises:
        WrongRole: this is a client's vault.
        InvalidText, ContentTooLarge: it could never be sent; what was there stays.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_therapist(device, "Nothing was changed.")
    sending.require_text(text, undone="Nothing was changed.")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ContentTooLarge("This text is longer than 1,000,000 bytes. Nothing was changed.")
    await sending.require_ready(device, name)
    found = await conversations.named(device.vault.db, name)
    now = device.clock()
    change = await device.begin_private()
    drafts.keep(change, found.id, text, int(now.timestamp()))
    autosaving.finish(change, Typed.REPLY, found.id, text)
    await device.vault.commit(change)
    return DraftView(found.name, text, now, left_in(text))


async def fill(device: Device, name: str, template: str, words: Mapping[str, str]) -> DraftView:
    """Keep what a template says to somebody as their draft.

    Raises:
        MessengerError: there is no such template.
        UnknownPlaceholder, UnfilledTemplate: the words are not for each placeholder and no other.
    """
    require_therapist(device, "Nothing was changed.")
    found = await conversations.named(device.vault.db, name)
    return await write(
        device, found.name, await templating.filled(device, template, found.name, words)
    )


async def every(device: Device) -> list[DraftView]:
    """Return all drafts, in the order of their conversations."""
    return [
        DraftView(one.name, one.text, moment_of(one.changed), left_in(one.text))
        for one in await drafts.every(device.vault.db)
    ]


async def drop(device: Device, name: str) -> str:
    """Forget a draft; return the name of its conversation.

    Raises:
        UnknownConversation: there is no such conversation.
        MessengerError: it has no draft.
    """
    found = await conversations.named(device.vault.db, name)
    if await drafts.of(device.vault.db, found.id) is None:
        raise MessengerError(f"There is no draft for {found.name}. Nothing was changed.")
    change = await device.begin_private()
    drafts.drop(change, found.id)
    await device.vault.commit(change)
    return found.name
