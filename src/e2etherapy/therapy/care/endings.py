"""The end of a therapy, which either side can declare with a letter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Ending
from e2etherapy.wire.role import Role


@dataclass(frozen=True, slots=True)
class Ended:
    """That somebody has ended the therapy.

    Attributes:
        id: the item's.
        author: who ended it.
        letter: with which words.
        when: UTC.
    """

    id: bytes
    author: Role
    letter: str = field(repr=False)
    when: datetime


@dataclass(frozen=True, slots=True)
class Endings:
    """The letters with which it ended, in the order of the record: two where they crossed."""

    letters: tuple[Ended, ...] = ()

    @property
    def first(self) -> Ended | None:
        """The one that ended it on this device."""
        return self.letters[0] if self.letters else None


def end(state: Endings, said: Said[Ending]) -> Endings:
    """Take a letter; a second one is that of the other side, which has crossed the first.

    Raises:
        OutOfPlace: its author has ended it before.
    """
    if any(letter.author is said.author for letter in state.letters):
        raise OutOfPlace("something said after the therapy has ended")
    letter = Ended(said.item.id, said.author, said.item.letter, said.when)
    return Endings((*state.letters, letter))
