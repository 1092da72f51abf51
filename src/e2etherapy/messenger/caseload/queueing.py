"""What waits for an answer in every conversation, in the order in which a therapist reads."""

from __future__ import annotations

from datetime import UTC, datetime

from e2etherapy.errors import MalformedData, WrongRole
from e2etherapy.journal import record
from e2etherapy.messenger.caring import care_of, is_over
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.session.states import was_joined
from e2etherapy.therapy.care.agreements import Agreements
from e2etherapy.therapy.care.state import OF_A_QUEUE, Care
from e2etherapy.therapy.caseload import queue as order
from e2etherapy.therapy.caseload.exchange import Message
from e2etherapy.therapy.caseload.queue import Entry, Waiting
from e2etherapy.vault import care_items, conversations, threads, unread
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import ConversationRecord, ThreadRow, Verification
from e2etherapy.wire.role import Role


async def queue(device: Device) -> tuple[Entry, ...]:
    """Return every conversation with an open flag or something unanswered, in reading order.

    Raises:
        WrongRole: this is a client's vault.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist has a queue; 'e2etherapy conversations' lists yours.")
    db = device.vault.db
    found = [one for one in await conversations.every(db) if was_joined(one.state)]
    return order.queue([await _waiting(db, one) for one in found], device.clock())


async def _waiting(db: Database, conversation: ConversationRecord) -> Waiting:
    care = await care_of(db, conversation, OF_A_QUEUE)
    rows = await threads.unanswered(db, conversation.id)
    ended = await is_over(db, conversation)
    exchange = tuple(message(row, care.agreements) for row in rows)
    return Waiting(
        name=conversation.name,
        flags=care.flags.open(await care_items.resolved(db, conversation.id)),
        exchange=await _not_shown(db, conversation, rows, care) if ended else exchange,
        differed=conversation.verification is Verification.DIFFERED,
        ended=ended,
    )


async def _not_shown(
    db: Database, conversation: ConversationRecord, rows: list[ThreadRow], care: Care
) -> tuple[Message, ...]:
    """Return what a client wrote and nobody has read; after the end, nothing else waits."""
    new = set(await unread.items(db, conversation.id))
    written = [moment_of(row.item.written) for row in rows if row.item.id in new]
    written += [
        letter.when
        for letter in care.endings.letters
        if letter.author is Role.CLIENT and letter.id in new
    ]
    return tuple(Message(Role.CLIENT, moment, moment) for moment in written)


def message(row: ThreadRow, agreements: Agreements) -> Message:
    """Return when a client's message was written, and by when it is to be answered."""
    written = moment_of(row.item.written)
    recorded = _recorded(row, written)
    return Message(Role.CLIENT, written, recorded, agreements.due(written, recorded))


def _recorded(row: ThreadRow, written: datetime) -> datetime:
    """Return when an item was recorded; what cannot be read waits all the same."""
    if row.content is None:
        return written
    try:
        entry = record.decode(row.content)
    except MalformedData:
        return written
    return entry.recorded.astimezone(UTC) if isinstance(entry, record.Message) else written
