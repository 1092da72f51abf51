"""Whether a history of concurrent operations could have come from one operation after another.

A search in the manner of Wing and Gong with Lowe's memory of configurations: an operation may take
effect at one moment between its invocation and its completion, so that next in order can be every
operation that was invoked before the first completion of those that are left. A configuration is
the set of operations that took effect, and the state that they led to; each is looked at once.

An operation without an answer (a timeout, a lost connection) may take effect at any moment after
its invocation, or never.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

S = TypeVar("S", bound=Hashable)
C = TypeVar("C")


class Maybe:
    """The answer of an operation of which nobody knows whether it took effect."""

    def __repr__(self) -> str:
        return "maybe"


MAYBE: Final = Maybe()
NEVER: Final = math.inf
MOST_CONFIGURATIONS: Final = 2_000_000
"""Some 500 MB of memory; a history that needs more is too long, or has too many maybes."""


@dataclass(frozen=True)
class Operation(Generic[C]):
    """One operation of a client: when it was invoked and completed, and the answer."""

    invoked: float
    completed: float
    call: C
    answer: object

    def __post_init__(self) -> None:
        assert self.invoked < self.completed
        assert (self.answer is MAYBE) == (self.completed == NEVER)


@dataclass(frozen=True)
class Model(Generic[S, C]):
    """What an object does, one operation after another."""

    step: Callable[[S, C], tuple[S, object]]
    """Takes a state and a call; returns the next state and the answer, which are the only ones."""
    is_inert: Callable[[C, object], bool]
    """Says whether a call that has this answer never changes anything, in whatever state."""


def stuck(
    history: Iterable[Operation[C]], initial: S, model: Model[S, C]
) -> list[Operation[C]] | None:
    """Return None for a linearizable history.

    Otherwise, of the order that got furthest, the operations that could come next by time and of
    which none has the answer that the model gives.
    """
    operations = sorted(history, key=lambda operation: operation.invoked)
    required = sum(1 << i for i, one in enumerate(operations) if one.answer is not MAYBE)
    furthest = 0
    looked_at = {(0, initial)}
    to_look_at = [(0, initial)]
    while to_look_at:
        done, state = to_look_at.pop()
        if done & required == required:
            return None
        if (done & required).bit_count() > (furthest & required).bit_count():
            furthest = done
        for configuration in _following(operations, done, state, model):
            if configuration not in looked_at:
                assert len(looked_at) < MOST_CONFIGURATIONS, "too many orders to look at"
                looked_at.add(configuration)
                to_look_at.append(configuration)
    return [operations[index] for index in _could_be_next(operations, furthest)]


def _following(
    operations: Sequence[Operation[C]], done: int, state: S, model: Model[S, C]
) -> list[tuple[int, S]]:
    """Return the configurations that can come next, the likeliest last.

    An inert operation that can come next comes at once: whatever may come before it may come after
    it as well.
    """
    found = []
    for index in reversed(_could_be_next(operations, done)):
        after = _apply(operations[index], state, model)
        if after is None:
            continue
        configuration = (done | 1 << index, after)
        if model.is_inert(operations[index].call, operations[index].answer):
            return [configuration]
        found.append(configuration)
    return found


def _could_be_next(operations: Sequence[Operation[C]], done: int) -> list[int]:
    """Return the operations that are left and were invoked before any of them had completed."""
    found: list[int] = []
    first_completion = NEVER
    index = (~done & (done + 1)).bit_length() - 1  # the lowest that is left
    while index < len(operations) and operations[index].invoked <= first_completion:
        if not done >> index & 1:
            found.append(index)
            first_completion = min(first_completion, operations[index].completed)
        index += 1
    return [index for index in found if operations[index].invoked <= first_completion]


def _apply(operation: Operation[C], state: S, model: Model[S, C]) -> S | None:
    """Return the state after an operation, or None where it cannot come next.

    One without an answer that would change nothing is not worth placing.
    """
    after, answer = model.step(state, operation.call)
    if operation.answer is MAYBE:
        return None if after == state else after
    return after if answer == operation.answer else None
