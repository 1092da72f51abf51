"""What was erased from a book, when and why: an event of the book itself says so.

An erased entry has neither salt nor content any more, as a blanked one in a copy; the event that
tells of it stands behind it in the same chain (docs/protocol.md, section 12.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from e2etherapy.errors import MalformedData
from e2etherapy.journal import record
from e2etherapy.journal.chain import Entry
from e2etherapy.journal.record import EventName

LASTING = frozenset(
    {
        EventName.ENTRIES_ERASED,
        EventName.HOLD_PLACED,
        EventName.HOLD_LIFTED,
        EventName.RETENTION_SET,
        EventName.CLOCK_CONFIRMED,
        EventName.EXTRACT_WRITTEN,
    }
)
"""Events that account for what was erased, was not, or was passed on; they are never erased."""

_RANGES = re.compile(
    r"[1-9][0-9]{0,15}(?:-[1-9][0-9]{0,15})?(?:, [1-9][0-9]{0,15}(?:-[1-9][0-9]{0,15})?)*"
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One act of erasing.

    Attributes:
        when: UTC, as the entry was recorded.
        reason: in the words of whoever did it.
        ranges: first and last position of each run of entries, rising.
    """

    when: datetime
    reason: str = field(repr=False)
    ranges: tuple[tuple[int, int], ...]

    def covers(self, position: int) -> bool:
        """Say whether an entry was erased by it."""
        return any(first <= position <= last for first, last in self.ranges)


class Erasures:
    """Everything that a book says was erased from it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Read a book's entries."""
        self._acts = [
            (entry.position, act) for entry in entries if (act := _act(entry)) is not None
        ]

    def of(self, position: int) -> Erasure | None:
        """Return how an entry came to be erased; None if no entry behind it says so."""
        found = (act for told, act in self._acts if position < told and act.covers(position))
        return next(found, None)


def written(positions: Iterable[int]) -> str:
    """Return positions as they stand in an event, like "3, 5-9"."""
    rising = sorted(set(positions))
    begins = [rising[0], *(after for before, after in pairwise(rising) if after != before + 1)]
    ends = [*(before for before, after in pairwise(rising) if after != before + 1), rising[-1]]
    return ", ".join(
        str(first) if first == last else f"{first}-{last}"
        for first, last in zip(begins, ends, strict=True)
    )


def read(text: str) -> tuple[tuple[int, int], ...]:
    """Return the runs of positions that `written` wrote.

    Raises:
        MalformedData: it did not write this.
    """
    if not _RANGES.fullmatch(text):
        raise MalformedData("What was erased is not named by numbers.")
    runs = []
    for run in text.split(", "):
        first, _, last = run.partition("-")
        runs.append((int(first), int(last or first)))
    flat = [number for run in runs for number in run]
    if any(first > last for first, last in runs) or flat != sorted(flat):
        raise MalformedData("What was erased is not named in order.")
    return tuple(runs)


def event_of(entry: Entry) -> record.Event | None:
    """Return the event that an entry tells of; None if it is something else, or cannot be read."""
    if entry.content is None:
        return None
    try:
        said = record.decode(entry.content)
    except MalformedData:
        return None
    return said if isinstance(said, record.Event) else None


def is_lasting(entry: Entry) -> bool:
    """Say whether an entry accounts for what was erased or passed on, and has to stay."""
    event = event_of(entry)
    return event is not None and event.event in LASTING


def _act(entry: Entry) -> Erasure | None:
    event = event_of(entry)
    if event is None or event.event != EventName.ENTRIES_ERASED:
        return None
    try:
        ranges = read(str(event.details.get("entries", "")))
    except MalformedData:
        return None
    return Erasure(event.recorded, str(event.details.get("reason", "")), ranges)
