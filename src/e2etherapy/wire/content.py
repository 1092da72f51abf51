"""What a sealed body says: JSON items of known kinds, refused when they break their form.

    body    u32 n | n bytes of JSON | optional blob | zero padding
    JSON    {"item": {"kind": …, …}, "blob": size, "reply_to": …}

An unknown kind is kept, never dropped (docs/protocol.md, section 7).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

import msgspec

from e2etherapy.errors import ContentTooLarge, MalformedData

ITEM_ID_SIZE = 16
MAX_SEQUENCE = 2**53 - 1
MAX_TEXT_BYTES = 1_000_000
MAX_ATTACHMENT_BYTES = 25_000_000
MAX_PARTS = 2_400
MAX_RECEIPT_ITEMS = 256
MAX_JSON_BYTES = 6_100_000
"""The longest text with every character escaped. Reading JSON of a kind that is not known can take
27 times its length in memory, and it is read whenever it is shown."""
MAX_NAME_LENGTH = 200
MAX_DEPTH = 32
"""Arrays and objects inside of each other, in an item of a kind that is not known."""
_LENGTH = struct.Struct(">I")
_UTC_OFFSET = timedelta(0)

ItemId = Annotated[bytes, msgspec.Meta(min_length=ITEM_ID_SIZE, max_length=ITEM_ID_SIZE)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQUENCE)]
When = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_LENGTH)]
Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Item(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """What every kind has.

    Attributes:
        id: 16 random bytes.
        sequence: the author's count of items in this conversation, from 1.
        written: when the author wrote it, UTC, whole seconds.
        answers: the id of the item that this one answers, if it answers one.
    """

    id: ItemId
    sequence: Sequence
    written: When
    answers: ItemId | None = None

    def __repr__(self) -> str:
        """Name the kind, never what was said."""
        return f"<{type(self).__name__} item>"


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


KnownItem = Text | Attachment | Part | Receipt | ReadMark | Profile | JournalShare
AnyItem = KnownItem | UnknownItem
KINDS: frozenset[str] = frozenset(
    str(kind.__struct_config__.tag)
    for kind in (Text, Attachment, Part, Receipt, ReadMark, Profile, JournalShare)
)


class ReplyTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the other side deposits: mailbox id and deposit key, 32 bytes each."""

    mailbox: Digest
    deposit_key: Digest

    def __repr__(self) -> str:
        """Hide the deposit key."""
        return "<ReplyTo: an address and a secret key>"


class Body(msgspec.Struct, frozen=True):
    """A decoded body: the item, its blob, and in openings where to answer."""

    item: AnyItem
    blob: bytes = b""
    reply_to: ReplyTo | None = None

    def __repr__(self) -> str:
        """Name the item's kind, never what was said."""
        return f"<Body: {self.item!r}>"


class _Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    item: msgspec.Raw
    blob: Annotated[int, msgspec.Meta(ge=0)] = 0
    reply_to: ReplyTo | None = None


class _Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    item: KnownItem
    blob: Annotated[int, msgspec.Meta(ge=0)] = 0
    reply_to: ReplyTo | None = None


class _AnyKind(msgspec.Struct, frozen=True):
    kind: str
    id: ItemId
    sequence: Sequence
    written: When


_encoder = msgspec.json.Encoder()
_known_outer = msgspec.json.Decoder(_Known)
_outer = msgspec.json.Decoder(_Outer)
_any_kind = msgspec.json.Decoder(_AnyKind)
_known: msgspec.json.Decoder[KnownItem] = msgspec.json.Decoder(KnownItem)
_any_json = msgspec.json.Decoder(dict[str, Any])
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode_item(item: AnyItem) -> bytes:
    """Return an item's JSON, as it stands in a body and in the journal."""
    if isinstance(item, UnknownItem):
        return item.raw
    return _encoder.encode(item)


def decode_item(data: bytes) -> AnyItem:
    """Read one item.

    Raises:
        MalformedData: not JSON, a field missing, unknown, of a wrong type or out of range, or a
            time that is not UTC in whole seconds.
    """
    try:
        item: AnyItem = _known.decode(data)
    except _BROKEN as broken:
        item = _newer_item(data, broken)
    _check(item)
    return item


def _newer_item(data: bytes, broken: Exception) -> UnknownItem:
    """Keep an item that is `broken` for this version only because of its kind."""
    try:
        common = _any_kind.decode(data)
        whole = _any_json.decode(data)
    except _BROKEN as error:
        raise _malformed_item(error) from None
    if common.kind in KINDS:
        raise _malformed_item(broken)
    if _is_nested_deeper(whole, MAX_DEPTH):
        # It will be read again, also where less room is left on the stack.
        raise MalformedData(f"A content item is nested deeper than {MAX_DEPTH} levels.")
    return UnknownItem(common.id, common.sequence, common.written, common.kind, bytes(data))


def _is_nested_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(inner, Iterable) or isinstance(inner, str):
        return False
    return levels == 0 or any(_is_nested_deeper(item, levels - 1) for item in inner)


def _malformed_item(error: Exception) -> MalformedData:
    return MalformedData(f"A content item breaks its form: {type(error).__name__}.")


def check_item(item: KnownItem) -> None:
    """Hold an item that is about to be sealed to the form that its reader will hold it to.

    Raises:
        MalformedData: a value is out of range or too long, or a time is not UTC in whole seconds.
    """
    try:
        msgspec.convert(msgspec.structs.asdict(item), type=type(item))
    except msgspec.ValidationError as error:
        raise _malformed_item(error) from None
    _check(item)


def _check(item: AnyItem) -> None:
    times = [item.written]
    if isinstance(item, JournalShare):
        times.append(item.entry_written)
    if any(time.utcoffset() != _UTC_OFFSET or time.microsecond for time in times):
        raise MalformedData("A content item's time is not UTC in whole seconds.")
    if isinstance(item, Part) and item.index >= item.count:
        raise MalformedData("A part's index is not below its count.")
    if isinstance(item, (Text, JournalShare)) and not _fits(item.text):
        raise MalformedData("A text is longer than a conversation carries.")


def _fits(text: str) -> bool:
    # Four bytes are the most for a character: what is short needs no counting.
    return len(text) <= MAX_TEXT_BYTES // 4 or len(text.encode()) <= MAX_TEXT_BYTES


def pack_body(item: AnyItem, blob: bytes = b"", reply_to: ReplyTo | None = None) -> bytes:
    """Return ``u32 n | JSON | blob`` without padding."""
    if isinstance(item, UnknownItem):
        encoded = _encoder.encode(_Outer(msgspec.Raw(item.raw), len(blob), reply_to))
    else:
        encoded = _encoder.encode(_Known(item, len(blob), reply_to))
    return b"".join((_LENGTH.pack(len(encoded)), encoded, blob))


def pad_body(packed: bytes, size: int) -> bytes:
    """Fill a packed body with zeros up to `size` bytes.

    Raises:
        ContentTooLarge: it is longer than that.
    """
    if len(packed) > size:
        raise ContentTooLarge(f"{len(packed)} bytes do not fit a body of {size}.")
    return packed.ljust(size, b"\x00")


def unpack_body(data: bytes, *, padded: bool = True) -> Body:
    """Read a body.

    Args:
        data: the packed form, with zeros behind it unless it is a joined whole.
        padded: whether zeros may follow.

    Raises:
        MalformedData: lengths that do not fit, padding that is not zero, or an item that breaks
            its form.
    """
    if len(data) < _LENGTH.size:
        raise MalformedData("A body is shorter than its length field.")
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    if end > len(data):
        raise MalformedData("A body's length field points behind its end.")
    if end > _LENGTH.size + MAX_JSON_BYTES:
        raise MalformedData("A body's JSON is longer than any that may be sent.")
    outer = _unpack_json(data[_LENGTH.size : end])
    blob_end = end + outer.blob
    padding = len(data) - blob_end
    if padding < 0 or not data.endswith(bytes(padding)) or (padding and not padded):
        raise MalformedData("A body's blob or padding does not fit.")
    item = outer.item
    if isinstance(item, msgspec.Raw):
        return Body(decode_item(bytes(item)), data[end:blob_end], outer.reply_to)
    _check(item)
    return Body(item, data[end:blob_end], outer.reply_to)


def _unpack_json(data: bytes) -> _Known | _Outer:
    """Read a body's JSON in one pass where this version knows the item's kind."""
    try:
        return _known_outer.decode(data)
    except _BROKEN:
        # The item may be of a newer kind; whatever else is wrong is wrong here too.
        try:
            return _outer.decode(data)
        except _BROKEN as error:
            raise MalformedData(f"A body's JSON breaks its form: {type(error).__name__}.") from None
