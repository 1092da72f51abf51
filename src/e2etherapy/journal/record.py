"""What an entry of the record says: a message, a private entry, or an event.

docs/protocol.md, section 12.1, has the form.

Entries are read for decades: one of a kind that this version does not know is kept and shown as
such, never refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.wire import notation

_Whole = Annotated[int, msgspec.Meta(ge=-notation.MAX_INTEGER, le=notation.MAX_INTEGER)]
_When = Annotated[datetime, msgspec.Meta(tz=True)]


class EventName(StrEnum):
    """What can happen to a conversation."""

    INVITATION_MADE = "invitation_made"
    INVITATION_EXPIRED = "invitation_expired"
    INVITATION_UNUSED = "invitation_unused"
    INVITATION_USED_BY_SOMEBODY_ELSE = "invitation_used_by_somebody_else"
    CONVERSATION_ESTABLISHED = "conversation_established"
    SAFETY_PHRASE_MATCHED = "safety_phrase_matched"
    SAFETY_PHRASE_DIFFERED = "safety_phrase_differed"
    ENVELOPE_REFUSED = "envelope_refused"
    CONTENT_REFUSED = "content_refused"
    DELIVERY_REFUSED = "delivery_refused"
    GAP_NOTICED = "gap_noticed"
    RELAY_RESTORED = "relay_restored"
    LONG_ITEM_LOST = "long_item_lost"
    COPY_TRUSTED = "copy_trusted"
    SHARED_FROM_JOURNAL = "shared_from_journal"
    FLAG_RESOLVED = "flag_resolved"
    CONVERSATION_CLOSED = "conversation_closed"
    EXTRACT_WRITTEN = "extract_written"
    ENTRIES_ERASED = "entries_erased"
    HOLD_PLACED = "hold_placed"
    HOLD_LIFTED = "hold_lifted"
    RETENTION_SET = "retention_set"
    CLOCK_CONFIRMED = "clock_confirmed"


class _Content(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """What every entry has: when this device recorded it, UTC, whole seconds."""

    recorded: _When

    def __repr__(self) -> str:
        """Name the kind, never what was written."""
        return f"<{type(self).__name__} entry>"


class Message(_Content, frozen=True, tag="message"):
    """An item of a conversation, as it was sent or received."""

    direction: Literal["sent", "received"]
    item: msgspec.Raw


class PrivateEntry(_Content, frozen=True, tag="private"):
    """An entry of one's own journal, with a mood from 0 to 10 if one was given."""

    id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    text: str
    mood: Annotated[int, msgspec.Meta(ge=0, le=10)] | None = None


class Event(_Content, frozen=True, tag="event"):
    """Something that happened and is part of the record."""

    event: str
    details: dict[str, str | _Whole] = {}


class UnknownEntry(msgspec.Struct, frozen=True):
    """An entry of a kind that a newer version wrote."""

    named_kind: str

    def __repr__(self) -> str:
        """Name the type only."""
        return "<UnknownEntry>"


Content = Message | PrivateEntry | Event
KINDS = frozenset({"message", "private", "event"})


class _AnyKind(msgspec.Struct, frozen=True):
    kind: str


_decoder: msgspec.json.Decoder[Content] = msgspec.json.Decoder(Content)
_any_kind = msgspec.json.Decoder(_AnyKind)


def encode(content: Content) -> bytes:
    """Return an entry's JSON, as it is committed to."""
    return notation.write(content)


def decode(data: bytes) -> Content | UnknownEntry:
    """Read an entry's JSON.

    Raises:
        MalformedData: it breaks the form of its kind, or is not written in the one notation.
    """
    try:
        decoded = _decoder.decode(data)
    except notation.BROKEN as broken:
        return _newer_entry(data, broken)
    notation.require(decoded, data)
    if decoded.recorded.utcoffset() != timedelta(0) or decoded.recorded.microsecond:
        raise MalformedData("An entry's time is not UTC in whole seconds.")
    return decoded


def _newer_entry(data: bytes, broken: Exception) -> UnknownEntry:
    """Keep an entry that is `broken` for this version only because of its kind."""
    try:
        kind = _any_kind.decode(data).kind
    except notation.BROKEN as error:
        raise _malformed(error) from None
    if kind in KINDS:
        raise _malformed(broken)
    notation.read_any(data)
    return UnknownEntry(kind)


def _malformed(error: Exception) -> MalformedData:
    return MalformedData(f"An entry breaks its form: {notation.problem(error)}.")
