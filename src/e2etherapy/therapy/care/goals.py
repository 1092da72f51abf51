"""The goals of a conversation: proposed by either side, and a goal once the other one agrees."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care.register import Register
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Goal, GoalAnswer
from e2etherapy.wire.role import Role

MOST_UNDER_WAY: Final = 100
"""Proposed, or agreed and neither reached nor dropped."""

Outcome: TypeAlias = Literal["proposed", "agreed", "declined", "reached", "dropped"]
_ANSWERS: Final = ("agreed", "declined")


@dataclass(frozen=True, slots=True)
class Word:
    """What one side said of a goal.

    Attributes:
        written: when, by its author's clock, UTC.
        author: who said it.
        outcome: what became of the goal.
        note: with which words.
    """

    written: datetime
    author: Role
    outcome: Literal["agreed", "declined", "reached", "dropped"]
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SharedGoal:
    """One goal.

    Attributes:
        id: of the item that proposed it.
        number: among the goals of the conversation, from 1; it stays.
        author: who proposed it.
        text: what it is.
        proposed: when, UTC.
        answer: what the other side said to it; None until then.
        ends: that it was reached or dropped, at most once from each side.
        hidden: it is shown on this device only if asked for.
    """

    id: bytes
    number: int
    author: Role
    text: str = field(repr=False)
    proposed: datetime
    answer: Word | None = None
    ends: tuple[Word, ...] = ()
    hidden: bool = False

    @property
    def outcome(self) -> Outcome:
        """What has become of it.

        If both sides ended it and their words crossed, what was written first holds, and the
        client's if that was in the same second: on both devices the same.
        """
        if self.ends:
            return min(self.ends, key=lambda word: (word.written, word.author)).outcome
        return "proposed" if self.answer is None else self.answer.outcome

    @property
    def is_open(self) -> bool:
        """Whether it is under way: proposed, or agreed and not ended."""
        return self.outcome in {"proposed", "agreed"}


@dataclass(frozen=True, slots=True)
class Goals:
    """All of a conversation's, in the order of the record."""

    proposals: Register[SharedGoal] = field(default_factory=Register)

    def all(self) -> tuple[SharedGoal, ...]:
        """Return every goal."""
        return self.proposals.all()

    def under_way(self) -> tuple[SharedGoal, ...]:
        """Return what is proposed, or agreed and not ended."""
        return self.proposals.open()


def propose(state: Goals, said: Said[Goal]) -> Goals:
    """Take a goal.

    Raises:
        OutOfPlace: 100 are under way.
    """
    goal = SharedGoal(
        said.item.id, state.proposals.next_number, said.author, said.item.text, said.when
    )
    return Goals(state.proposals.begin(goal, MOST_UNDER_WAY, "goals"))


def answer(state: Goals, said: Said[GoalAnswer]) -> Goals:
    """Take what becomes of a goal.

    That a goal is reached or dropped which is not here has no effect: its author may have proposed
    it in an item that was lost on its way.

    Raises:
        OutOfPlace: it names nothing; it agrees or declines what the other side has not proposed,
            or was answered before; or it ends what is not agreed, or what the same side ended.
    """
    item = said.item
    goal = state.proposals.get(item.answers)
    if goal is None:
        if item.answers is None or item.outcome in _ANSWERS:
            raise OutOfPlace("an answer to a goal that nobody proposed")
        return state
    word = Word(item.written, said.author, item.outcome, item.note)
    if item.outcome in _ANSWERS:
        return Goals(state.proposals.change(_answered(goal, word)))
    return Goals(state.proposals.change(_ended(goal, word)))


def _answered(goal: SharedGoal, word: Word) -> SharedGoal:
    if goal.author is word.author:
        raise OutOfPlace("an answer to a goal from the side that proposed it")
    if goal.answer is not None:
        raise OutOfPlace("an answer to a goal that was answered before")
    return replace(goal, answer=word)


def _ended(goal: SharedGoal, word: Word) -> SharedGoal:
    if goal.answer is None or goal.answer.outcome != "agreed":
        raise OutOfPlace("the end of a goal that was not agreed")
    if any(end.author is word.author for end in goal.ends):
        raise OutOfPlace("the end of a goal that the same side ended before")
    return replace(goal, ends=(*goal.ends, word))
