"""Collecting what has arrived: store a page, then acknowledge it; and waiting for more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from e2etherapy.errors import RelayError, RelayRefused
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.operations import (
    MAILBOX_CAPACITY,
    MAX_WAIT_SECONDS,
    MAX_WAITED_MAILBOXES,
    StoredEnvelope,
)
from e2etherapy.messenger import joining, sending
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.courier import Progress, no_progress
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.known import Known
from e2etherapy.messenger.long_items import STALLED_DAYS, first_sequence
from e2etherapy.messenger.receiving import Notice, Receiver
from e2etherapy.messenger.relay_connection import RelayConnection
from e2etherapy.messenger.views import SyncReport
from e2etherapy.session import conversation as session
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, outbox
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Author, ConversationRecord, Partial
from e2etherapy.wire.content import AnyItem, Body, Part


async def sync(device: Device, progress: Progress = no_progress) -> SyncReport:
    """Deliver what waits, collect what has arrived, send receipts that are due.

    What one relay does wrong does not stop the others. The report says so if there is anything
    else to report; otherwise it is raised.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        RelayUnreachable, RelayProtocolError, RelayFull: a relay failed; everything else was done.
    """
    device.vault.require_only_copy()
    arrived: dict[str, int] = {}
    notices: list[Notice] = []
    await joining.forget_old_claims(device)
    failure = await sending.flush(device, notices, progress)
    await _complete_what_a_crash_left(device, (arrived, notices))
    await _forget_what_is_awaited_for_too_long(device)
    for url, records in (await _by_relay(device)).items():
        try:
            await _collect_from(device, url, records, (arrived, notices))
        except RelayError as error:
            failure = error
    await sending.queue_due_receipts(device)
    failure = await sending.flush(device, []) or failure
    if failure is not None and not (arrived or notices):
        raise failure
    unsent = await outbox.count(device.vault.db)
    return SyncReport(arrived, notices, unsent, None if failure is None else str(failure))


async def wait(device: Device, seconds: float) -> bool:
    """Wait until a relay has something new or the time is over; say whether it has.

    Other processes may use the vault meanwhile.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        RelayUnreachable: the relay can't be reached.
        VaultBusy: another process still has the vault open. It stays let go of, and the next
            method opens it again.
    """
    device.vault.require_only_copy()
    by_relay = await _by_relay(device)
    groups = [(url, some) for url, records in by_relay.items() for some in _groups(records)]
    patience = min(seconds, MAX_WAIT_SECONDS) / max(1, len(groups))
    await device.vault.pause()
    try:
        if not groups:
            await asyncio.sleep(patience)
        for url, some in groups:
            if await _arrivals(device, url, some, patience):
                return True
    finally:
        await device.vault.resume()
    return False


async def _by_relay(device: Device) -> dict[str, list[ConversationRecord]]:
    found: dict[str, list[ConversationRecord]] = {}
    for record in await conversations.every(device.vault.db):
        if record.state.phase is not Phase.CLOSED:
            found.setdefault(record.relay, []).append(record)
    return found


def _groups(records: Sequence[ConversationRecord]) -> list[Sequence[ConversationRecord]]:
    """Return the conversations in groups, each for one request."""
    starts = range(0, len(records), MAX_WAITED_MAILBOXES)
    return [records[start : start + MAX_WAITED_MAILBOXES] for start in starts]


async def _arrivals(
    device: Device, url: str, some: Sequence[ConversationRecord], seconds: float
) -> list[ConversationRecord]:
    relay = await device.relay(url)
    waited = [(record.mailbox.owner_key, record.collected) for record in some]
    return [some[index] for index in await relay.wait(waited, seconds)]


async def _collect_from(
    device: Device,
    url: str,
    records: Sequence[ConversationRecord],
    outcome: tuple[dict[str, int], list[Notice]],
) -> None:
    """Collect from each mailbox that has news or waits for its acknowledgement."""
    _, notices = outcome
    relay = await device.relay(url)
    due = [record for record in records if record.acknowledged < record.collected]
    for some in _groups(records):
        due += await _arrivals(device, url, some, 0)
    settled: list[ConversationRecord] = []
    for number in dict.fromkeys(record.id for record in due):
        # Read again for each: a state that has moved on must never be gone on from.
        record = await conversations.by_id(device.vault.db, number)
        receiver = Receiver(record, device.clock())
        try:
            await _collect(device, relay, receiver, settled)
        except RelayRefused:
            sentence = f"The relay does not know {record.name}'s mailbox any more."
            notices.append(Notice(record.name, EventName.DELIVERY_REFUSED, sentence))
        finally:
            _tell(receiver, outcome)
    if settled:
        change = await device.begin_private()
        _mark(change, settled)
        await device.vault.commit(change)
    # Not before everything was collected that this relay still holds.
    await _give_up_stalled(device, records, outcome)


async def _collect(
    device: Device,
    relay: RelayConnection,
    receiver: Receiver,
    settled: list[ConversationRecord],
) -> None:
    """Store every page, then let the relay delete what is stored here."""
    async with contextlib.aclosing(_pages(relay, receiver.conversation)) as pages:
        async for page in pages:
            await _store(device, receiver, receiver.open_page(page), settled)
    record = receiver.conversation
    if record.acknowledged < record.collected:
        await relay.acknowledge(record.mailbox.owner_key, record.collected)
        settled.append(record)


async def _pages(
    relay: RelayConnection, record: ConversationRecord
) -> AsyncGenerator[list[StoredEnvelope], None]:
    """Yield a mailbox's pages in order; while one is worked on, the next is on its way.

    It ends when a mailbox can hold no more that was not acknowledged: a relay that goes on without
    end must not keep this device from everything else.
    """
    owner_key = record.mailbox.owner_key
    left = MAILBOX_CAPACITY
    coming = asyncio.ensure_future(relay.collect(owner_key, record.collected))
    try:
        while page := await coming:
            left -= len(page)
            if left <= 0:
                yield page
                break
            coming = asyncio.ensure_future(relay.collect(owner_key, page[-1].position))
            yield page
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _mark(change: Change, settled: list[ConversationRecord]) -> None:
    """Remember what the relay has deleted; to forget it costs no more than telling it again."""
    for record in settled:
        change.acknowledged(record.id, record.collected)
    settled.clear()


def _names(item: AnyItem) -> list[bytes]:
    """Return the ids that an item takes: its own, and a part's whole."""
    return [item.id, item.whole] if isinstance(item, Part) else [item.id]


async def _store(
    device: Device, receiver: Receiver, bodies: list[Body], settled: list[ConversationRecord]
) -> None:
    db = device.vault.db
    record = receiver.conversation
    change = await device.begin(record)
    known = await _known(db, record, [body.item for body in bodies])
    receiver.apply(bodies, change, known)
    _mark(change, settled)
    await device.vault.commit(change)
    await _complete(device, receiver, known.partials)


async def _known(db: Database, record: ConversationRecord, items: list[AnyItem]) -> Known:
    """Return what the other side has used before, as far as these items touch it."""
    partials = await conversations.partials(db, record.id)
    sequences, ids = await conversations.used_by_peer(
        db,
        record.id,
        [item.sequence for item in items],
        [name for item in items for name in _names(item)],
    )
    known = Known(sequences, ids, partials)
    for part in items:
        if isinstance(part, Part) and part.whole not in {*partials, *known.given_up}:
            # Of an item that is not on its way no number can have been used: if one was, another
            # item has it, or this one was given up.
            first = first_sequence(part)
            if await conversations.any_used_by_peer(
                db, record.id, range(first, first + part.count)
            ):
                known.given_up.add(part.whole)
    return known


async def _complete(device: Device, receiver: Receiver, partials: dict[bytes, Partial]) -> None:
    """Put each long item of which every piece is here into the record."""
    record = receiver.conversation
    for partial in partials.values():
        if partial.arrived == partial.total:
            packed = await conversations.packed_whole(
                device.vault.db, record.id, Author.PEER, partial.whole
            )
            change = await device.begin(record)
            receiver.complete(partial, packed, change)
            await device.vault.commit(change)


async def _complete_what_a_crash_left(
    device: Device, outcome: tuple[dict[str, int], list[Notice]]
) -> None:
    """Complete long items whose last piece was stored just before this device stopped."""
    for number in await conversations.with_all_pieces(device.vault.db):
        record = await conversations.by_id(device.vault.db, number)
        receiver = Receiver(record, device.clock())
        await _complete(device, receiver, await conversations.partials(device.vault.db, number))
        _tell(receiver, outcome)


async def _forget_what_is_awaited_for_too_long(device: Device) -> None:
    """Drop the aged secrets of conversations in which nothing arrives."""
    today = day_of(device.clock())
    for record in await conversations.every(device.vault.db):
        state = session.expire(record.state, today)
        if state is not record.state:
            change = await device.begin(record)
            change.save(replace(record, state=state))
            await device.vault.commit(change)


async def _give_up_stalled(
    device: Device,
    records: Sequence[ConversationRecord],
    outcome: tuple[dict[str, int], list[Notice]],
) -> None:
    """Give up long items whose missing pieces cannot come any more, even now."""
    first = day_of(device.clock()) - STALLED_DAYS
    found = await conversations.with_partials_before(device.vault.db, first)
    for number in found & {record.id for record in records}:
        record = await conversations.by_id(device.vault.db, number)
        receiver = Receiver(record, device.clock())
        change = await device.begin(record)
        partials = await conversations.partials(device.vault.db, number)
        receiver.give_up_stalled(partials.values(), change)
        await device.vault.commit(change)
        _tell(receiver, outcome)


def _tell(receiver: Receiver, outcome: tuple[dict[str, int], list[Notice]]) -> None:
    """Add what came of one conversation to what a sync reports."""
    arrived, notices = outcome
    if receiver.messages:
        name = receiver.conversation.name
        arrived[name] = arrived.get(name, 0) + receiver.messages
    notices.extend(receiver.notices)
