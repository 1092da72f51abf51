"""What an operator may count of a relay, whatever the database is."""

from __future__ import annotations

from dataclasses import dataclass

BUCKETS = (0, 9, 99, 999, 4_096)
"""Upper bounds of waiting envelopes: coarse, so that no single mailbox stands out by its number."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of everything, of nobody."""

    mailboxes: int
    envelopes: int
    bytes: int
    """Of the whole database, room that is free within it included."""
    invitations: int
    tickets: int
    allowances: list[int]
    """What is left of each, smallest first."""
    waiting: list[int]
    """How many mailboxes have 0, at most 9, 99, 999, 4,096 waiting envelopes."""
