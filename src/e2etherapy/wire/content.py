"""What people say to each other: items of known kinds, refused when they break their form.

An unknown kind is kept, never dropped (docs/protocol.md, section 7).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.wire import notation
from e2etherapy.wire.care import CARE, CareItem, times_of
from e2etherapy.wire.item import (
    MAX_SEQUENCE,
    Digest,
    Item,
    ItemId,
    Name,
    Sequence,
    When,
)

MAX_TEXT_BYTES = 1_000_000
MAX_ATTACHMENT_BYTES = 25_000_000
MAX_PARTS = 2_400
MAX_RECEIPT_ITEMS = 256
_UTC_OFFSET = timedelta(0)


class Text(Item, frozen=True, tag="text"):
    """A message in words, up to 1,000,000 bytes of UTF-8."""

    text: str


class Attachment(Item, frozen=True, tag="attachment"):
    """A file; its bytes are the blob. `sha256` is over the blob."""

    name: Name
    media_type: Name
    size: Annotated[int, msgspec.Meta(ge=0, le=MAX_ATTACHMENT_BYTES)]
    sha256: Digest


class Part(Item, frozen=True, tag="part"):
    """A piece of an item that does not fit one envelope; the piece is the blob.

    The joined pieces are a body without padding. Piece `index` of `count` has the whole's
    sequence plus `index`, and the whole's id in `whole`.
    """

    whole: ItemId
    index: Annotated[int, msgspec.Meta(ge=0, lt=MAX_PARTS)]
    count: Annotated[int, msgspec.Meta(ge=2, le=MAX_PARTS)]


class Receipt(Item, frozen=True, tag="receipt"):
    """Says that the author's device holds these items of the other side."""

    items: Annotated[list[ItemId], msgspec.Meta(min_length=1, max_length=MAX_RECEIPT_ITEMS)]


class ReadMark(Item, frozen=True, tag="read_mark"):
    """Says that the author has read these items; sent only by who opted in."""

    items: Annotated[list[ItemId], msgspec.Meta(min_length=1, max_length=MAX_RECEIPT_ITEMS)]


class Profile(Item, frozen=True, tag="profile"):
    """How the author would like to be called."""

    name: Name


class JournalShare(Item, frozen=True, tag="journal_share"):
    """One entry of the author's own journal, shared on purpose, with the time it was written."""

    text: str
    entry_written: When


class UnknownItem(msgspec.Struct, frozen=True):
    """An item of a kind that a newer version made: kept as it came, shown as such."""

    kind: ClassVar[str] = "unknown"
    id: ItemId
    sequence: Sequence
    written: When
    named_kind: str
    raw: bytes

    def __repr__(self) -> str:
        """Name the type, never what was said."""
        return "<UnknownItem>"


KnownItem = Text | Attachment | Part | Receipt | ReadMark | Profile | JournalShare | CareItem
AnyItem = KnownItem | UnknownItem
_TALK: tuple[type[Item], ...] = (
    Text,
    Attachment,
    Part,
    Receipt,
    ReadMark,
    Profile,
    JournalShare,
)
KINDS: frozenset[str] = frozenset(str(kind.__struct_config__.tag) for kind in (*_TALK, *CARE))


class _AnyKind(msgspec.Struct, frozen=True):
    kind: str
    id: ItemId
    sequence: Sequence
    written: When


_any_kind = msgspec.json.Decoder(_AnyKind)
_known: msgspec.json.Decoder[KnownItem] = msgspec.json.Decoder(KnownItem)


def encode_item(item: AnyItem) -> bytes:
    """Return an item's JSON, as it stands in a body and in the journal.

    Raises:
        MalformedData: a text in it is not valid Unicode.
    """
    if isinstance(item, UnknownItem):
        return item.raw
    return notation.write(item)


def decode_item(data: bytes) -> AnyItem:
    """Read one item.

    Raises:
        MalformedData: not JSON or not in its one notation, a field missing, unknown, of a wrong
            type or out of range, or a time that is not UTC in whole seconds.
    """
    try:
        item = _known.decode(data)
    except notation.BROKEN as broken:
        return _newer_item(data, broken)
    notation.require(item, data)
    check_decoded(item)
    return item


def _newer_item(data: bytes, broken: Exception) -> UnknownItem:
    """Keep an item that is `broken` for this version only because of its kind."""
    try:
        common = _any_kind.decode(data)
    except notation.BROKEN as error:
        raise _malformed_item(error) from None
    if common.kind in KINDS:
        raise _malformed_item(broken)
    whole = notation.read_any(data)
    if any(whole[name] != value for name, value in msgspec.to_builtins(common).items()):
        raise MalformedData("A content item's id or time is not written in the one way there is.")
    item = UnknownItem(common.id, common.sequence, common.written, common.kind, bytes(data))
    check_decoded(item)
    return item


def _malformed_item(error: Exception) -> MalformedData:
    return MalformedData(f"A content item breaks its form: {notation.problem(error)}.")


def check_item(item: KnownItem) -> None:
    """Hold an item that is about to be sealed to the form that its reader will hold it to.

    Raises:
        MalformedData: a value is out of range or too long, or a time is not UTC in whole seconds.
    """
    try:
        msgspec.convert(msgspec.structs.asdict(item), type=type(item))
    except msgspec.ValidationError as error:
        raise _malformed_item(error) from None
    check_decoded(item)


def check_decoded(item: AnyItem) -> None:
    """Refuse what an item's type does not rule out.

    Raises:
        MalformedData: a time that is not UTC in whole seconds, a part outside of its whole, or a
            text of more than 1,000,000 bytes.
    """
    _check_time(item.written)
    for time in times_of(item):
        _check_time(time)
    if isinstance(item, JournalShare):
        _check_time(item.entry_written)
    if isinstance(item, Part):
        _check_place(item)
    if isinstance(item, (Text, JournalShare)) and not _fits(item.text):
        raise MalformedData("A text is longer than a conversation carries.")


def _check_time(time: datetime) -> None:
    if time.utcoffset() != _UTC_OFFSET or time.microsecond:
        raise MalformedData("A content item's time is not UTC in whole seconds.")


def _check_place(part: Part) -> None:
    if part.index >= part.count:
        raise MalformedData("A part's index is not below its count.")
    first = part.sequence - part.index
    if first < 1 or first + part.count - 1 > MAX_SEQUENCE:
        raise MalformedData("A part's whole would have a sequence that none may have.")


def _fits(text: str) -> bool:
    # Four bytes are the most for a character: what is short needs no counting.
    return len(text) <= MAX_TEXT_BYTES // 4 or len(text.encode()) <= MAX_TEXT_BYTES
