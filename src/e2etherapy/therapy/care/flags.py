"""What has to be seen before anything else, until somebody has recorded what was done.

A flag comes from what a person pressed or answered; nothing reads what they wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
        sequence: of that item.
        text: what the client wrote with it.
        check_in: the id of the check-in, if that is why; as the client says, where they asked.
    """

    id: bytes
    reason: Literal["asked", "check_in"]
    raised: datetime
    sequence: int
    text: str = field(default="", repr=False)
    check_in: bytes | None = None


@dataclass(frozen=True, slots=True)
class Flags:
    """All that were raised, in the order of the record."""

    raised: tuple[Flag, ...] = ()

    def open(self, resolved: frozenset[bytes]) -> tuple[Flag, ...]:
        """Return those of which no resolution is recorded."""
        return tuple(flag for flag in self.raised if flag.id not in resolved)


def press(state: Flags, said: Said[Priority]) -> Flags:
    """Take a priority, which nothing can make out of place, and of which there are never too many.

    Each is a flag of its own, so that none is taken for resolved because an earlier one was. Only
    the one without words that a device sends right behind a check-in, for which that check-in has
    raised a flag, says nothing else and raises none.
    """
    item = said.item
    if item.answers and not item.text and state.raised:
        last = state.raised[-1]
        if last.reason == "check_in" and (last.id, last.sequence) == (
            item.answers,
            item.sequence - 1,
        ):
            return state
    flag = Flag(item.id, "asked", said.when, item.sequence, item.text, item.answers)
    return Flags((*state.raised, flag))


def of_check_in(state: Flags, said: Said[CheckIn], *, priority: bool) -> Flags:
    """Take a check-in, whose answers may raise a flag by themselves."""
    if not priority:
        return state
    item = said.item
    flag = Flag(item.id, "check_in", said.when, item.sequence, check_in=item.id)
    return Flags((*state.raised, flag))
