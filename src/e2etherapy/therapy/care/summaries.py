"""What was worked on, as the therapist sums it up at the end of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Summary


@dataclass(frozen=True, slots=True)
class Session:
    """One summary.

    Attributes:
        id: the item's.
        text: the therapist's words.
        written: when, UTC.
    """

    id: bytes
    text: str = field(repr=False)
    written: datetime


@dataclass(frozen=True, slots=True)
class Summaries:
    """All of a conversation's, in the order of the record."""

    sessions: tuple[Session, ...] = ()

    @property
    def latest(self) -> Session | None:
        """The last one."""
        return self.sessions[-1] if self.sessions else None


def add(state: Summaries, said: Said[Summary]) -> Summaries:
    """Take a summary, which is never out of place while the therapy goes on."""
    session = Session(said.item.id, said.item.text, said.when)
    return Summaries((*state.sessions, session))
