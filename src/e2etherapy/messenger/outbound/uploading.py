"""Sealing the pieces of a file when they are about to leave, a few at a time.

What is said meanwhile then waits for these few only; the pieces of a file never fill the outbox;
and the other side meets them in the order in which they were sealed, so that it keeps no secrets
for what it has not got (docs/protocol.md, section 7.1).
"""

from __future__ import annotations

from typing import Final

from e2etherapy.errors import ChainExhausted, NotReady
from e2etherapy.errors.writing import FileWaits
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY, RETENTION_DAYS
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound.composing import Composer
from e2etherapy.vault import conversations, endings, outbox, outgoing
from e2etherapy.vault.outgoing import Outgoing
from e2etherapy.vault.records import ConversationRecord, Verification

ROOM_FOR_FILES: Final = MAILBOX_CAPACITY * 3 // 4
"""Envelopes that the files of one author may take up in a mailbox: some 40 MB. The others are for
what people say."""
_DAY: Final = 86_400


async def seal_next(device: Device, conversation: int) -> None:
    """Seal the next pieces of the file that goes out next, if not enough is sealed already.

    Raises:
        FileWaits: it is kept back, and nothing else waits before it.
        NotReady: the conversation has ended, or the rest of the file is gone; nothing more of it
            goes out.
    """
    db = device.vault.db
    file = await outgoing.first_of(db, conversation)
    waiting = await outbox.count_of(db, conversation)
    if file is None or waiting >= outbox.PAGE:
        return
    record = await conversations.by_id(db, conversation)
    if record.verification is Verification.DIFFERED and waiting:
        return  # what waits meets it as well, and says so
    if await endings.has_ended(db, record.id):
        # When the mailbox is closed, the file is counted among what reached nobody, and forgotten.
        if waiting:
            return
        raise NotReady(
            f"A file for {record.name} was not sent to its end: the conversation has ended."
        )
    try:
        await _require_room(device, record, file)
        await _seal(device, record, file)
    except FileWaits:
        if not waiting:
            raise


async def _seal(device: Device, record: ConversationRecord, file: Outgoing) -> None:
    pieces = await outgoing.next_pieces(device.vault.db, file, outbox.PAGE)
    change = await device.begin(record)
    if not pieces:
        outgoing.cut_short(change, file)
        await device.vault.commit(change)
        raise NotReady(
            f"A file for {record.name} was not sent to its end: the rest of it is not on this "
            "device any more."
        )
    composing = Composer(record, change, moment_of(file.written), device.entropy)
    composing.require_ready()
    try:
        composing.parts(file, pieces)
    except ChainExhausted:
        raise _waits(record) from None
    outgoing.advance(change, file, len(pieces))
    await device.vault.commit(change)


async def _require_room(device: Device, record: ConversationRecord, file: Outgoing) -> None:
    """Keep a file back while earlier ones take up the other side's mailbox.

    Raises:
        FileWaits: they do, as far as receipts tell; nothing is kept there for longer than 30 days.
    """
    since = int(device.clock().timestamp()) - RETENTION_DAYS * _DAY
    before = await outgoing.not_fetched_before(device.vault.db, file, since)
    if before and before + file.total > ROOM_FOR_FILES:
        raise _waits(record)


def _waits(record: ConversationRecord) -> FileWaits:
    return FileWaits(
        f"A file for {record.name} waits on this device until theirs has fetched what was sent "
        "before it, so that their mailbox has room for messages. It then goes on with a later "
        "sync, by itself. Do not send it again."
    )
