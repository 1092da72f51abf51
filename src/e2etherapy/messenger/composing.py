"""From something a person says to sealed envelopes in a change: pure of network and disk."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypedDict, TypeVar

import msgspec

from e2etherapy.errors import ContentTooLarge, IdentityUnconfirmed, InvalidText, NotReady
from e2etherapy.journal import record
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import conversation as session
from e2etherapy.session.phases import Phase
from e2etherapy.vault.change import Change
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
from e2etherapy.wire.body import ReplyTo, pack_body
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
    """

    conversation: ConversationRecord
    change: Change
    now: datetime
    entropy: Entropy

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
            raise NotReady(f"{name} has not used the invitation yet. You can write once they have.")
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
        """Seal an item in one envelope or several, record it and queue it."""
        pieces = self._pieces(item, blob)
        self._record(item, searchable)
        if isinstance(item, Attachment):
            self._keep_blob(item, blob)
        if len(pieces) == 1:
            self._seal(item, blob, item.sequence)
        else:
            self._seal_parts(item, pieces)
        self.conversation = replace(self.conversation, sequence=item.sequence + len(pieces) - 1)
        self.change.save(self.conversation)
        return item.id

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

    def _pieces(self, item: KnownItem, blob: bytes) -> list[bytes]:
        """Cut an item's packed form so that each piece fits an envelope of the present phase."""
        room = session.body_room(self.conversation.state)
        if len(pack_body(item, blob, self._reply_to())) <= room:
            return [b""]
        packed = pack_body(item, blob)
        size = room - _PART_OVERHEAD
        return [packed[start : start + size] for start in range(0, len(packed), size)]

    def _keep_blob(self, item: KnownItem, blob: bytes) -> None:
        """Keep the file in the vault too, so that its author can open and export it."""
        packed = pack_body(item, blob)
        size = 13_000
        starts = range(0, len(packed), size)
        for position, start in enumerate(starts):
            self.change.add_chunk(
                ChunkRow(
                    self.conversation.id,
                    Author.OWN,
                    item.id,
                    position,
                    packed[start : start + size],
                )
            )

    def _seal_parts(self, item: KnownItem, pieces: list[bytes]) -> None:
        for index, piece in enumerate(pieces):
            part = Part(
                id=self.entropy(ITEM_ID_SIZE),
                sequence=item.sequence + index,
                written=self.now,
                whole=item.id,
                index=index,
                count=len(pieces),
            )
            self._seal(part, piece, item.sequence)

    def _seal(self, item: KnownItem, blob: bytes, of_sequence: int) -> None:
        sealed = session.seal(
            self.conversation.state, item, self.entropy, blob=blob, reply_to=self._reply_to()
        )
        self.conversation = replace(self.conversation, state=sealed.state)
        self.change.queue(self.conversation.id, Deposit(sealed.envelope), of_sequence)


def _require_labels(*labels: str) -> None:
    """Refuse what the other side, and one's own thread, could not read."""
    for label in labels:
        if len(label) > MAX_NAME_LENGTH or label != label.encode(errors="replace").decode():
            raise InvalidText(
                f"A file's name and type have at most {MAX_NAME_LENGTH} characters of valid "
                "Unicode each. Nothing was sent. Rename the file and send it again."
            )
