"""Putting what was collected into the vault: opened, judged and recorded in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from e2etherapy.errors import ContentRefused, MalformedData, NotRemembered
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.messenger import caring, occurrences
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound import joined, long_items
from e2etherapy.messenger.inbound.items import check_bytes
from e2etherapy.messenger.inbound.known import Known
from e2etherapy.messenger.inbound.long_items import STALLED_DAYS
from e2etherapy.messenger.inbound.receiving import Receiver
from e2etherapy.messenger.occurrences import Notice
from e2etherapy.therapy.care.state import Care
from e2etherapy.vault import conversations, pieces
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Author, ConversationRecord, Partial
from e2etherapy.wire.body import Head
from e2etherapy.wire.care import CARE
from e2etherapy.wire.content import AnyItem, Part

Arrived = tuple[int, list[StoredEnvelope]]
"""The number of a conversation, and a page of its mailbox that is not empty."""


@dataclass(slots=True)
class Outcome:
    """What a sync has to report so far.

    Attributes:
        arrived: for each conversation with news, the number of new messages.
        failure: what the vault met with one conversation while the others went on.
        care: what holds about the therapy in each conversation that brought something about it, by
            its number: a page behind another one need not read the whole record anew.
        lost: how much of what waited here reached nobody, as its conversation is closed.
    """

    arrived: dict[str, int] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    failure: Exception | None = None
    care: dict[int, Care] = field(default_factory=dict)
    lost: int = 0

    def add(self, receiver: Receiver) -> None:
        """Add what came of one conversation."""
        if receiver.messages:
            name = receiver.conversation.name
            self.arrived[name] = self.arrived.get(name, 0) + receiver.messages
        for notice in receiver.occurrences.notices:
            occurrences.add(self.notices, notice)

    async def care_of(self, db: Database, conversation: ConversationRecord) -> Care:
        """Return what holds in a conversation after what was stored so far."""
        held = self.care.get(conversation.id)
        return await caring.care_of(db, conversation) if held is None else held

    def stored(self, receiver: Receiver) -> None:
        """Note what holds after something was stored."""
        if receiver.care is not None:
            self.care[receiver.conversation.id] = receiver.care


async def store(
    device: Device, pages: Sequence[Arrived], outcome: Outcome
) -> list[ConversationRecord]:
    """Store a page of each of some conversations in one transaction.

    What one conversation meets costs the others nothing; the outcome keeps it.

    Returns:
        the conversations as they are now in the vault.
    """
    changes: list[Change] = []
    stored: list[tuple[Receiver, Known]] = []
    for number, page in pages:
        try:
            # Read anew for each: a state that has moved on must never be gone on from.
            record = await conversations.by_id(device.vault.db, number)
            receiver = Receiver(record, device.clock())
            change = await device.begin(record, changes[-1] if changes else None)
            known = await _receive(device.vault.db, receiver, page, (change, outcome))
        except Exception as error:  # noqa: BLE001 - raised at the end of a sync, not lost
            outcome.failure = outcome.failure or error
            continue
        changes.append(change)
        stored.append((receiver, known))
    try:
        if changes:
            await device.vault.commit(*changes)
    except NotRemembered as error:
        outcome.failure = outcome.failure or error  # it is on disk all the same
    for receiver, known in stored:
        outcome.stored(receiver)
        await complete(device, receiver, known.partials, outcome)
        outcome.add(receiver)
    return [receiver.conversation for receiver, _ in stored]


async def complete(
    device: Device, receiver: Receiver, partials: dict[bytes, Partial], outcome: Outcome
) -> None:
    """Put each long item of which every piece is here into the record."""
    record = receiver.conversation
    for partial in sorted(partials.values(), key=lambda one: one.first_sequence):
        if partial.arrived == partial.total:
            whole = await _whole(device.vault.db, partial)
            change = await device.begin(record)
            receiver.care = await outcome.care_of(device.vault.db, record)
            receiver.complete(partial, whole, change)
            await device.vault.commit(change)
            outcome.stored(receiver)


async def _whole(db: Database, partial: Partial) -> Head | ContentRefused:
    """Return what the joined pieces of a long item give, or why that is refused."""
    of_it = pieces.of_whole(db, partial.conversation, Author.PEER, partial.whole)
    try:
        head, digest = await joined.read(of_it)
        long_items.require_announced(partial, head)
        check_bytes(head.item, head.blob_size, digest)
    except MalformedData as malformed:
        return ContentRefused(str(malformed))
    except ContentRefused as refused:
        return refused
    return head


async def give_up_stalled(
    device: Device, records: Sequence[ConversationRecord], outcome: Outcome
) -> None:
    """Give up long items whose missing pieces cannot come any more, even now."""
    first = day_of(device.clock()) - STALLED_DAYS
    found = await pieces.with_partials_before(device.vault.db, first)
    for number in found & {record.id for record in records}:
        record = await conversations.by_id(device.vault.db, number)
        receiver = Receiver(record, device.clock())
        change = await device.begin(record)
        partials = await pieces.partials(device.vault.db, number)
        stalled = long_items.stalled(partials.values(), day_of(device.clock()))
        receiver.give_up(stalled, change)
        await device.vault.commit(change)
        outcome.add(receiver)


async def _receive(
    db: Database,
    receiver: Receiver,
    page: list[StoredEnvelope],
    into: tuple[Change, Outcome],
) -> Known:
    change, outcome = into
    bodies = receiver.open_page(page)
    if any(isinstance(body.item, CARE) for body in bodies):
        receiver.care = await outcome.care_of(db, receiver.conversation)
    known = await _known(db, receiver.conversation, [body.item for body in bodies])
    receiver.apply(bodies, change, known)
    return known


def _names(item: AnyItem) -> list[bytes]:
    """Return the ids that an item takes: its own, and a part's whole."""
    return [item.id, item.whole] if isinstance(item, Part) else [item.id]


async def _known(db: Database, record: ConversationRecord, items: list[AnyItem]) -> Known:
    """Return what the other side has used before, as far as these items touch it."""
    partials = await pieces.partials(db, record.id)
    sequences, ids = await pieces.used_by_peer(
        db,
        record.id,
        [item.sequence for item in items],
        [name for item in items for name in _names(item)],
    )
    begun = (item for item in items if isinstance(item, Part) and item.whole not in partials)
    for numbers in {long_items.numbers(part) for part in begun}:
        sequences |= await pieces.numbers_used_by_peer(db, record.id, numbers)
    return Known(sequences, ids, partials)
