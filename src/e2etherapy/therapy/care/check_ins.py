"""The check-ins of a conversation: filled in by the client, scored anew by whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from e2etherapy.errors.therapy import InvalidAnswers, InvalidInstrument, InvalidSchedule, OutOfPlace
from e2etherapy.therapy.care.said import Said, believed
from e2etherapy.therapy.instruments import schedule
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.schedule import Schedule
from e2etherapy.therapy.instruments.scoring import Answers, Result, score
from e2etherapy.wire.care import CheckIn, CheckInSchedule

MOST_IN_A_DAY: Final = 500
"""Recorded within 24 hours. A flood must not bury what matters; but a device that was away for as
long as a relay keeps things records at once what was filled in on 30 days."""
LONGEST_AHEAD: Final = timedelta(days=366)
"""How far from when a schedule is recorded it may begin."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """One check-in.

    Attributes:
        id: the item's.
        instrument: its id.
        answers: as they were given.
        taken: when, by the client's clock as far as that is believed, UTC. What it claims to have
            been earlier is not checked: `recorded` stands beside it.
        recorded: when this device recorded it.
        result: scored here; None where this version has not that version of the instrument.
    """

    id: bytes
    instrument: str
    answers: Answers = field(repr=False)
    taken: datetime
    recorded: datetime
    result: Result | None


@dataclass(frozen=True, slots=True)
class Asked:
    """When an instrument is to be filled in."""

    schedule: Schedule
    begins: date


@dataclass(frozen=True, slots=True)
class CheckIns:
    """All of a conversation's, in the order of the record, and what is asked for from now on."""

    taken: tuple[Taken, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, instrument_id: str) -> tuple[Taken, ...]:
        """Return those with one instrument."""
        return tuple(one for one in self.taken if one.instrument == instrument_id)


def take(state: CheckIns, said: Said[CheckIn]) -> CheckIns:
    """Take a check-in.

    One with an answer that a therapist has to see first is taken however many there are, and
    whatever the client's clock says.

    Raises:
        OutOfPlace: its answers are not such that its instrument offers, or there were 500 within a
            day and none of these answers has to be seen first.
    """
    item, answers = said.item, tuple(said.item.given)
    result = _result(item, answers)
    if _is_flood(state, said.recorded) and not (result and result.priority):
        raise OutOfPlace("more check-ins than anybody fills in")
    taken = believed(item.taken, said.recorded)
    one = Taken(item.id, item.instrument, answers, taken, said.recorded, result)
    return CheckIns((*state.taken, one), state.asked)


def _is_flood(state: CheckIns, recorded: datetime) -> bool:
    """Look at one only: they are in the order in which they were recorded."""
    if len(state.taken) < MOST_IN_A_DAY:
        return False
    return abs(recorded - state.taken[-MOST_IN_A_DAY].recorded) < _DAY


def _result(item: CheckIn, answers: Answers) -> Result | None:
    """Score answers; what this version does not know it keeps without a score."""
    try:
        definition = instrument(item.instrument)
    except InvalidInstrument:
        return None
    if definition.version != item.version:
        return None
    try:
        return score(definition, answers)
    except InvalidAnswers:
        raise OutOfPlace("answers that their questionnaire does not offer") from None


def ask(state: CheckIns, said: Said[CheckInSchedule]) -> CheckIns:
    """Take a schedule, or the end of one.

    Raises:
        OutOfPlace: it cannot be read, or begins more than a year from now: every day since then
            would have to be counted whenever it is looked at.
    """
    item = said.item
    asked = dict(state.asked)
    if not item.schedule:
        asked.pop(item.instrument, None)
        return CheckIns(state.taken, MappingProxyType(asked))
    try:
        instrument(item.instrument)
        read = schedule.parse(item.schedule)
        begins = date.fromisoformat(item.begins)
    except (InvalidInstrument, InvalidSchedule, ValueError):
        raise OutOfPlace("a schedule that this version cannot read") from None
    if str(read) != item.schedule:
        raise OutOfPlace("a schedule that is not written in the one way there is")
    if abs(begins - said.recorded.date()) > LONGEST_AHEAD:
        raise OutOfPlace("a schedule that begins in another year than anybody means")
    asked[item.instrument] = Asked(read, begins)
    return CheckIns(state.taken, MappingProxyType(asked))
