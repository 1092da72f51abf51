"""The homework of a conversation: given by the therapist, done and logged by the client."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care.register import Register
from e2etherapy.therapy.care.said import CLOCKS_DIFFER, Said
from e2etherapy.wire import care

MOST_OPEN: Final = 100
MOST_LOGS: Final = 400
"""Days of one homework that can be logged: every day of more than a year."""


@dataclass(frozen=True, slots=True)
class Log:
    """What became of a homework on one day.

    Attributes:
        day: by the client's calendar.
        done: whether it was.
        note: the client's words.
        logged: when, UTC.
        sequence: of the item.
    """

    day: date
    done: bool
    note: str = field(repr=False)
    logged: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class GivenHomework:
    """One homework.

    Attributes:
        id: the item's.
        number: among the homework of the conversation, from 1; it stays.
        title: what to do.
        text: more about it.
        given: when, UTC.
        until: the last day for it, if one was named.
        accepted: whether the client accepted it; None until they say.
        answered: when they said so.
        answer: what they said with it.
        logs: by day.
        reviewed: when the therapist ended it; None until then.
        review: what the therapist said of it.
        hidden: it is shown on this device only if asked for.
    """

    id: bytes
    number: int
    title: str = field(repr=False)
    text: str = field(repr=False)
    given: datetime
    until: date | None = None
    accepted: bool | None = None
    answered: datetime | None = None
    answer: str = field(default="", repr=False)
    logs: MappingProxyType[date, Log] = field(default_factory=lambda: MappingProxyType({}))
    reviewed: datetime | None = None
    review: str = field(default="", repr=False)
    hidden: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it was neither declined nor reviewed."""
        return self.accepted is not False and self.reviewed is None

    def days(self) -> tuple[Log, ...]:
        """Return what was logged, in the order of the days."""
        return tuple(self.logs[day] for day in sorted(self.logs))


@dataclass(frozen=True, slots=True)
class Homeworks:
    """All of a conversation's, in the order of the record."""

    given: Register[GivenHomework] = field(default_factory=Register)

    def all(self) -> tuple[GivenHomework, ...]:
        """Return every homework."""
        return self.given.all()

    def open(self) -> tuple[GivenHomework, ...]:
        """Return what was neither declined nor reviewed."""
        return self.given.open()


def give(state: Homeworks, said: Said[care.Homework]) -> Homeworks:
    """Take a homework.

    Raises:
        OutOfPlace: it ends on a day that no calendar has, or 100 are open.
    """
    item = said.item
    until = None if item.until is None else _day(item.until)
    given = GivenHomework(item.id, state.given.next_number, item.title, item.text, said.when, until)
    return Homeworks(state.given.begin(given, MOST_OPEN, "homeworks"))


def answer(state: Homeworks, said: Said[care.HomeworkAnswer]) -> Homeworks:
    """Take that a homework is accepted or declined, also if its review crossed the answer.

    Raises:
        OutOfPlace: nobody gave this homework, or it was answered before.
    """
    item = said.item
    given = _named(state, item.answers)
    if given.accepted is not None:
        raise OutOfPlace("an answer to homework that was answered before")
    answered = replace(given, accepted=item.accepted, answered=said.when, answer=item.note)
    return Homeworks(state.given.change(answered))


def log(state: Homeworks, said: Said[care.HomeworkLog]) -> Homeworks:
    """Take what became of a homework on a day; what the client says later of that day replaces it.

    What was written before the therapist's review and came after it is taken: the client could not
    know, and both devices then hold the same.

    Raises:
        OutOfPlace: nobody gave this homework; it was declined, or reviewed by then; the day is no
            day, or later than tomorrow; or 400 days are logged.
    """
    item = said.item
    given, day = _named(state, item.answers), _day(item.day)
    if given.accepted is False:
        raise OutOfPlace("a log of homework that was declined")
    if given.reviewed is not None and item.written >= given.reviewed:
        raise OutOfPlace("a log of homework that was reviewed before")
    if day - said.recorded.date() > CLOCKS_DIFFER:
        raise OutOfPlace("a log of a day that has not come")
    before = given.logs.get(day)
    if before is None and len(given.logs) >= MOST_LOGS:
        raise OutOfPlace(f"a log of one more than {MOST_LOGS} days")
    if before is not None and before.sequence > item.sequence:
        return state
    logged = Log(day, item.done, item.note, said.when, item.sequence)
    logs = MappingProxyType(given.logs | {day: logged})
    return Homeworks(state.given.change(replace(given, logs=logs)))


def review(state: Homeworks, said: Said[care.HomeworkReview]) -> Homeworks:
    """Take a review, which ends a homework; without effect if that was lost on its way.

    Raises:
        OutOfPlace: it names nothing, or what was reviewed before.
    """
    item = said.item
    if item.answers is None:
        raise OutOfPlace("a review of no homework")
    given = state.given.get(item.answers)
    if given is None:
        return state
    if given.reviewed is not None:
        raise OutOfPlace("a review of homework that was reviewed before")
    reviewed = replace(given, reviewed=said.when, review=item.note)
    return Homeworks(state.given.change(reviewed))


def _named(state: Homeworks, item_id: bytes | None) -> GivenHomework:
    given = state.given.get(item_id)
    if given is None:
        raise OutOfPlace("an answer to homework that nobody gave")
    return given


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise OutOfPlace("a day that no calendar has") from None
