"""The checker of histories itself: what it passes, and what it catches."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.linearizability import MAYBE, NEVER, Operation, stuck
from tests.support.relay_model import (
    CONTRADICTION,
    DONE,
    REFUSED,
    Acknowledge,
    Answer,
    Box,
    Claim,
    Close,
    Collect,
    Create,
    Deposit,
    Drawer,
    DrawerCall,
    Forget,
    Household,
    HouseholdCall,
    Put,
    Spend,
    drawer,
    household,
    household_that_ends_in,
)

HOME = Household((Box(), None), frozenset({0, 1}))
EMPTY = Drawer((None, None), (None, None))

History = list[Operation[HouseholdCall]]


def page(*items: tuple[int, str]) -> tuple[tuple[int, str], ...]:
    return items


ALL = Collect(0, 0, 64)
LINEARIZABLE: dict[str, History] = {
    "nothing happened": [],
    "one after another": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, ALL, page((1, "a"))),
        Operation(4, 5, Acknowledge(0, 1), DONE),
        Operation(6, 7, Deposit(0, "b"), DONE),
        Operation(8, 9, ALL, page((2, "b"))),
    ],
    "deposits at the same moment in either order": [
        Operation(0, 9, Deposit(0, "a"), DONE),
        Operation(0, 9, Deposit(0, "b"), DONE),
        Operation(10, 11, ALL, page((1, "b"), (2, "a"))),
    ],
    "a collection beside a deposit sees it before it is answered": [
        Operation(0, 9, Deposit(0, "a"), DONE),
        Operation(1, 2, ALL, page()),
        Operation(3, 4, ALL, page((1, "a"))),
    ],
    "a deposit without an answer that took effect late": [
        Operation(0, NEVER, Deposit(0, "a"), MAYBE),
        Operation(1, 2, ALL, page()),
        Operation(3, 4, ALL, page((1, "a"))),
    ],
    "a deposit without an answer that never took effect": [
        Operation(0, NEVER, Deposit(0, "a"), MAYBE),
        Operation(1, 2, Deposit(0, "b"), DONE),
        Operation(3, 4, ALL, page((1, "b"))),
    ],
    "an envelope comes again while its first copy is acknowledged": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 9, Deposit(0, "a"), DONE),
        Operation(2, 9, Acknowledge(0, 1), DONE),
        Operation(10, 11, ALL, page((2, "a"))),
    ],
    "one of two creations is paid": [
        Operation(0, 9, Create(1, 0), DONE),
        Operation(0, 9, Close(1), DONE),
        Operation(10, 11, Create(1, 0), REFUSED),
    ],
}
NOT_LINEARIZABLE: dict[str, History] = {
    "an answered deposit is lost": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, ALL, page()),
    ],
    "a deposit is seen only by who comes first": [
        Operation(0, 9, Deposit(0, "a"), DONE),
        Operation(1, 2, ALL, page((1, "a"))),
        Operation(3, 4, ALL, page()),
    ],
    "a position is given twice": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, Acknowledge(0, 1), DONE),
        Operation(4, 5, Deposit(0, "b"), DONE),
        Operation(6, 7, ALL, page((1, "b"))),
    ],
    "a position is left out": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, ALL, page((2, "a"))),
    ],
    "a deposit is there twice": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, ALL, page((1, "a"), (2, "a"))),
    ],
    "an acknowledgement is lost": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, Acknowledge(0, 1), DONE),
        Operation(4, 5, ALL, page((1, "a"))),
    ],
    "a later deposit comes first": [
        Operation(0, 1, Deposit(0, "a"), DONE),
        Operation(2, 3, Deposit(0, "b"), DONE),
        Operation(4, 5, ALL, page((1, "b"), (2, "a"))),
    ],
    "a deposit without an answer took effect before it was invoked": [
        Operation(0, 1, ALL, page((1, "a"))),
        Operation(2, NEVER, Deposit(0, "a"), MAYBE),
    ],
    "a ticket pays twice": [
        Operation(0, 1, Create(1, 0), DONE),
        Operation(2, 3, Close(1), DONE),
        Operation(4, 5, Create(1, 0), DONE),
    ],
}


def is_right(history: History) -> bool:
    """Say whether a history is linearizable, which has to be the same for both models."""
    found = stuck(history, HOME, household)
    quicker = stuck(history, HOME, household_that_ends_in(history))
    assert (found is None) == (quicker is None)
    return found is None


@pytest.mark.parametrize("name", LINEARIZABLE)
def test_what_could_have_happened_one_after_another_passes(name: str) -> None:
    assert is_right(LINEARIZABLE[name])


@pytest.mark.parametrize("name", NOT_LINEARIZABLE)
def test_what_could_not_have_happened_one_after_another_is_caught(name: str) -> None:
    assert not is_right(NOT_LINEARIZABLE[name])


@pytest.mark.parametrize(
    "history",
    [
        [
            Operation(0, 1, Put(0, 0), DONE),
            Operation(2, 5, Claim(0, "x"), (0,)),
            Operation(2, 5, Claim(0, "y"), (0,)),
        ],
        [Operation(0, 1, Put(0, 0), DONE), Operation(2, 3, Forget(0, "x"), DONE)],
        [Operation(0, 1, Put(0, 0), DONE), Operation(2, 3, Put(1, 0), DONE)],
        [Operation(0, 1, Put(0, 0), DONE), Operation(2, 3, Put(0, 1), DONE)],
        [Operation(0, 1, Spend(0), DONE), Operation(2, 3, Put(0, 0), DONE)],
    ],
    ids=["two winners", "a stranger forgets", "a ticket puts two", "taken", "spent"],
)
def test_rights_that_do_more_than_they_may_are_caught(history: list[Operation[DrawerCall]]) -> None:
    assert stuck(history, EMPTY, drawer)


def test_a_ticket_that_has_put_says_so() -> None:
    history: list[Operation[DrawerCall]] = [
        Operation(0, 1, Put(0, 0), DONE),
        Operation(2, 3, Put(0, 0), DONE),
        Operation(4, 5, Put(1, 0), CONTRADICTION),
        Operation(6, 7, Claim(0, "x"), (0,)),
        Operation(8, 9, Claim(0, "y"), REFUSED),
        Operation(10, 11, Forget(0, "x"), DONE),
        Operation(12, 13, Claim(0, "x"), REFUSED),
        Operation(14, 15, Put(0, 1), DONE),
    ]
    assert stuck(history, EMPTY, drawer) is None


def test_it_names_the_operations_at_which_no_order_goes_on() -> None:
    history = NOT_LINEARIZABLE["an answered deposit is lost"]
    assert stuck(history, HOME, household) == history[1:]


boxes = st.integers(0, 1)
calls = st.one_of(
    st.builds(Create, boxes, boxes),
    st.builds(Close, boxes),
    st.builds(Deposit, boxes, st.sampled_from("abcdef")),
    st.builds(Deposit, boxes, st.sampled_from("abcdef")),
    st.builds(Collect, boxes, st.integers(0, 2), st.just(64)),
    st.builds(Acknowledge, boxes, st.integers(0, 3)),
)


def interleaved(
    plan: list[HouseholdCall], chance: random.Random, clients: int, losses: float = 0.1
) -> History:
    """Let clients do one call each at a time, every call taking effect at some moment of its own.

    Some answers are lost; of those calls half had no effect.
    """
    state, now, history = HOME, 0.0, History()
    free_from = [0.0] * clients
    for call in plan:
        client = chance.randrange(clients)
        now = max(now, free_from[client]) + 1
        invoked = chance.uniform(free_from[client], now)
        completed: float = now + chance.uniform(0.5, 6)
        lost = chance.random() < losses
        answer: object = MAYBE
        if not lost or chance.random() < 0.5:
            state, answer = household.step(state, call)
        history.append(
            Operation(invoked, NEVER, call, MAYBE)
            if lost
            else Operation(invoked, completed, call, answer)
        )
        free_from[client] = completed + 0.1
    return history


@given(st.lists(calls, max_size=40), st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_interleaving_of_a_relay_that_is_right_passes(
    plan: list[HouseholdCall], chance: random.Random, clients: int
) -> None:
    assert is_right(interleaved(plan, chance, clients))


def altered(answer: Answer, chance: random.Random) -> Answer:
    """Return another answer that the same operation might have had."""
    if isinstance(answer, int):
        return REFUSED if answer == DONE else DONE
    if answer and chance.random() < 0.5:
        return answer[:-1]
    return (*answer, (len(answer) + 1, "a"))


def test_one_answer_that_is_altered_is_caught_nearly_always() -> None:
    chance, caught, tried = random.Random(8_512), 0, 400
    kinds = (Deposit(0, "{}"), Deposit(0, "{}"), Collect(0, 0, 64), Acknowledge(0, 2))
    for _ in range(tried):
        plan: list[HouseholdCall] = [
            replace(kind, content=f"{number}") if isinstance(kind, Deposit) else kind
            for number, kind in enumerate(chance.choices(kinds, k=20))
        ]
        history = interleaved([*plan, ALL], chance, 3, losses=0.03)
        index = chance.choice([i for i, one in enumerate(history) if one.answer is not MAYBE])
        wrong = altered(history[index].answer, chance)  # type: ignore[arg-type] # not MAYBE
        history[index] = replace(history[index], answer=wrong)
        caught += not is_right(history)
    # What is not caught could have happened: a page without an envelope that came at that moment.
    assert caught >= 0.9 * tried
