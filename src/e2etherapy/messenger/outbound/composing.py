"""From something a person says to sealed envelopes in a change: pure of network and disk."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar

import msgspec

from e2etherapy.errors import ContentTooLarge, IdentityUnconfirmed, InvalidText, NotReady
from e2etherapy.journal import record
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import conversation as session
from e2etherapy.session.phases import Phase
from e2etherapy.vault import outgoing
from e2etherapy.vault.change import Change
from e2etherapy.vault.outgoing import Outgoing
from e2etherapy.vault.records import (
    Author,
    ChunkRow,
    ConversationRecord,
    Deposit,
    ItemRow,
    State,
    Verification,
)
from e2etherapy.wire import content
from e2etherapy.wire.body import ReplyTo, pack_body, pack_head
from e2etherapy.wire.content import (
    MAX_ATTACHMENT_BYTES,
    MAX_TEXT_BYTES,
    Attachment,
    JournalShare,
    KnownItem,
    Part,
    Profile,
    Text,
)
from e2etherapy.wire.item import ITEM_ID_SIZE, MAX_NAME_LENGTH, Item

_PART_OVERHEAD = 600
"""Room that a part's JSON and `reply_to` need at most."""
MOST_BEGUN = 5
"""Files whose first piece goes ahead of all that is said later. A reader keeps eight long items on
their way: these, the one that is uploaded, and a long text."""


ItemOfKind = TypeVar("ItemOfKind", bound=Item)


class _Common(TypedDict):
    id: bytes
    sequence: int
    written: datetime


@dataclass(slots=True)
class Composer:
    """Seals items of one conversation into one change.

    Attributes:
        conversation: the record as it is after what was said so far.
        change: gathers what is to be written.
        now: the time of writing, UTC, whole seconds.
        files_ahead: how many files of this conversation are on their way.
    """

    conversation: ConversationRecord
    change: Change
    now: datetime
    entropy: Entropy
    files_ahead: int = 0

    def require_ready(self) -> None:
        """Refuse to write where a message could not go, or should not.

        Raises:
            NotReady: the invitation has not been used yet, or the conversation has ended.
            IdentityUnconfirmed: the six words differed.
        """
        name = self.conversation.name
        if self.conversation.verification is Verification.DIFFERED:
            raise IdentityUnconfirmed(
                f"This may not be {name}: the six words were different. Nothing more is sent "
                f"until they are compared again and agree: e2etherapy verify {shlex.quote(name)}"
            )
        phase = self.conversation.state.phase
        if phase is Phase.INVITED:
            raise NotReady(
                f"{name} has not used the invitation yet. You can write once they have. Nothing "
                "was sent."
            )
        if phase is Phase.CLOSED:
            raise NotReady(
                f"The conversation with {name} has ended. Nothing was sent. What was written stays "
                "on this device."
            )

    def text(self, text: str, answers: bytes | None = None) -> bytes:
        """Say something; return the item's id.

        Raises:
            ContentTooLarge: more than 1,000,000 bytes of UTF-8.
        """
        if len(text.encode()) > MAX_TEXT_BYTES:
            raise ContentTooLarge(
                "This text is longer than 1,000,000 bytes. Nothing was sent. "
                "Send it as a file instead (--attach)."
            )
        item = Text(**self._common(), text=text, answers=answers)
        return self.say(item, searchable=text)

    def attachment(self, name: str, media_type: str, blob: bytes, sha256: bytes) -> bytes:
        """Send a file of at most 25,000,000 bytes; return the item's id.

        Raises:
            ContentTooLarge: it is larger.
            InvalidText: its name or media type is too long, or is not valid Unicode.
        """
        _require_labels(name, media_type)
        if len(blob) > MAX_ATTACHMENT_BYTES:
            raise ContentTooLarge(
                f"This file has {len(blob):,} bytes; 25,000,000 are the most that can be sent. "
                "Nothing was sent. Make it smaller, or send it in pieces."
            )
        item = Attachment(
            **self._common(), name=name, media_type=media_type, size=len(blob), sha256=sha256
        )
        return self.say(item, blob=blob, searchable=name)

    def share(self, text: str, entry_written: datetime) -> bytes:
        """Share one private journal entry; return the item's id."""
        item = JournalShare(**self._common(), text=text, entry_written=entry_written)
        return self.say(item, searchable=text)

    def profile(self, name: str) -> bytes:
        """Say how one would like to be called."""
        return self.say(Profile(**self._common(), name=name))

    def receipt(self, items: list[bytes]) -> None:
        """Say that this device holds these items."""
        self.say(content.Receipt(**self._common(), items=items))
        for item in items:
            self.change.settle_receipt(self.conversation.id, item)

    def read_mark(self, items: list[bytes]) -> None:
        """Say that these items have been read."""
        self.say(content.ReadMark(**self._common(), items=items))
        for item in items:
            self.change.mark_read(self.conversation.id, item)

    def item(self, kind: type[ItemOfKind], **members: Any) -> ItemOfKind:  # noqa: ANN401
        """Return an item of a kind with an id, a number and a time of its own; not yet said."""
        return kind(**self._common(), **members)

    def say(self, item: KnownItem, *, blob: bytes = b"", searchable: str = "") -> bytes:
        """Seal an item in one envelope or several, record it and queue it.

        Of a file that takes several, only the first is sealed: `uploading` seals the others when
        they are about to leave, so that what is said meanwhile need not wait for them.
        """
        pieces = self._pieces(item, blob)
        self._record(item, searchable)
        if isinstance(item, Attachment):
            self._keep(item, pieces or [pack_body(item, blob)])
        if not pieces:
            self._seal(item, blob, item.sequence)
        elif isinstance(item, Attachment):
            self._send_later(item, pieces)
        else:
            self.parts(_begun(self.conversation, item, len(pieces)), pieces)
        self.conversation = replace(
            self.conversation, sequence=item.sequence + max(1, len(pieces)) - 1
        )
        self.change.save(self.conversation)
        return item.id

    def parts(self, whole: Outgoing, pieces: Sequence[bytes | memoryview]) -> None:
        """Seal the next pieces of a long item, as said when the whole was."""
        written = datetime.fromtimestamp(whole.written, UTC)
        for index, piece in enumerate(pieces, whole.sealed):
            part = Part(
                id=self.entropy(ITEM_ID_SIZE),
                sequence=whole.sequence + index,
                written=written,
                whole=whole.item,
                index=index,
                count=whole.total,
            )
            self._seal(part, bytes(piece), whole.sequence)
        self.change.save(self.conversation)

    def _record(self, item: KnownItem, searchable: str) -> None:
        """Write an item into the record and the thread."""
        entry = record.Message(
            direction="sent", recorded=self.now, item=msgspec.Raw(content.encode_item(item))
        )
        journal = self.change.record(record.encode(entry), searchable)
        self.change.add_item(
            ItemRow(
                self.conversation.id,
                Author.OWN,
                item.sequence,
                item.id,
                str(item.__struct_config__.tag),
                journal,
                State.ON_DEVICE,
                int(item.written.timestamp()),
            )
        )

    def _common(self) -> _Common:
        return {
            "id": self.entropy(ITEM_ID_SIZE),
            "sequence": self.conversation.sequence + 1,
            "written": self.now,
        }

    def _reply_to(self) -> ReplyTo:
        address = self.conversation.mailbox.address()
        return ReplyTo(bytes(address.mailbox), bytes(address.key))

    def _pieces(self, item: KnownItem, blob: bytes) -> list[bytes | memoryview]:
        """Cut an item's packed form so that each piece fits an envelope of the present phase.

        It is not cut, and the list is empty, if it fits one as a whole. A file is not copied.
        """
        room = session.body_room(self.conversation.state)
        if len(pack_head(item, len(blob), self._reply_to())) + len(blob) <= room:
            return []
        head, size = pack_head(item, len(blob)), room - _PART_OVERHEAD
        filling = -len(head) % size
        first, rest = head + blob[:filling], memoryview(blob)[filling:]
        return [
            part[start : start + size]
            for part in (first, rest)
            for start in range(0, len(part), size)
        ]

    def _keep(self, item: Attachment, pieces: Sequence[bytes | memoryview]) -> None:
        """Keep a file in the vault, for its author and until all of its pieces are sealed."""
        for position, piece in enumerate(pieces):
            row = ChunkRow(self.conversation.id, Author.OWN, item.id, position, piece)
            self.change.add_chunk(row)

    def _send_later(self, item: Attachment, pieces: Sequence[bytes | memoryview]) -> None:
        """Seal the first piece of a file, which says how many there are, and note the others."""
        ahead = 1 if self.files_ahead < MOST_BEGUN else 0
        self.files_ahead += 1
        file = _begun(self.conversation, item, len(pieces))
        self.parts(file, pieces[:ahead])
        outgoing.begin(self.change, replace(file, sealed=ahead))

    def _seal(self, item: KnownItem, blob: bytes, of_sequence: int) -> None:
        sealed = session.seal(
            self.conversation.state, item, self.entropy, blob=blob, reply_to=self._reply_to()
        )
        self.conversation = replace(self.conversation, state=sealed.state)
        self.change.queue(self.conversation.id, Deposit(sealed.envelope), of_sequence)


def _begun(conversation: ConversationRecord, item: KnownItem, total: int) -> Outgoing:
    """Return a long item as it begins its way; only that of a file has an `id` later."""
    written = int(item.written.timestamp())
    return Outgoing(0, conversation.id, item.id, item.sequence, written, total, 0)


def _require_labels(*labels: str) -> None:
    """Refuse what the other side, and one's own thread, could not read."""
    for label in labels:
        if len(label) > MAX_NAME_LENGTH or label != label.encode(errors="replace").decode():
            raise InvalidText(
                f"A file's name and type have at most {MAX_NAME_LENGTH} characters of valid "
                "Unicode each. Nothing was sent. Rename the file and send it again."
            )
