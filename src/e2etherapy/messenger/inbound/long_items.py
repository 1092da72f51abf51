"""Long items of the other side on their way (docs/protocol.md, section 7.1).

How many there may be, which one is given up for another, and what their pieces must give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from e2etherapy.errors import ContentRefused
from e2etherapy.session.limits import STANDARD
from e2etherapy.vault.records import Partial
from e2etherapy.wire.body import Head
from e2etherapy.wire.content import Attachment, JournalShare, Part, Text, UnknownItem

MAX_PARTIALS = 8
"""Long items on their way at the same time: at most 270 MB of a vault's disk."""
STALLED_DAYS = STANDARD.skipped_key_days
"""Of an older piece that is missing the relay holds nothing any more, and this device no key."""


def displaced(partials: Mapping[bytes, Partial]) -> Partial | None:
    """Return the long item that is given up for a new one; None while there is room.

    It is the one that has waited longest for a piece. An author sends one long item after the
    other, and a relay that is honest keeps their order: eight that have grown since then are
    eight more reasons to believe that its missing pieces are lost.
    """
    growing = [partial for partial in partials.values() if partial.arrived < partial.total]
    if len(growing) < MAX_PARTIALS:
        return None
    return min(growing, key=lambda partial: (partial.day, partial.first_sequence))


def stalled(partials: Iterable[Partial], today: int) -> list[Partial]:
    """Return the long items that have seen no new piece for too long."""
    return [
        partial
        for partial in partials
        if partial.arrived < partial.total and partial.day + STALLED_DAYS < today
    ]


def first_sequence(item: Part) -> int:
    """Return the sequence of the whole that a piece belongs to."""
    return item.sequence - item.index


def numbers(item: Part) -> range:
    """Return the sequences of all pieces of the whole that a piece belongs to."""
    first = first_sequence(item)
    return range(first, first + item.count)


def require_announced(partial: Partial, head: Head) -> None:
    """Refuse the joined pieces of a long item that do not give what they announced.

    Raises:
        ContentRefused: they do not.
    """
    same = head.item.id == partial.whole and head.item.sequence == partial.first_sequence
    same = same and head.reply_to is None
    if not same or not isinstance(head.item, Text | Attachment | JournalShare | UnknownItem):
        raise ContentRefused("pieces that do not give the message which they announce")
