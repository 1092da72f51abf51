"""What a person types is kept line by line, in the vault alone, until it is sent or forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.vault import conversations, unfinished
from e2etherapy.vault.change import Change
from e2etherapy.vault.unfinished import Place, Unfinished


class Typed(StrEnum):
    """What somebody types."""

    MESSAGE = unfinished.MESSAGE
    REPLY = "reply"
    """A draft that is sent with a batch."""
    SUMMARY = "summary"
    LETTER = "letter"
    """That ends a therapy."""
    ENTRY = "entry"
    """Of one's own journal."""
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Begun:
    """What was typed and not finished.

    Attributes:
        text: as far as it was typed.
        changed: when its last line was typed, UTC.
    """

    text: str = field(repr=False)
    changed: datetime


async def begun(device: Device, what: Typed, name: str | None = None) -> list[Begun]:
    """Return what somebody has begun to type, to a person if one is named; the newest first.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await unfinished.of(device.vault.db, await _place(device, what, name))
    return [Begun(text.text, moment_of(text.changed)) for text in found]


async def keep(
    device: Device, what: Typed, name: str | None, text: str, *, before: str = ""
) -> None:
    """Keep what is typed so far; whatever else was begun there stays beside it.

    Args:
        device: whose vault it is.
        what: what is typed.
        name: to whom, if to somebody.
        text: as far as it was typed; an empty one is not kept.
        before: the same text as it was kept last, whose place this takes.

    Raises:
        UnknownConversation: there is no such conversation.
        VaultFull, VaultError: it could not be written; what was there stays.
    """
    place = await _place(device, what, name)
    change = await device.begin_private()
    unfinished.drop(change, place, before)
    if text:
        unfinished.keep(change, place, Unfinished(text, int(device.clock().timestamp())))
    await device.vault.commit(change)


async def forget(device: Device, what: Typed, name: str | None, text: str) -> None:
    """Forget one text that was begun.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    await keep(device, what, name, "", before=text)


def finish(change: Change, what: Typed, conversation: int | None, text: str) -> None:
    """Forget, in the transaction that takes a text elsewhere, that it was begun."""
    unfinished.drop(change, Place(what, conversation), text)


async def _place(device: Device, what: Typed, name: str | None) -> Place:
    if name is None:
        return Place(what, None)
    return Place(what, (await conversations.named(device.vault.db, name)).id)
