"""The end of a therapy, which either side can declare with a letter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Ending
from e2etherapy.wire.role import Role


@dataclass(frozen=True, slots=True)
class Ended:
    """That the therapy has ended; nothing about it can be said any more, from either side.

    Attributes:
        id: the item's.
        author: who ended it. If both did and their letters crossed, each device has its own.
        letter: with which words.
        when: UTC.
    """

    id: bytes
    author: Role
    letter: str = field(repr=False)
    when: datetime


def end(said: Said[Ending]) -> Ended:
    """Take an end."""
    return Ended(said.item.id, said.author, said.item.letter, said.when)
