"""Where a mailbox's envelopes lie: side by side, in the order of their positions.

The upper 31 bits of an envelope's place are its mailbox's number, the lower 32 its position's count
(COUNT_BITS), which goes on across a restore. So one tree holds all that there is about an
envelope, and a deposit changes one page of it besides those that its bytes take
(docs/decisions/0014).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.primitives.randomness import system_entropy

COUNT_MASK: Final = (1 << COUNT_BITS) - 1

FIRST_PLACE: Final = f"(coalesce(mailbox.number, 0) << {COUNT_BITS})"
"""Below every place of `mailbox`. Without such a mailbox the same is looked for and not found: no
mailbox has the number 0, and counts begin at 1."""
LAST_PLACE: Final = f"({FIRST_PLACE} | {COUNT_MASK})"
OF_MAILBOX: Final = f"place BETWEEN {FIRST_PLACE} AND {LAST_PLACE}"

_NEWEST: Final = f"(SELECT position FROM envelope WHERE {OF_MAILBOX} ORDER BY place DESC LIMIT 1)"  # noqa: S608
NEWEST_POSITION: Final = f"coalesce({_NEWEST}, 0)"
"""Of what waits in `mailbox`; 0 where nothing does."""
OLDEST_POSITION: Final = (
    "coalesce((SELECT position FROM envelope"  # noqa: S608 - names and numbers of our own
    f" WHERE {OF_MAILBOX} ORDER BY place LIMIT 1), 0)"
)
LAST_POSITION: Final = f"max(coalesce(mailbox.last_position, 0), {NEWEST_POSITION})"
"""The highest position that `mailbox` ever had. A deposit does not write it down: the envelope
itself says so until it is deleted (`keep_last_position`)."""

WAITING_ENVELOPES: Final = (
    "SELECT id, position, digest, day, bytes FROM mailbox"  # noqa: S608 - numbers of our own
    f" CROSS JOIN envelope WHERE {OF_MAILBOX} ORDER BY id, place"
)
"""Each with its mailbox's id, in the order of those: read without sorting."""

_KEEP: Final = (
    f"UPDATE mailbox SET last_position = {_NEWEST}"  # noqa: S608 - names and numbers of our own
    f" WHERE id = ? AND last_position < {NEWEST_POSITION} AND {NEWEST_POSITION} <= ?"
)


def place_of(number: int, position: int) -> int:
    """Return where an envelope lies, from its mailbox's number and its position."""
    return number << COUNT_BITS | (position & COUNT_MASK)


def keep_last_position(database: sqlite3.Connection, mailbox: bytes, through: int) -> None:
    """Write down a mailbox's last position if what has it is about to be deleted.

    Args:
        database: within a transaction.
        mailbox: its id, 32 bytes.
        through: the highest position that may be deleted.
    """
    database.execute(_KEEP, (mailbox, through))


def draw_number(
    is_taken: Callable[[int], bool], entropy: Callable[[int], bytes] = system_entropy
) -> int:
    """Return a number from 1 to 2^31 - 1 that no mailbox has.

    It is random, so that it says nothing about when a mailbox was made.
    """
    while True:
        number = int.from_bytes(entropy(4), "big") >> 1
        if number and not is_taken(number):
            return number
