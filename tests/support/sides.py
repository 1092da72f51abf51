"""The two sides of a conversation: what is in memory, what is stored, and what has left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from e2etherapy.session import states
from e2etherapy.wire.content import Text
from tests.support.people import Pair, Person

Role = Literal["client", "therapist"]
ROLES: tuple[Role, Role] = ("client", "therapist")


@dataclass
class Posted:
    """An envelope that has left, and which turn of its author it belongs to."""

    envelope: bytes
    turn: int
    item: Text
    opened: bool = False


@dataclass
class Side:
    """One device: what is in memory, and what is stored."""

    person: Person
    stored: bytes
    turn: int = 0
    journal: list[Text] = field(default_factory=list)
    outgoing: list[Posted] = field(default_factory=list)

    def commit(self) -> None:
        """Store the state that is in memory."""
        self.stored = states.dump(self.person.state)

    def crash(self) -> None:
        """Forget what is in memory."""
        self.person.state = states.load(self.stored)


def sides_of(pair: Pair) -> dict[Role, Side]:
    return {
        "client": Side(pair.client, states.dump(pair.client.state), turn=-1),
        "therapist": Side(pair.therapist, states.dump(pair.therapist.state)),
    }
