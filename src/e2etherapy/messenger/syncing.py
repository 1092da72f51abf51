"""Collecting what has arrived: store a page, then acknowledge it; and waiting for more."""

from __future__ import annotations

from collections.abc import Sequence

from e2etherapy.errors import RelayRefused, RelayUnreachable
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.operations import MAX_WAIT_SECONDS, MAX_WAITED_MAILBOXES
from e2etherapy.messenger import sending
from e2etherapy.messenger.courier import Progress, no_progress
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.receiving import Notice, Receiver
from e2etherapy.messenger.relay_connection import RelayConnection
from e2etherapy.messenger.views import SyncReport
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, outbox
from e2etherapy.vault.records import Author, ConversationRecord
from e2etherapy.wire.content import Body


async def sync(device: Device, progress: Progress = no_progress) -> SyncReport:
    """Deliver what waits, collect what has arrived, send receipts that are due.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        RelayUnreachable: a relay can't be reached; everything else was done.
    """
    device.vault.require_only_copy()
    arrived: dict[str, int] = {}
    notices: list[Notice] = []
    unreachable = await sending.flush(device, notices, progress)
    for url, records in (await _by_relay(device)).items():
        try:
            await _collect_from(device, url, records, (arrived, notices))
        except RelayUnreachable as error:
            unreachable = error
    await sending.queue_due_receipts(device)
    unreachable = await sending.flush(device, []) or unreachable
    if unreachable is not None and not arrived:
        raise unreachable
    return SyncReport(arrived, notices, await outbox.count(device.vault.db))


async def wait(device: Device, seconds: float) -> bool:
    """Wait until a relay has something new or the time is over; say whether it has.

    Other processes may use the vault meanwhile.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        RelayUnreachable: the relay can't be reached.
    """
    device.vault.require_only_copy()
    by_relay = await _by_relay(device)
    patience = min(seconds, MAX_WAIT_SECONDS) / max(1, len(by_relay))
    await device.vault.pause()
    try:
        for url, records in by_relay.items():
            if await _arrivals(device, url, records, patience):
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


async def _arrivals(
    device: Device, url: str, records: Sequence[ConversationRecord], seconds: float
) -> list[ConversationRecord]:
    relay = await device.relay(url)
    arrived = []
    for start in range(0, len(records), MAX_WAITED_MAILBOXES):
        some = records[start : start + MAX_WAITED_MAILBOXES]
        waited = [(record.mailbox.owner_key, record.collected) for record in some]
        arrived += [some[index] for index in await relay.wait(waited, seconds)]
    return arrived


async def _collect_from(
    device: Device,
    url: str,
    records: Sequence[ConversationRecord],
    outcome: tuple[dict[str, int], list[Notice]],
) -> None:
    arrived, notices = outcome
    relay = await device.relay(url)
    for record in records:
        if record.acknowledged < record.collected:
            await _acknowledge(device, relay, record)
    for record in await _arrivals(device, url, records, 0):
        receiver = Receiver(record, device.clock())
        try:
            await _collect(device, relay, receiver)
        except RelayRefused:
            sentence = f"The relay does not know {record.name}'s mailbox any more."
            notices.append(Notice(record.name, EventName.DELIVERY_REFUSED, sentence))
        if receiver.messages:
            arrived[record.name] = receiver.messages
        notices.extend(receiver.notices)


async def _collect(device: Device, relay: RelayConnection, receiver: Receiver) -> None:
    """Store each page, then acknowledge it, until the mailbox has nothing newer."""
    while page := await relay.collect(
        receiver.conversation.mailbox.owner_key, receiver.conversation.collected
    ):
        await _store(device, receiver, receiver.open_page(page))
        await _acknowledge(device, relay, receiver.conversation)


async def _acknowledge(device: Device, relay: RelayConnection, record: ConversationRecord) -> None:
    """Let the relay delete what is stored here, and remember that it has."""
    await relay.acknowledge(record.mailbox.owner_key, record.collected)
    change = await device.begin(record)
    change.acknowledged(record.id, record.collected)
    await device.vault.commit(change)


async def _store(device: Device, receiver: Receiver, bodies: list[Body]) -> None:
    db = device.vault.db
    record = receiver.conversation
    change = await device.begin(record)
    partials = await conversations.partials(db, record.id)
    used = await conversations.used_by_peer(
        db,
        record.id,
        [body.item.sequence for body in bodies],
        [body.item.id for body in bodies],
    )
    receiver.apply(bodies, change, used, partials)
    await device.vault.commit(change)
    for partial in partials.values():
        if partial.arrived == partial.total:
            packed = await conversations.packed_whole(db, record.id, Author.PEER, partial.whole)
            change = await device.begin(record)
            receiver.complete(partial, packed, change)
            await device.vault.commit(change)
