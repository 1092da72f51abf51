"""What has to be seen before anything else, until somebody has recorded what was done.

A flag comes from what a person pressed or answered; nothing reads what they wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import CheckIn, Priority


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that has to be seen.

    Attributes:
        id: of the item that raised it.
        reason: the client asked for it, or answered a check-in's priority question.
        raised: when it was written, UTC.
        text: what the client wrote with it.
        check_in: the id of the check-in, if that is why.
    """

    id: bytes
    reason: Literal["asked", "check_in"]
    raised: datetime
    text: str = ""
    check_in: bytes | None = None


@dataclass(frozen=True, slots=True)
class Flags:
    """All that were raised, in the order of the record."""

    raised: tuple[Flag, ...] = ()

    def open(self, resolved: frozenset[bytes]) -> tuple[Flag, ...]:
        """Return those of which no resolution is recorded."""
        return tuple(flag for flag in self.raised if flag.id not in resolved)


def press(state: Flags, said: Said[Priority]) -> Flags:
    """Take a priority, which nothing can make out of place.

    What is said with a check-in's is added to the flag that the check-in raised.
    """
    item = said.item
    known = {flag.check_in: flag for flag in state.raised if flag.check_in is not None}
    of_check_in = known.get(item.answers) if item.answers else None
    if of_check_in is not None:
        told = Flag(of_check_in.id, "check_in", of_check_in.raised, item.text, item.answers)
        return Flags(tuple(told if flag is of_check_in else flag for flag in state.raised))
    return Flags((*state.raised, Flag(item.id, "asked", item.written, item.text)))


def of_check_in(state: Flags, said: Said[CheckIn], *, priority: bool) -> Flags:
    """Take a check-in, whose answers may raise a flag by themselves."""
    if not priority:
        return state
    item = said.item
    return Flags((*state.raised, Flag(item.id, "check_in", item.written, check_in=item.id)))
