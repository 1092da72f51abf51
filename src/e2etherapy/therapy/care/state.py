"""What holds between two people after all that they have said about the therapy; pure.

It is built anew from the record whenever it is needed, so that nothing can differ from it.

An item that answers one of the other side which was never said is refused. One that refers to an
earlier item of its own author that is not here has no effect: that one may have been lost on its
way, or is still to come. What two people said while their items crossed is taken on both devices
wherever it can be.

An item that answers one which was erased on this device has no effect either: its author could not
know, and what they said must not be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care import (
    agreements,
    check_ins,
    consents,
    endings,
    extracts,
    flags,
    goals,
    homeworks,
    landings,
    plans,
    summaries,
)
from e2etherapy.therapy.care.agreements import Agreements
from e2etherapy.therapy.care.check_ins import CheckIns
from e2etherapy.therapy.care.consents import Consents
from e2etherapy.therapy.care.endings import Ended, Endings
from e2etherapy.therapy.care.extracts import Extracts
from e2etherapy.therapy.care.flags import Flags
from e2etherapy.therapy.care.goals import Goals
from e2etherapy.therapy.care.homeworks import Homeworks
from e2etherapy.therapy.care.landings import Landings
from e2etherapy.therapy.care.plans import Plans
from e2etherapy.therapy.care.rights import require_speaker
from e2etherapy.therapy.care.said import Gone, Said
from e2etherapy.therapy.care.summaries import Summaries
from e2etherapy.wire import care
from e2etherapy.wire.item import Item


@dataclass(frozen=True, slots=True)
class Care:
    """All that holds.

    Attributes:
        gone: the ids of items about the therapy that were erased here.
    """

    agreements: Agreements = field(default_factory=Agreements)
    consents: Consents = field(default_factory=Consents)
    check_ins: CheckIns = field(default_factory=CheckIns)
    flags: Flags = field(default_factory=Flags)
    homeworks: Homeworks = field(default_factory=Homeworks)
    goals: Goals = field(default_factory=Goals)
    landings: Landings = field(default_factory=Landings)
    plans: Plans = field(default_factory=Plans)
    summaries: Summaries = field(default_factory=Summaries)
    extracts: Extracts = field(default_factory=Extracts)
    endings: Endings = field(default_factory=Endings)
    gone: frozenset[bytes] = frozenset()

    @property
    def ended(self) -> Ended | None:
        """How the therapy has ended; None while it goes on."""
        return self.endings.first


OF_A_QUEUE: Final[frozenset[type[Item]]] = frozenset(
    {
        *(care.Agreement, care.AgreementAcceptance),
        *(care.CheckIn, care.CheckInSchedule, care.Priority),
        care.Ending,
    }
)
"""All that agreements, check-ins, flags and the end depend on: of years of homework, nothing."""

OF_A_THREAD: Final[frozenset[type[Item]]] = frozenset(
    {care.Agreement, care.AgreementAcceptance, care.Landing, care.Ending}
)
"""All that agreements, marks on messages and the end depend on."""

_ANSWERS = (
    *(care.AgreementAcceptance, care.Consent, care.ExtractAnswer),
    *(care.HomeworkAnswer, care.HomeworkLog, care.GoalAnswer),
)
_AFTER_THE_END = (care.Priority, care.CheckIn, care.ConsentWithdrawal, care.Ending)


def after(state: Care, said: Said[Any]) -> Care:
    """Return what holds after one more thing was said.

    What asks for help, takes a consent back, or ends the therapy too may have been on its way when
    the therapy ended, and is taken all the same.

    Raises:
        OutOfPlace: its author cannot say it, or not now, or the therapy has ended; nothing changes.
    """
    require_speaker(said.author, said.item)
    if state.ended is not None and not _may_cross_the_end(said.item):
        raise OutOfPlace("something said after the therapy has ended")
    try:
        return _TAKE[type(said.item)](state, said)
    except OutOfPlace:
        if isinstance(said.item, _ANSWERS) and said.item.answers in state.gone:
            return state
        raise


def _may_cross_the_end(item: Item) -> bool:
    takes_back = isinstance(item, care.ExtractAnswer) and not item.allowed
    return takes_back or isinstance(item, _AFTER_THE_END)


def of(record: Iterable[Said[Any] | Gone]) -> Care:
    """Return what holds after a record, of which some may have been erased.

    What an earlier version took and this one would not is passed over: it stands in the record.
    """
    state, gone = Care(), set()
    for said in record:
        if isinstance(said, Gone):
            gone.add(said.id)
            state = _without(state, said)
            continue
        try:
            state = after(state, said)
        except OutOfPlace:
            continue
    return replace(state, gone=frozenset(gone))


def _without(state: Care, one: Gone) -> Care:
    """Return what holds where something was said that is not there any more: it has its number."""
    match one.kind:
        case "homework":
            return replace(state, homeworks=Homeworks(state.homeworks.given.skip()))
        case "goal":
            return replace(state, goals=Goals(state.goals.proposals.skip()))
        case "extract_request":
            return replace(state, extracts=Extracts(state.extracts.requests.skip()))
    return state


def _check_in(state: Care, said: Said[care.CheckIn]) -> Care:
    taken = check_ins.take(state.check_ins, said)
    result = taken.taken[-1].result
    raised = flags.of_check_in(state.flags, said, priority=bool(result and result.priority))
    return replace(state, check_ins=taken, flags=raised)


def _part(name: str, take: Callable[[Any, Said[Any]], Any]) -> Callable[[Care, Said[Any]], Care]:
    """Return how one part of what holds is taken on, and the others stay."""
    return lambda state, said: replace(state, **{name: take(getattr(state, name), said)})


_TAKE: Final[dict[type[Item], Callable[[Care, Said[Any]], Care]]] = {
    care.Agreement: _part("agreements", agreements.propose),
    care.AgreementAcceptance: _part("agreements", agreements.accept),
    care.ConsentRequest: _part("consents", consents.request),
    care.Consent: _part("consents", consents.give),
    care.ConsentWithdrawal: _part("consents", consents.withdraw),
    care.CheckIn: _check_in,
    care.CheckInSchedule: _part("check_ins", check_ins.ask),
    care.Priority: _part("flags", flags.press),
    care.Homework: _part("homeworks", homeworks.give),
    care.HomeworkAnswer: _part("homeworks", homeworks.answer),
    care.HomeworkLog: _part("homeworks", homeworks.log),
    care.HomeworkReview: _part("homeworks", homeworks.review),
    care.Goal: _part("goals", goals.propose),
    care.GoalAnswer: _part("goals", goals.answer),
    care.Landing: _part("landings", landings.mark),
    care.SafetyPlanShare: _part("plans", plans.share_plan),
    care.EmergencyCardShare: _part("plans", plans.share_card),
    care.Summary: _part("summaries", summaries.add),
    care.ExtractRequest: _part("extracts", extracts.request),
    care.ExtractAnswer: _part("extracts", extracts.answer),
    care.Ending: _part("endings", endings.end),
}
