"""A sealed body: an item's JSON, perhaps with bytes behind it, and zeros up to its size.

    body    u32 n | n bytes of JSON | optional blob | zero padding
    JSON    {"item": {"kind": …, …}, "blob": size, "reply_to": …}

(docs/protocol.md, section 7)
"""

from __future__ import annotations

import struct
from typing import Annotated, NamedTuple

import msgspec

from e2etherapy.errors import ContentTooLarge, MalformedData
from e2etherapy.wire import content, notation
from e2etherapy.wire.content import AnyItem, KnownItem, UnknownItem
from e2etherapy.wire.item import Digest

MAX_JSON_BYTES = 6_100_000
"""The longest text with every character escaped. Reading JSON of a kind that is not known can take
27 times its length in memory, and it is read whenever it is shown."""
_LENGTH = struct.Struct(">I")


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


_known_outer = msgspec.json.Decoder(_Known)
_outer = msgspec.json.Decoder(_Outer)


def pack_body(item: AnyItem, blob: bytes = b"", reply_to: ReplyTo | None = None) -> bytes:
    """Return ``u32 n | JSON | blob`` without padding (docs/protocol.md, section 7).

    Args:
        item: what is said.
        blob: its bytes: a file, or a piece of a part.
        reply_to: where to answer; stands in openings.

    Raises:
        MalformedData: a text is not valid Unicode.
    """
    return pack_head(item, len(blob), reply_to) + blob


def pack_head(item: AnyItem, blob_size: int, reply_to: ReplyTo | None = None) -> bytes:
    """Return what stands before the bytes of an item: ``u32 n | JSON``.

    Raises:
        MalformedData: a text is not valid Unicode.
    """
    if isinstance(item, UnknownItem):
        encoded = notation.write(_Outer(msgspec.Raw(item.raw), blob_size, reply_to))
    else:
        encoded = notation.write(_Known(item, blob_size, reply_to))
    return _LENGTH.pack(len(encoded)) + encoded


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
        MalformedData: lengths that do not fit, JSON of more than 6,100,000 bytes or in another
            notation, padding that is not zero, or an item that breaks its form.
    """
    if len(data) < _LENGTH.size:
        raise MalformedData("A body is shorter than its length field.")
    if head_size(data) > len(data):
        raise MalformedData("A body's length field points behind its end.")
    head = unpack_head(data)
    blob_end = head.size + head.blob_size
    padding = len(data) - blob_end
    if padding < 0 or not data.endswith(bytes(padding)) or (padding and not padded):
        raise MalformedData("A body's blob or padding does not fit.")
    return Body(head.item, data[head.size : blob_end], head.reply_to)


class Head(NamedTuple):
    """What stands before the bytes of an item: its `size`, and how many bytes follow."""

    size: int
    item: AnyItem
    blob_size: int
    reply_to: ReplyTo | None


def head_size(data: bytes | bytearray) -> int:
    """Return where the bytes of an item begin, by the first four bytes of its packed form."""
    return _LENGTH.size + int(_LENGTH.unpack_from(data)[0])


def unpack_head(data: bytes) -> Head:
    """Read what stands before the bytes of an item; `data` goes at least so far.

    Raises:
        MalformedData: JSON of more than 6,100,000 bytes or in another notation, or an item that
            breaks its form.
    """
    end = head_size(data)
    if end > _LENGTH.size + MAX_JSON_BYTES:
        raise MalformedData("A body's JSON is longer than any that may be sent.")
    outer = _unpack_json(data[_LENGTH.size : end])
    if isinstance(outer, _Known):
        content.check_decoded(outer.item)
        return Head(end, outer.item, outer.blob, outer.reply_to)
    return Head(end, content.decode_item(bytes(outer.item)), outer.blob, outer.reply_to)


def _unpack_json(data: bytes) -> _Known | _Outer:
    """Read a body's JSON in one pass where this version knows the item's kind."""
    outer: _Known | _Outer
    try:
        outer = _known_outer.decode(data)
    except notation.BROKEN:
        # The item may be of a newer kind; whatever else is wrong is wrong here too.
        try:
            outer = _outer.decode(data)
        except notation.BROKEN as error:
            raise MalformedData(
                f"A body's JSON breaks its form: {notation.problem(error)}."
            ) from None
    notation.require(outer, data)
    return outer
