"""When something happened by a clock that may have been wrong, and whether to believe it now.

A record is written in the order in which things happened, and each entry has the device's time of
then. As long as these times go on in small steps they are believed. What was recorded after a step
back, or after a large one ahead, is not, until the device's owner confirms which day it is: that
the clock later goes on from where it was believed last can be the error as well as its end. All
that was recorded meanwhile then counts as recorded at that moment, which is later than it can have
been. So a clock that was wrong may have something kept for too long, and never has it erased too
early by more than a step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

LARGEST_STEP: Final = timedelta(days=31)
"""Ahead, from one entry to the next: longer than most devices are left alone."""
LARGEST_STEP_BACK: Final = timedelta(days=1)
"""Clocks are set, and zones mistaken, by less than that."""
CONFIRMS: Final = "clock_confirmed"
_AHEAD: Final = int(LARGEST_STEP.total_seconds())
_BACK: Final = int(LARGEST_STEP_BACK.total_seconds())


class Reading(NamedTuple):
    """What one entry says about time.

    Attributes:
        book: the 16-byte id of its book.
        recorded: by the device's clock, Unix seconds; None if that cannot be read.
        contact: one of the two people of a conversation said something.
        event: the name of the event that it tells of, if it does.
        kept: its content is there.
    """

    book: bytes
    recorded: int | None
    contact: bool = False
    event: str | None = None
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is believed.

    Attributes:
        contacts: when the two of a book had their last contact, Unix seconds; where they had none,
            when its last entry was recorded.
        believed: the last time that is believed, Unix seconds; None if there is none.
        steady: whether nothing is in doubt, and the clock now goes on from there in a small step.
    """

    contacts: dict[bytes, int]
    believed: int | None
    steady: bool


def timeline(readings: Iterable[Reading], now: int, *, confirmed: bool = False) -> Timeline:
    """Return when each book had its last contact, and whether the clock can be believed.

    Args:
        readings: of all entries, in the order in which they were recorded.
        now: what the clock says, Unix seconds.
        confirmed: the device's owner says that this is the right day.
    """
    contacts: dict[bytes, int] = {}
    others: dict[bytes, int] = {}
    doubtful: list[Reading] = []
    believed: int | None = None
    is_in_doubt = False
    for reading in readings:
        if reading.recorded is None:
            continue
        doubtful.append(reading)
        confirms = reading.event == CONFIRMS
        is_in_doubt = not confirms and (is_in_doubt or not _follows(believed, reading.recorded))
        if not is_in_doubt:
            believed = reading.recorded if confirms else max(reading.recorded, believed or 0)
            _count(doubtful, believed, contacts, others)
    steady = confirmed or (not is_in_doubt and _follows(believed, now))
    _count(doubtful, now, contacts, others)
    return Timeline({**others, **contacts}, believed, steady)


def _follows(before: int | None, moment: int) -> bool:
    return before is None or before - _BACK <= moment <= before + _AHEAD


def _count(
    doubtful: list[Reading], moment: int, contacts: dict[bytes, int], others: dict[bytes, int]
) -> None:
    """Count entries as recorded at a moment, and no longer as doubtful."""
    for reading in doubtful:
        (contacts if reading.contact else others)[reading.book] = moment
    doubtful.clear()
