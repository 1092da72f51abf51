"""Closing the mailbox of a therapy that has ended, once nothing is left to fetch or to deliver.

Each step may be repeated: what a crash leaves undone is done with the next sync.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from e2etherapy.errors import IdentityUnconfirmed, MailboxGone, NotReady, RelayRefused
from e2etherapy.journal import record as entries
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound.receiving import Receiver
from e2etherapy.messenger.inbound.storing import Outcome
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.occurrences import Details, Notice
from e2etherapy.messenger.outbound import courier, sending
from e2etherapy.session import conversation as session
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, delayed, endings, pieces
from e2etherapy.vault.change import Change
from e2etherapy.vault.records import CloseMailbox, ConversationRecord

_ANY: Final = 1
"""Envelopes that are asked for to see whether there is one."""


async def close_ended(device: Device, url: str, numbers: Collection[int], outcome: Outcome) -> None:
    """Close the mailboxes at one relay of the therapies among these that have ended.

    Raises:
        RelayError: the relay failed; what is left to close is closed with a later sync.
    """
    ended = await endings.ended(device.vault.db)
    for number in sorted(ended & set(numbers)):
        record = await conversations.by_id(device.vault.db, number)
        if record.state.phase is not Phase.CLOSED:
            await _close(device, await device.relay(url), record, outcome)


async def _close(
    device: Device, relay: RelayConnection, record: ConversationRecord, outcome: Outcome
) -> None:
    """Close one mailbox, if everything is delivered that can be, and everything is fetched."""
    try:
        await sending.deliver(device, record)
    except MailboxGone:
        pass  # the other side has closed theirs: what is left can reach nobody
    except (IdentityUnconfirmed, NotReady):
        return
    if not await _is_empty(relay, record):
        return
    await courier.close_mailbox(relay, CloseMailbox(record.relay, bytes(record.mailbox.owner_key)))
    # Not before the relay has answered: until then the keys open what may still arrive.
    lost = await endings.undelivered(device.vault.db, record.id)
    change, receiver = await end(device, record, lost)
    await device.vault.commit(change)
    outcome.add(receiver)
    outcome.lost += lost
    later = await delayed.count_of(device.vault.db, record.id)
    outcome.notices.append(_notice(record.name, lost, later))


async def _is_empty(relay: RelayConnection, record: ConversationRecord) -> bool:
    try:
        return not await relay.collect(record.mailbox.owner_key, 0, limit=_ANY)
    except RelayRefused:
        return True  # it was closed, and this device stopped before it could write that down


async def end(device: Device, record: ConversationRecord, lost: int) -> tuple[Change, Receiver]:
    """Gather that a conversation is over: its keys go, and what it still had to do.

    So do the pieces of what did not arrive as a whole: the others cannot come any more.

    Args:
        device: whose vault it is.
        record: the conversation.
        lost: how many messages never left this device.

    Returns:
        the change, to be committed, and what has to be told about what was given up.
    """
    receiver = Receiver(record, device.clock())
    change = await device.begin(record)
    partials = await pieces.partials(device.vault.db, record.id)
    receiver.give_up(partials.values(), change)
    endings.forget_what_waits(change, record.id)
    details: Details = {"undelivered": lost} if lost else {}
    event = entries.Event(
        recorded=device.clock(), event=EventName.CONVERSATION_CLOSED, details=details
    )
    change.record(entries.encode(event))
    change.save(replace(receiver.conversation, state=session.close(record.state)))
    return change, receiver


def _notice(name: str, lost: int, later: int) -> Notice:
    sentence = (
        f"The therapy with {name} has ended, and its mailbox at the relay is closed. The record "
        "stays on this device; 'e2etherapy ending show' has the letter."
    )
    if lost:
        sentence += (
            f" What you wrote to {name} and had not left this device ({lost}) reached nobody; it "
            "stays in the record."
        )
    if later:
        sentence += (
            f" What was to go to {name} later ({later}) never goes out; 'e2etherapy later list' "
            "has it."
        )
    return Notice(name, EventName.CONVERSATION_CLOSED, sentence)
