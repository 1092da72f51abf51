"""Writing items and bringing them to the relay."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from e2etherapy.errors import (
    ChainExhausted,
    InvalidText,
    MailboxGone,
    MessengerError,
    NotReady,
    RelayError,
    RelayFull,
    RelayUnreachable,
)
from e2etherapy.errors.writing import FileWaits
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.patience import Patience
from e2etherapy.messenger.occurrences import Notice
from e2etherapy.messenger.outbound import courier
from e2etherapy.messenger.outbound.composing import Composer
from e2etherapy.messenger.outbound.courier import Progress, no_progress, run_errands
from e2etherapy.messenger.views import STATE_WORDS, SendReport
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, endings, outbox, outgoing, receipts, threads
from e2etherapy.vault.records import ConversationRecord, Verification

_ENDED: Final = (
    "The therapy with {name} has ended. Nothing was sent. What was written stays on this device; "
    "'e2etherapy ending show' has the letter."
)


def require_text(text: str, *, undone: str = "Nothing was sent.") -> None:
    """Refuse a text that says nothing or is not valid Unicode, with what was not done for that.

    Raises:
        InvalidText: it is one of the two.
    """
    if not text.strip():
        raise InvalidText(f"The text is empty. {undone}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidText(f"The text is not valid Unicode. {undone}") from None


async def require_ready(device: Device, name: str) -> None:
    """Refuse before anybody begins to write what could not be sent.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    await _ready_composer(device, name)


async def _ready_composer(device: Device, name: str) -> Composer:
    device.vault.require_only_copy()
    record = await conversations.named(device.vault.db, name)
    change = await device.begin(record)
    ahead, _ = await outgoing.count_of(device.vault.db, record.id)
    composing = Composer(record, change, device.clock(), device.entropy, ahead)
    composing.require_ready()
    if await endings.has_ended(device.vault.db, record.id):
        raise NotReady(_ENDED.format(name=record.name))
    return composing


@contextlib.asynccontextmanager
async def composer(device: Device, name: str) -> AsyncIterator[Composer]:
    """Gather items for one conversation; they are written when the block ends.

    Receipts that are owed go along: they then reveal nothing but the message itself.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    composing = await _ready_composer(device, name)
    owed = await receipts.due(device.vault.db, composing.conversation.id, None)
    if owed:
        composing.receipt(owed)
    yield composing
    await device.vault.commit(composing.change)


async def report(
    device: Device,
    record: ConversationRecord,
    item: bytes,
    progress: Progress,
    *,
    files: bool = False,
) -> SendReport:
    """Deliver what can be delivered now and say how far an item came; a file if `files`.

    Raises:
        MailboxGone: it is recorded here, and can never be delivered.
    """
    met = None
    try:
        await run_errands(device, record.id, Patience(), progress, files=files)
    except MailboxGone:
        raise
    except (RelayError, NotReady, FileWaits) as error:
        # It is safe in the outbox; the report says so together with the reason.
        met = error
    return await came(device, record, item, met)


async def came(
    device: Device, record: ConversationRecord, item: bytes, met: Exception | None
) -> SendReport:
    """Say how far an item came, and what its delivery met, if it met something."""
    state = STATE_WORDS[await threads.state_of(device.vault.db, record.id, item)]
    problem = None if met is None else str(met)
    return SendReport(item.hex(), state, problem, reaches_nobody=isinstance(met, MailboxGone))


async def deliver(
    device: Device, record: ConversationRecord, progress: Progress = no_progress
) -> None:
    """Bring one conversation's outbox to its relay; files on their way stay behind.

    Raises:
        RelayError: it stopped; the rest waits for the next time.
    """
    await run_errands(device, record.id, Patience(), progress)


async def attempt(device: Device, record: ConversationRecord) -> RelayError | NotReady | None:
    """Deliver, and return why something of it waits here, or None."""
    try:
        await deliver(device, record)
    except (RelayError, NotReady) as error:
        return error
    return None


async def flush(
    device: Device, notices: list[Notice], progress: Progress = no_progress
) -> RelayError | None:
    """Deliver every outbox; what one conversation meets does not stop the others."""
    failure = await close_mailboxes(device)
    waiting = await outbox.conversations_with_errands(device.vault.db)
    return await _flush(device, waiting, notices, progress) or failure


async def upload(
    device: Device, notices: list[Notice], progress: Progress = no_progress
) -> RelayError | None:
    """Deliver the files that are on their way, those that were sent first before the others."""
    waiting = await outgoing.conversations(device.vault.db)
    return await _flush(device, waiting, notices, progress, files=True)


async def _flush(
    device: Device,
    waiting: Iterable[int],
    notices: list[Notice],
    progress: Progress,
    *,
    files: bool = False,
) -> RelayError | None:
    failure: RelayError | None = None
    patience = Patience()
    ended = await endings.ended(device.vault.db)
    for number in waiting:
        record = await conversations.by_id(device.vault.db, number)
        try:
            await run_errands(device, number, patience, progress, files=files)
        except (RelayUnreachable, RelayFull) as error:
            failure = error
        except (RelayError, MessengerError) as error:
            if isinstance(error, MailboxGone) and number in ended:
                continue  # what is to be told of it is told when the mailbox here is closed
            notices.append(
                Notice(record.name, EventName.DELIVERY_REFUSED, f"{record.name}: {error}")
            )
    return failure


async def close_mailboxes(device: Device) -> RelayError | None:
    """Close the mailboxes of conversations that are not in the vault any more."""
    failure = None
    for row, closing in await outbox.closings(device.vault.db):
        relay = await device.relay(closing.relay)
        try:
            await courier.close_mailbox(relay, closing)
        except RelayError as error:
            failure = error
            continue
        change = await device.begin_private()
        change.done(row)
        await device.vault.commit(change)
    return failure


async def queue_due_receipts(device: Device) -> None:
    """Put receipts whose random moment has come into the outbox."""
    now = device.clock()
    moment = int(now.timestamp())
    ended = await endings.ended(device.vault.db)
    for number in await receipts.with_some_due(device.vault.db, moment):
        record = await conversations.by_id(device.vault.db, number)
        silent = record.state.phase in {Phase.INVITED, Phase.CLOSED}
        if silent or number in ended or record.verification is Verification.DIFFERED:
            continue
        due = await receipts.due(device.vault.db, number, moment)
        change = await device.begin(record)
        try:
            Composer(record, change, now, device.entropy).receipt(due)
        except ChainExhausted:
            # They stay due, and go once the other side has answered.
            continue
        await device.vault.commit(change)
