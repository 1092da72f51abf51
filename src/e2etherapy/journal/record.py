"""What the record's entries say."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec


class EventName(StrEnum):
    """What can happen."""

    INVITATION_MADE = "invitation_made"
    INVITATION_EXPIRED = "invitation_expired"
    INVITATION_USED_BY_SOMEBODY_ELSE = "invitation_used_by_somebody_else"
    CONVERSATION_ESTABLISHED = "conversation_established"
    SAFETY_PHRASE_MATCHED = "safety_phrase_matched"
    SAFETY_PHRASE_DIFFERED = "safety_phrase_differed"
    ENVELOPE_REFUSED = "envelope_refused"
    CONTENT_REFUSED = "content_refused"
    DELIVERY_REFUSED = "delivery_refused"
    GAP_NOTICED = "gap_noticed"
    SHARED_FROM_JOURNAL = "shared_from_journal"


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="message"):
    """An item."""

    direction: Literal["sent", "received"]
    recorded: datetime
    item: msgspec.Raw


class PrivateEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="private"):
    """A private entry."""

    id: bytes
    recorded: datetime
    text: str
    mood: int | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """An event."""

    recorded: datetime
    event: EventName
    details: dict[str, str | int]


Content = Message | PrivateEntry | Event
_decoder: msgspec.json.Decoder[Content] = msgspec.json.Decoder(Content)


def encode(entry: Content) -> bytes:
    """Encode."""
    return msgspec.json.encode(entry)


def decode(data: bytes) -> Content:
    """Decode."""
    return _decoder.decode(data)
