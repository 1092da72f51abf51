"""What the operations of docs/protocol.md, section 9.2, do one after another.

States are values. A household is some mailboxes and the tickets that may pay for any of them; a
drawer is some locators, the tickets that may put an invitation under any of them, and a mailbox
for each ticket. What belongs to different households or drawers does not depend on each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from tests.support.linearizability import Model, Operation

DONE, REFUSED, CONTRADICTION = 204, 404, 409
IMPOSSIBLE = -1
Answer = int | tuple[object, ...]
"""A status, or for a success with content a tuple of it."""


@dataclass(frozen=True)
class Create:
    """Of the mailbox with this number, paid with the ticket of this number."""

    box: int
    ticket: int


@dataclass(frozen=True)
class Close:
    box: int


@dataclass(frozen=True)
class Deposit:
    box: int
    content: str


@dataclass(frozen=True)
class Collect:
    box: int
    after: int
    limit: int


@dataclass(frozen=True)
class Acknowledge:
    box: int
    through: int


@dataclass(frozen=True)
class Put:
    """An invitation under the locator of this number; its bundle is the ticket's own."""

    locator: int
    ticket: int


@dataclass(frozen=True)
class Claim:
    locator: int
    token: str


@dataclass(frozen=True)
class Forget:
    locator: int
    token: str


@dataclass(frozen=True)
class Spend:
    """Create the mailbox that belongs to a ticket."""

    ticket: int


HouseholdCall = Create | Close | Deposit | Collect | Acknowledge
DrawerCall = Put | Claim | Forget | Spend


@dataclass(frozen=True)
class Box:
    last: int = 0
    waiting: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Household:
    """Mailboxes by number, None for one that does not exist, and the tickets that are unspent."""

    boxes: tuple[Box | None, ...]
    tickets: frozenset[int]


@dataclass(frozen=True)
class Drawer:
    """What lies there.

    Attributes:
        bundles: for each locator None, or whose bundle it is and the token that holds it.
        marks: for each ticket the locator that it was used for, or None.
        spent: tickets whose mailbox exists.
    """

    bundles: tuple[tuple[int, str | None] | None, ...]
    marks: tuple[int | None, ...]
    spent: frozenset[int] = frozenset()


def _household(state: Household, call: HouseholdCall) -> tuple[Household, Answer]:
    """Carry out one operation on a household."""
    box = state.boxes[call.box]
    if isinstance(call, Create):
        if box is not None:
            return state, DONE
        if call.ticket not in state.tickets:
            return state, REFUSED
        made = replace(state, tickets=state.tickets - {call.ticket})
        return _with_box(made, call.box, Box()), DONE
    if box is None:
        return state, REFUSED
    if isinstance(call, Close):
        return _with_box(state, call.box, None), DONE
    after, answer = _in_box(call, box)
    return _with_box(state, call.box, after), answer


def _in_box(call: Deposit | Collect | Acknowledge, box: Box) -> tuple[Box, Answer]:
    match call:
        case Deposit():
            if any(content == call.content for _, content in box.waiting):
                return box, DONE
            last = box.last + 1
            return Box(last, (*box.waiting, (last, call.content))), DONE
        case Collect():
            return box, tuple(item for item in box.waiting if item[0] > call.after)[: call.limit]
        case Acknowledge():
            kept = tuple(item for item in box.waiting if item[0] > call.through)
            return replace(box, waiting=kept), DONE


def _with_box(state: Household, number: int, box: Box | None) -> Household:
    return replace(state, boxes=(*state.boxes[:number], box, *state.boxes[number + 1 :]))


def _drawer(state: Drawer, call: DrawerCall) -> tuple[Drawer, Answer]:
    """Carry out one operation on a drawer."""
    match call:
        case Spend():
            return replace(state, spent=state.spent | {call.ticket}), DONE
        case Put():
            return _put(state, call)
        case Claim():
            return _claim(state, call)
        case Forget():
            held = state.bundles[call.locator]
            if held is None or held[1] != call.token:
                return state, REFUSED
            return _with_bundle(state, call.locator, None), DONE


def _put(state: Drawer, call: Put) -> tuple[Drawer, Answer]:
    if call.ticket in state.spent:
        return state, REFUSED
    mark = state.marks[call.ticket]
    if mark is not None:
        return state, DONE if mark == call.locator else CONTRADICTION
    if state.bundles[call.locator] is not None:
        return state, REFUSED
    marks = (*state.marks[: call.ticket], call.locator, *state.marks[call.ticket + 1 :])
    return _with_bundle(replace(state, marks=marks), call.locator, (call.ticket, None)), DONE


def _claim(state: Drawer, call: Claim) -> tuple[Drawer, Answer]:
    held = state.bundles[call.locator]
    if held is None or held[1] not in {None, call.token}:
        return state, REFUSED
    return _with_bundle(state, call.locator, (held[0], call.token)), (held[0],)


def _with_bundle(state: Drawer, number: int, held: tuple[int, str | None] | None) -> Drawer:
    return replace(state, bundles=(*state.bundles[:number], held, *state.bundles[number + 1 :]))


def _is_inert(call: HouseholdCall | DrawerCall, answer: object) -> bool:
    return isinstance(call, Collect) or answer in {REFUSED, CONTRADICTION}


household: Final[Model[Household, HouseholdCall]] = Model(_household, _is_inert)


def household_that_ends_in(
    history: Iterable[Operation[HouseholdCall]],
) -> Model[Household, HouseholdCall]:
    """Return a household of which the pages of a history are known beforehand.

    An envelope that was deposited once and is in some page has the position that it has there: an
    order that gives it another one needs no further look. This leaves out no order that is right.
    """
    operations = list(history)
    deposited = Counter(one.call for one in operations if isinstance(one.call, Deposit))
    pages = [
        (one.call.box, one.answer)
        for one in operations
        if isinstance(one.call, Collect) and isinstance(one.answer, tuple)
    ]
    shown = {(box, content): position for box, page in pages for position, content in page}

    def step(state: Household, call: HouseholdCall) -> tuple[Household, Answer]:
        if isinstance(call, Deposit) and deposited[call] == 1:
            box, position = state.boxes[call.box], shown.get((call.box, call.content))
            if box is not None and position not in {None, box.last + 1}:
                return state, IMPOSSIBLE
        return _household(state, call)

    return Model(step, _is_inert)


drawer: Final[Model[Drawer, DrawerCall]] = Model(_drawer, _is_inert)
