"""In which order a therapist reads: what is flagged, then what is due soonest.

A flag is what a person pressed or answered. Nothing else moves anybody forward: no words that were
counted, and no judgement of how urgent a text sounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from e2etherapy.therapy import due
from e2etherapy.therapy.care.flags import Flag
from e2etherapy.therapy.caseload.exchange import (
    Message,
    earliest_due,
    unanswered,
    waiting_since,
)

_IN_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One conversation, as far as its place in the queue follows from it.

    Attributes:
        name: of the conversation.
        flags: those that are open.
        exchange: its messages in the order of the record, or only those since the therapist's last.
        differed: the six words were compared and differed, so that nothing can be sent.
        ended: the therapy is over; the exchange is then what nobody has read.
    """

    name: str
    flags: tuple[Flag, ...] = field(default=(), repr=False)
    exchange: tuple[Message, ...] = ()
    differed: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the queue.

    Attributes:
        name: of the conversation.
        flagged: when the oldest open flag was raised; None if none is open.
        due: the earliest due time of what is not answered.
        waiting_since: when the first of it was written; None if only a flag is open.
        messages: how many are not answered.
        late: by how much the answer is late; nothing while it is in time.
        differed: the six words differed: that has to be resolved before anything can be sent.
        ended: the therapy is over: nothing can be sent any more.
    """

    name: str
    flagged: datetime | None
    due: datetime | None
    waiting_since: datetime | None
    messages: int
    late: timedelta
    differed: bool
    ended: bool = False


def queue(conversations: Iterable[Waiting], now: datetime) -> tuple[Entry, ...]:
    """Return the conversations with an open flag or something unanswered, in reading order.

    First those with an open flag, the oldest flag first; then those with a due time, the soonest
    first; then the others, who has waited longest first. What is equal goes by name.

    Args:
        conversations: in any order.
        now: UTC.
    """
    entries = (_entry(waiting, now) for waiting in conversations)
    return tuple(sorted((entry for entry in entries if entry is not None), key=_place))


def _entry(waiting: Waiting, now: datetime) -> Entry | None:
    open_ones = unanswered(waiting.exchange)
    if not open_ones and not waiting.flags:
        return None
    by = earliest_due(open_ones)
    return Entry(
        name=waiting.name,
        flagged=min((flag.raised for flag in waiting.flags), default=None),
        due=by,
        waiting_since=waiting_since(open_ones) if open_ones else None,
        messages=len(open_ones),
        late=_IN_TIME if by is None else due.late(by, now),
        differed=waiting.differed,
        ended=waiting.ended,
    )


def _place(entry: Entry) -> tuple[bool, bool, datetime, str, str]:
    """Return what entries are sorted by; one without a flag or a due time has a message."""
    moment = entry.flagged or entry.due or entry.waiting_since or due.END_OF_MOMENTS
    return (
        entry.flagged is None,
        entry.flagged is None and entry.due is None,
        moment,
        entry.name.casefold(),
        entry.name,
    )
