"""Sending a text later: the first sync after its time seals it; until then it can be cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from e2etherapy.errors import (
    ChainExhausted,
    ContentTooLarge,
    IdentityUnconfirmed,
    MessengerError,
    NotReady,
)
from e2etherapy.journal.record import EventName
from e2etherapy.messenger import autosaving
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.caring import is_over
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.occurrences import Notice
from e2etherapy.messenger.outbound import sending
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, delayed
from e2etherapy.vault.delayed import Delayed
from e2etherapy.wire.content import MAX_TEXT_BYTES

LONGEST: Final = timedelta(days=366)
MOST_NUMBER: Final = 2**63 - 1
"""What a number in the vault can be."""


@dataclass(frozen=True, slots=True)
class DelayedView:
    """A text that waits for its time.

    Attributes:
        number: by which it is cancelled; none is given twice.
        name: of the conversation.
        text: what was written.
        at: when it goes out at the earliest, UTC: with the first sync after it.
        ended: the therapy has ended since, so that it never goes out.
    """

    number: int
    name: str
    text: str = field(repr=False)
    at: datetime
    ended: bool = False


async def delay(device: Device, name: str, text: str, at: datetime) -> DelayedView:
    """Keep a text until its time has come.

    Raises:
        InvalidText, ContentTooLarge: it could never be sent.
        MessengerError: the time has passed, or is more than a year away.
        OldCopy, UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this
            person.
    """
    sending.require_text(text)
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ContentTooLarge("This text is longer than 1,000,000 bytes. Nothing was sent.")
    if not timedelta(0) < at - device.clock() <= LONGEST:
        raise MessengerError(
            "Choose a time that is still to come, within a year. Nothing was sent."
        )
    await sending.require_ready(device, name)
    found = await conversations.named(device.vault.db, name)
    number = await delayed.next_number(device.vault.db)
    change = await device.begin_private()
    delayed.keep(change, number, found.id, text, int(at.timestamp()))
    autosaving.finish(change, Typed.MESSAGE, found.id, text)
    await device.vault.commit(change)
    return DelayedView(number, found.name, text, at)


async def every(device: Device) -> list[DelayedView]:
    """Return all that wait for their time, in its order."""
    return [await _view(device, one) for one in await delayed.every(device.vault.db)]


async def cancel(device: Device, number: int) -> DelayedView:
    """Forget a text that has not gone out, and return it.

    Raises:
        MessengerError: none waits under this number.
    """
    known = 0 < number <= MOST_NUMBER
    found = await delayed.find(device.vault.db, number) if known else None
    if found is None:
        raise MessengerError(
            f"Nothing waits for its time under number {number}: it may have gone out. Nothing was "
            "changed."
        )
    view = await _view(device, found)
    change = await device.begin_private()
    delayed.drop(change, number)
    await device.vault.commit(change)
    return view


async def queue_due(device: Device, notices: list[Notice]) -> None:
    """Seal what has its time behind it, each in one transaction with forgetting that it waited.

    What cannot be sent now stays, and is told of; what is left in a closed conversation was told of
    when it was closed.
    """
    for one in await delayed.due_by(device.vault.db, int(device.clock().timestamp())):
        found = await conversations.by_id(device.vault.db, one.conversation)
        if found.state.phase is Phase.CLOSED:
            continue
        try:
            async with sending.composer(device, one.name) as composer:
                composer.text(one.text)
                delayed.drop(composer.change, one.id)
        except (NotReady, IdentityUnconfirmed, ChainExhausted) as error:
            sentence = (
                f"What was to go to {one.name} later was not sent: {error} It is kept; "
                f"'e2etherapy later cancel {one.id}' forgets it."
            )
            notices.append(Notice(one.name, EventName.DELIVERY_REFUSED, sentence))


async def _view(device: Device, one: Delayed) -> DelayedView:
    found = await conversations.by_id(device.vault.db, one.conversation)
    ended = await is_over(device.vault.db, found)
    return DelayedView(one.id, one.name, one.text, moment_of(one.due), ended)
