"""Drafted replies that are looked through once more, and then sent in one go.

They leave at random moments of a span: the gaps between them then say nothing of how long each
took to write or to look through. That they belong to one batch can still be seen, and so can the
order in which they leave, which is that of the queue, or of their due times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from e2etherapy.errors.therapy import InvalidBatch
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.therapy.caseload.recipient_guard import Finding, RecipientGuard
from e2etherapy.therapy.caseload.templates import left_in
from e2etherapy.therapy.due import END_OF_MOMENTS
from e2etherapy.therapy.plain_text import shortened

MOST_REPLIES: Final = 1_000
LONGEST_SPAN: Final = 86_400
"""Seconds: what is drawn over more than a day is no longer one batch."""
FIRST_WORDS: Final = 60
"""Characters."""
_DRAWN: Final = 8
"""Bytes: of 86,401 seconds none is then more likely than another by more than 1 in 2^47."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A reply that was written and not sent.

    Attributes:
        name: of the conversation.
        text: the reply.
        due: by when it is to be there; None if nothing was agreed.
        place: in the queue, the first one's is 0; None for somebody who does not wait.
    """

    name: str
    text: str = field(repr=False)
    due: datetime | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What is seen of a draft before the batch is sent.

    Attributes:
        name: of the conversation.
        first_words: how it begins, on one line.
        length: in characters.
        findings: what in it points to another client.
        unfilled: what in it looks like a placeholder.
        due: by when it is to be there.
    """

    name: str
    first_words: str = field(repr=False)
    length: int
    findings: tuple[Finding, ...]
    unfilled: tuple[str, ...]
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Planned:
    """When a reply leaves."""

    name: str
    at: datetime


def reviews(drafts: Iterable[Drafted], guard: RecipientGuard) -> tuple[Review, ...]:
    """Return what is to be looked through, in the order in which it will be sent.

    Args:
        drafts: in any order.
        guard: that has read the threads.
    """
    return tuple(
        Review(
            name=draft.name,
            first_words=_first_words(draft.text),
            length=len(draft.text),
            findings=guard.findings(draft.name, draft.text),
            unfilled=left_in(draft.text),
            due=draft.due,
        )
        for draft in in_order(drafts)
    )


def _first_words(text: str) -> str:
    words = " ".join(text[: FIRST_WORDS * 10].split())
    return shortened(words, FIRST_WORDS)


def in_order(drafts: Iterable[Drafted]) -> tuple[Drafted, ...]:
    """Return drafts as they are sent: by the queue, then due soonest, then by name."""
    return tuple(
        sorted(
            drafts,
            key=lambda draft: (
                draft.place is None,
                draft.place or 0,
                draft.due is None,
                draft.due or END_OF_MOMENTS,
                draft.name.casefold(),
                draft.name,
            ),
        )
    )


def spacing(count: int, span: int, draw: Entropy) -> tuple[int, ...]:
    """Return after how many seconds each reply leaves: the first at once, the others by chance.

    Args:
        count: of replies, at most 1,000.
        span: seconds within which all leave, at most a day.
        draw: asked for 8 bytes for each reply but the first.

    Returns:
        As many whole seconds as there are replies, from 0 to `span`, in order. Each but the first
        is drawn evenly, without regard to the others; two may be the same.

    Raises:
        InvalidBatch: a number is below 0 or above its most.
    """
    if not 0 <= count <= MOST_REPLIES:
        raise InvalidBatch(f"A batch has at most {MOST_REPLIES:,} replies.")
    if not 0 <= span <= LONGEST_SPAN:
        raise InvalidBatch("Replies are spread over at most 24 hours.")
    drawn = (int.from_bytes(draw(_DRAWN), "big") for _ in range(count - 1))
    offsets = sorted(number * (span + 1) >> 8 * _DRAWN for number in drawn)
    return (0, *offsets) if count else ()


def planned(
    drafts: Sequence[Drafted], span: int, now: datetime, draw: Entropy
) -> tuple[Planned, ...]:
    """Return when each reply leaves, by that; no reply becomes late by being spaced.

    Args:
        drafts: in any order.
        span: seconds within which all leave; see `spacing`.
        now: UTC, whole seconds. What is due by then, or is late already, leaves at once.
        draw: see `spacing`.

    Raises:
        InvalidBatch: as `spacing`.
    """
    ordered = in_order(drafts)
    offsets = spacing(len(ordered), span, draw)
    leaving = (now + timedelta(seconds=offset) for offset in offsets)
    plan = (
        Planned(draft.name, at if draft.due is None else max(now, min(at, draft.due)))
        for draft, at in zip(ordered, leaving, strict=True)
    )
    return tuple(sorted(plan, key=lambda one: one.at))
