"""How the therapist's messages landed with the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Landing


@dataclass(frozen=True, slots=True)
class Mark:
    """How one message landed.

    Attributes:
        mark: from best to worst, helped, understood, unsure, missed or hurt.
        marked: when, UTC.
        sequence: of the item.
    """

    mark: Literal["helped", "understood", "unsure", "missed", "hurt"]
    marked: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Landings:
    """The last mark on each message, by the message's id."""

    marks: MappingProxyType[bytes, Mark] = field(default_factory=lambda: MappingProxyType({}))

    def on(self, message_id: bytes) -> Mark | None:
        """Return how a message landed, if the client said."""
        return self.marks.get(message_id)


def mark(state: Landings, said: Said[Landing]) -> Landings:
    """Take a mark; the client's last one on a message counts.

    Whether `answers` names a message of the therapist cannot be known here, where no messages are:
    who shows or sends a mark has to check it.

    Raises:
        OutOfPlace: it names no message.
    """
    item = said.item
    if item.answers is None:
        raise OutOfPlace("a mark on no message")
    before = state.marks.get(item.answers)
    if before is not None and before.sequence > item.sequence:
        return state
    landed = Mark(item.mark, said.when, item.sequence)
    return Landings(MappingProxyType(state.marks | {item.answers: landed}))
