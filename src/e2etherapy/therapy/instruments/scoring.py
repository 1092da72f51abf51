"""Turns answers into a result: a total, or the reason why there is none, and what it may mean.

One scorer for every instrument; what differs is in its definition. A sum of fewer answers than an
instrument needs is never shown, not even as a subscale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.therapy.instruments.definition import (
    Cut,
    Instrument,
    Item,
    Need,
    Option,
    Pattern,
    Sex,
)

Answers: TypeAlias = Sequence[int | None]
"""For each item, in order, the value of the option that was chosen, or None."""
_Given: TypeAlias = Mapping[str, int | None]


class Subscore(msgspec.Struct, frozen=True):
    """A subscale's score; None where an answer to one of its items is missing."""

    id: str
    title: str
    score: int | None


class Finding(msgspec.Struct, frozen=True):
    """Whether a cut or a pattern is met; None where the answers do not tell.

    Attributes:
        sex: whom the figure is for; None means everybody.
        source: who published it.
    """

    id: str
    label: str
    met: bool | None
    sex: Sex | None
    source: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What answers to an instrument say. It is not a diagnosis.

    Attributes:
        instrument: its id.
        version: of the definition that was used.
        total: None where no total may be shown; `reason` then says why.
        band: the name of the band of the total, where bands are published.
        missing: how many of the items that count were not answered.
        imputed: whether the total stands for missing answers too, by the published rule.
        priority: an answer was given that a therapist has to see first; also without a total.
        priority_unanswered: the question behind `priority` was not answered.
        functional: the answer to the functional item.
        remarks: sentences about this result.
    """

    instrument: str
    version: str
    total: int | None
    reason: str | None
    band: str | None
    subscales: tuple[Subscore, ...]
    findings: tuple[Finding, ...]
    missing: int
    imputed: bool
    priority: bool
    priority_unanswered: bool
    functional: Option | None
    remarks: tuple[str, ...]

    def __repr__(self) -> str:
        """Name the instrument, never what was answered."""
        return f"<Result of {self.instrument}>"


def score(instrument: Instrument, answers: Answers) -> Result:
    """Score the answers to every item of an instrument, those not scored included.

    Raises:
        InvalidAnswers: more or fewer answers than items, or one that its item does not offer.
    """
    given = _checked(instrument, answers)
    ended = _ended_by_gate(instrument, given)
    missing = _missing(instrument, given, ended=ended)
    total = _total(instrument, given, ended=ended, missing=missing)
    counted = _counted(instrument, given, ended=ended)
    priority = instrument.priority
    urgent = given[priority.item] if priority else None
    return Result(
        instrument=instrument.id,
        version=instrument.version,
        total=total,
        reason=None if total is not None else _reason(instrument, given, missing),
        band=_band(instrument, total),
        subscales=_subscores(instrument, counted),
        findings=_findings(instrument, counted, total),
        missing=missing,
        imputed=total is not None and missing > 0,
        priority=priority is not None and urgent is not None and urgent >= priority.at_least,
        priority_unanswered=priority is not None and urgent is None,
        functional=_functional(instrument, given),
        remarks=tuple(_remarks(instrument, given, total, ended=ended)),
    )


def _checked(instrument: Instrument, answers: Answers) -> _Given:
    if not isinstance(answers, list | tuple):
        raise InvalidAnswers("Answers are a list, with one place for each question.")
    items = instrument.items
    if len(answers) != len(items):
        raise InvalidAnswers(
            f"{instrument.title} has {len(items)} questions; there are {len(answers)} answers."
        )
    for number, (item, answer) in enumerate(zip(items, answers, strict=True), start=1):
        offered = [option.value for option in instrument.options_of(item)]
        # True and 1.0 are equal to 1, but nobody chose them from a list.
        if answer is not None and (type(answer) is not int or answer not in offered):
            raise InvalidAnswers(
                f"The answer to question {number} of {instrument.title} is not one that it "
                f"offers: {', '.join(map(str, offered))}."
            )
    return {item.id: answer for item, answer in zip(items, answers, strict=True)}


def _ended_by_gate(instrument: Instrument, given: _Given) -> bool:
    gate = instrument.scoring.gate
    return gate is not None and given[gate.item] == gate.value


def _counted(instrument: Instrument, given: _Given, *, ended: bool) -> _Given:
    """Leave out what was answered behind a gate that had ended the questions."""
    scored = {item.id for item in instrument.scored}
    return {item: None if ended and item in scored else value for item, value in given.items()}


def _missing(instrument: Instrument, given: _Given, *, ended: bool) -> int:
    if ended:
        return 0
    gate = instrument.scoring.gate
    needed = [item.id for item in instrument.scored] + ([gate.item] if gate else [])
    return sum(given[item] is None for item in needed)


def _total(instrument: Instrument, given: _Given, *, ended: bool, missing: int) -> int | None:
    scoring = instrument.scoring
    if ended and scoring.gate:
        return scoring.gate.total
    gate_unanswered = scoring.gate is not None and given[scoring.gate.item] is None
    if gate_unanswered or missing > scoring.missing.most:
        return None
    count = len(instrument.scored)
    answered = [value for item in instrument.scored if (value := given[item.id]) is not None]
    # The mean of those answered, for every item: in whole numbers, so that 4.5 is never 4.4999.
    return (2 * sum(answered) * count + len(answered)) // (2 * len(answered))


def _reason(instrument: Instrument, given: _Given, missing: int) -> str:
    scoring = instrument.scoring
    if scoring.gate and given[scoring.gate.item] is None:
        return "There is no score: the first question, on which the others depend, has no answer."
    questions = "1 question has" if missing == 1 else f"{missing} questions have"
    if scoring.missing.most == 0:
        return f"There is no score: {questions} no answer, and this instrument needs every one."
    return f"There is no score: {questions} no answer; at most {scoring.missing.most} may be left."


def _band(instrument: Instrument, total: int | None) -> str | None:
    if total is None:
        return None
    labels = [band.label for band in instrument.bands if band.lowest <= total <= band.highest]
    return labels[0] if labels else None


def _subscores(instrument: Instrument, given: _Given) -> tuple[Subscore, ...]:
    scores = []
    for part in instrument.scoring.subscales:
        values = [value for item in part.items if (value := given[item]) is not None]
        complete = len(values) == len(part.items)
        scores.append(Subscore(part.id, part.title, sum(values) if complete else None))
    return tuple(scores)


def _findings(instrument: Instrument, given: _Given, total: int | None) -> tuple[Finding, ...]:
    scores = {part.id: part.score for part in _subscores(instrument, given)}
    cuts = [_of_cut(cut, total if cut.of is None else scores[cut.of]) for cut in instrument.cuts]
    return (*cuts, *(_of_pattern(pattern, given) for pattern in instrument.patterns))


def _of_cut(cut: Cut, reached: int | None) -> Finding:
    met = None if reached is None else reached >= cut.at_least
    return Finding(cut.id, cut.label, met, cut.sex, cut.source)


def _of_pattern(pattern: Pattern, given: _Given) -> Finding:
    """Say yes or no as soon as the answers that are missing could not change it."""
    needs = [_met(need, given) for need in pattern.needs]
    met = False if False in needs else None if None in needs else True
    return Finding(pattern.id, pattern.label, met, None, pattern.source)


def _met(need: Need, given: _Given) -> bool | None:
    values = [given[item] for item in need.items]
    enough = sum(value is not None and value >= need.at_least for value in values)
    if enough >= need.count:
        return True
    return None if enough + values.count(None) >= need.count else False


def _functional(instrument: Instrument, given: _Given) -> Option | None:
    for item in instrument.items:
        if item.role == "functional":
            return chosen(instrument, item, given[item.id])
    return None


def chosen(instrument: Instrument, item: Item, value: int | None) -> Option | None:
    """Return the option of an item that has a value; None for None."""
    options = instrument.options_of(item)
    return next((option for option in options if option.value == value), None)


def _remarks(instrument: Instrument, given: _Given, total: int | None, *, ended: bool) -> list[str]:
    answers = {item.id: given[item.id] for item in instrument.scored}
    remarks = []
    if ended and any(answer is not None for answer in answers.values()):
        remarks.append("The first answer ends this questionnaire; later answers do not count.")
    missing = sum(answer is None for answer in answers.values())
    if total is not None and missing and not ended:
        left = "1 missing answer" if missing == 1 else f"{missing} missing answers"
        remarks.append(f"The mean of the other answers stands for {left}.")
    look = instrument.second_look
    if look and total and answers[look.item] == total and not missing:
        remarks.append(look.sentence)
    return remarks
