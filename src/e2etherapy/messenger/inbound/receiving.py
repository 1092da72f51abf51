"""From collected envelopes to a change: opened on copies, judged, recorded; pure of the network.

What a peer may not do is refused item by item with an entry in the record; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from e2etherapy.errors import (
    ContentRefused,
    EnvelopeRefused,
    InvitationExpired,
    InvitationUsed,
    MalformedData,
    ReplayedEnvelope,
)
from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.capabilities import DepositAddress, DepositKey, MailboxId
from e2etherapy.mailbox.operations import RETENTION_DAYS, StoredEnvelope
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.inbound import positions
from e2etherapy.messenger.inbound.items import check_blob, kind_of, searchable
from e2etherapy.messenger.inbound.known import Known
from e2etherapy.messenger.inbound.long_items import displaced, first_sequence
from e2etherapy.messenger.occurrences import Occurrences
from e2etherapy.session import conversation as session
from e2etherapy.session.states import Invited
from e2etherapy.therapy.care import state as care_state
from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.care.state import Care
from e2etherapy.vault.change import Change
from e2etherapy.vault.records import (
    Author,
    ChunkRow,
    ConversationRecord,
    ItemRow,
    Partial,
    State,
)
from e2etherapy.wire import content
from e2etherapy.wire.body import Body, Head, ReplyTo, pack_body
from e2etherapy.wire.care import CARE
from e2etherapy.wire.content import (
    AnyItem,
    Attachment,
    JournalShare,
    Part,
    ReadMark,
    Receipt,
    Text,
    UnknownItem,
)
from e2etherapy.wire.item import Item

RECEIPT_EARLIEST_SECONDS = 5 * 60
RECEIPT_LATEST_SECONDS = 6 * 60 * 60


@dataclass(slots=True)
class Receiver:
    """Works through pages of one conversation's envelopes.

    Attributes:
        conversation: the record as it is after what was processed so far.
        occurrences: what the person should know, and the record keep.
        messages: number of new items for the thread.
        care: what holds about the therapy; has to be there before an item about it is taken.
    """

    conversation: ConversationRecord
    now: datetime
    occurrences: Occurrences = field(init=False)
    messages: int = 0
    care: Care | None = None
    _known: int = field(init=False)
    """The highest position that was here before."""
    _given_up: list[Partial] = field(default_factory=list)
    _restored: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing to tell."""
        self.occurrences = Occurrences(self.conversation.name)
        self._known = max(self.conversation.acknowledged, self.conversation.collected)

    def open_page(self, page: list[StoredEnvelope]) -> list[Body]:
        """Open envelopes in order, on copies; return the bodies that break no form."""
        said = positions.read(self._known, page)
        self._restored = said.restored
        said.tell(self.occurrences)
        bodies = []
        for stored in page:
            body = self._open(stored)
            if body is not None:
                bodies.append(body)
            self.conversation = replace(self.conversation, collected=stored.position)
        return bodies

    def apply(
        self,
        bodies: list[Body],
        change: Change,
        known: Known,
    ) -> None:
        """Judge the items and put what follows from them into the change.

        Args:
            bodies: what `open_page` returned.
            change: gathers what is to be written.
            known: what the other side has used before; updated with what is accepted.
        """
        for body in bodies:
            try:
                known.require_fresh(body.item)
                self._take_address(body.reply_to)
                self._take(body, change, known)
            except ContentRefused as refused:
                self.occurrences.refuse(EventName.CONTENT_REFUSED, str(refused))
            else:
                known.add(body.item)
        for partial in self._given_up:
            # Behind everything that a page adds: it may have brought pieces of this very item.
            change.drop_chunks(self.conversation.id, Author.PEER, partial.whole)
            change.drop_partial(partial)
        self._given_up.clear()
        if self._restored:
            # Receipts may be among what was lost, and their author would wait for them for ever.
            since = int((self.now - timedelta(days=RETENTION_DAYS)).timestamp())
            change.owe_receipts_again(self.conversation.id, since, self._receipt_due(change))
            self._restored = False
        self.occurrences.record(change, self.now)
        change.save(self.conversation)

    def complete(self, partial: Partial, whole: Head | ContentRefused, change: Change) -> None:
        """Put what the joined pieces of a long item give into the record, or what was wrong."""
        try:
            if isinstance(whole, ContentRefused):
                raise whole
            change.spend_first_id(partial)
            self._record(whole.item, change)
            if not (whole.blob_size or isinstance(whole.item, Attachment)):
                change.drop_chunks(self.conversation.id, Author.PEER, partial.whole)
        except ContentRefused as refused:
            change.drop_chunks(self.conversation.id, Author.PEER, partial.whole)
            self.occurrences.refuse(EventName.CONTENT_REFUSED, str(refused))
        change.drop_partial(partial)
        self.apply([], change, Known())

    def give_up(self, partials: Iterable[Partial], change: Change) -> None:
        """Give up long items whose missing pieces cannot come any more."""
        for partial in partials:
            self._give_up(partial)
        self.apply([], change, Known())

    def _open(self, stored: StoredEnvelope) -> Body | None:
        before = self.conversation.state
        try:
            opened = session.unseal(before, stored.envelope, day_of(self.now))
        except ReplayedEnvelope:
            # The acknowledgement of an earlier sync was lost: nothing is new in it.
            return None
        except InvitationUsed as used:
            self.occurrences.misuse(EventName.INVITATION_USED_BY_SOMEBODY_ELSE, str(used))
            return None
        except InvitationExpired as expired:
            self.occurrences.misuse(EventName.INVITATION_EXPIRED, str(expired))
            return None
        except (EnvelopeRefused, MalformedData):
            if stored.position <= self._known:
                # It was here before, and what could open it is gone: a relay that was restored
                # shows again what had been deleted.
                return None
            reason = "it was not made for this conversation"
            self.occurrences.refuse(EventName.ENVELOPE_REFUSED, reason)
            return None
        self.conversation = replace(self.conversation, state=opened.state)
        if isinstance(before, Invited):
            self.occurrences.tell(
                EventName.CONVERSATION_ESTABLISHED,
                f"{self.conversation.name} has used the invitation. Compare the six words by "
                f"voice or in person: e2etherapy verify {self.conversation.name}",
            )
        if opened.body is None:
            self.occurrences.refuse(EventName.CONTENT_REFUSED, opened.refusal)
        return opened.body

    def _take_address(self, reply_to: ReplyTo | None) -> None:
        if reply_to is None:
            return
        given = DepositAddress(MailboxId(reply_to.mailbox), DepositKey(reply_to.deposit_key))
        if self.conversation.peer is None:
            self.conversation = replace(self.conversation, peer=given)
        elif self.conversation.peer != given:
            raise ContentRefused("it names another mailbox than before")

    def _take(self, body: Body, change: Change, known: Known) -> None:
        item = body.item
        if isinstance(item, Part):
            self._take_part(item, body.blob, change, known)
        else:
            self._record_whole(body, change)
        if isinstance(item, Receipt):
            for held in item.items:
                change.raise_state(self.conversation.id, held, State.FETCHED)
        elif isinstance(item, ReadMark):
            for read in item.items:
                change.raise_state(self.conversation.id, read, State.READ)

    def _take_part(self, item: Part, blob: bytes, change: Change, known: Known) -> None:
        today, first = day_of(self.now), first_sequence(item)
        partial = known.partials.get(item.whole)
        if partial is None:
            self._make_room(known)
            partial = Partial(self.conversation.id, item.whole, item.count, first, 0, today)
        if (partial.total, partial.first_sequence) != (item.count, first):
            raise ContentRefused("pieces that do not belong together")
        partial = replace(partial, arrived=partial.arrived + 1, day=today)
        known.partials[item.whole] = partial
        change.save_partial(partial)
        change.add_chunk(ChunkRow(self.conversation.id, Author.PEER, item.whole, item.index, blob))
        self._add_row(item, None, change)

    def _make_room(self, known: Known) -> None:
        oldest = displaced(known.partials)
        if oldest is not None:
            del known.partials[oldest.whole]
            known.given_up.add(oldest.whole)
            self._give_up(oldest)

    def _give_up(self, partial: Partial) -> None:
        self._given_up.append(partial)
        name, arrived, total = self.conversation.name, partial.arrived, partial.total
        sentence = (
            f"A long message or file from {name} cannot be completed and was given up: {arrived} "
            f"of its {total} pieces arrived, and the others seem to be lost. Ask {name} to send it "
            "again. Nothing else was affected."
        )
        self.occurrences.tell(EventName.LONG_ITEM_LOST, sentence, arrived=arrived, total=total)

    def _record_whole(self, body: Body, change: Change) -> None:
        check_blob(body)
        self._record(body.item, change)
        if body.blob or isinstance(body.item, Attachment):
            packed = pack_body(body.item, body.blob)
            row = ChunkRow(self.conversation.id, Author.PEER, body.item.id, 0, packed)
            change.add_chunk(row)

    def _record(self, item: AnyItem, change: Change) -> None:
        if isinstance(item, CARE):
            self._take_care(item)
        entry = record.Message(
            direction="received",
            recorded=self.now,
            item=msgspec.Raw(content.encode_item(item)),
        )
        journal = change.record(record.encode(entry), searchable(item))
        self._add_row(item, journal, change)
        if isinstance(item, (Text, Attachment, JournalShare, UnknownItem, *CARE)):
            self.messages += 1
        if not isinstance(item, Receipt | ReadMark):
            change.owe_receipt(self.conversation.id, item.id, self._receipt_due(change))

    def _take_care(self, item: Item) -> None:
        """Hold what is said about the therapy to who says it, and to what was said before."""
        if self.care is None:
            raise RuntimeError("What holds in this conversation was not read.")
        try:
            said = Said(self.conversation.role.other(), item, self.now)
            self.care = care_state.after(self.care, said)
        except OutOfPlace as refused:
            raise ContentRefused(str(refused)) from None

    def _add_row(self, item: AnyItem, journal: int | None, change: Change) -> None:
        change.add_item(
            ItemRow(
                self.conversation.id,
                Author.PEER,
                item.sequence,
                item.id,
                kind_of(item),
                journal,
                State.RECEIVED,
                int(item.written.timestamp()),
            )
        )

    def _receipt_due(self, change: Change) -> int:
        span = RECEIPT_LATEST_SECONDS - RECEIPT_EARLIEST_SECONDS
        drawn = int.from_bytes(change.entropy(8), "big") % span
        return int(self.now.timestamp()) + RECEIPT_EARLIEST_SECONDS + drawn
