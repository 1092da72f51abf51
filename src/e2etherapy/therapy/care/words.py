"""Each thing that can be said about the therapy, as a sentence for a thread, a list or a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidInstrument, TherapyError
from e2etherapy.therapy import agreement
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.scoring import score
from e2etherapy.wire import care
from e2etherapy.wire.item import Item

_LANDED = {
    "helped": "This helped.",
    "understood": "This was understood.",
    "unsure": "Not sure about this.",
    "missed": "This missed the point.",
    "hurt": "This hurt.",
}


def _with(what: str, said: str) -> str:
    return f"{what}: {said}" if said else f"{what}."


def _of_agreement(item: care.Agreement) -> str:
    try:
        terms = agreement.decode(item.terms.encode())
    except (MalformedData, TherapyError):
        return "Proposed a reply agreement that this version cannot read."
    said = (
        f"Proposed reply agreement {terms.version}: an answer within {terms.reply_time.text()}, "
        f"{terms.office_hours.text()} ({terms.zone})."
    )
    off = (
        f"Days off: {', '.join(terms.holidays.text().splitlines())}."
        if terms.holidays.entries
        else ""
    )
    cover = f"Cover: {terms.cover}" if terms.cover else ""
    return "\n".join(part for part in (said, off, cover) if part)


def _of_check_in(item: care.CheckIn) -> str:
    return f"{_title(item.instrument)}: {_score(item)}."


def _of_schedule(item: care.CheckInSchedule) -> str:
    title = _title(item.instrument)
    return f"Asked for {title}, {item.schedule}." if item.schedule else f"No more {title}."


def _title(instrument_id: str) -> str:
    try:
        return instrument(instrument_id).title
    except InvalidInstrument:
        return instrument_id


def _score(item: care.CheckIn) -> str:
    try:
        definition = instrument(item.instrument)
        if definition.version != item.version:
            return "scored by another version"
        result = score(definition, item.given)
    except TherapyError:
        return "scored by another version"
    if result.total is None:
        return "no total, too many answers are missing"
    band = f", {result.band}" if result.band else ""
    return f"total {result.total}{band}; not a diagnosis"


def _of_homework(item: care.Homework) -> str:
    until = f" (until {item.until})" if item.until else ""
    return _with(f"Homework{until}", f"{item.title}\n{item.text}".strip())


def _of_homework_answer(item: care.HomeworkAnswer) -> str:
    return _with(f"Homework {'accepted' if item.accepted else 'declined'}", item.note)


def _of_homework_log(item: care.HomeworkLog) -> str:
    return _with(f"Homework on {item.day}, {'done' if item.done else 'not done'}", item.note)


_WORDS: Final[dict[type[Item], Callable[[Any], str]]] = {
    care.Agreement: _of_agreement,
    care.AgreementAcceptance: lambda _: "Accepted the reply agreement.",
    care.ConsentRequest: lambda item: f"Asked for informed consent ({item.text}).",
    care.Consent: lambda item: f"Gave informed consent ({item.text}).",
    care.ConsentWithdrawal: lambda item: _with("Withdrew the informed consent", item.note),
    care.CheckIn: _of_check_in,
    care.CheckInSchedule: _of_schedule,
    care.Priority: lambda item: _with("I need you sooner", item.text),
    care.Homework: _of_homework,
    care.HomeworkAnswer: _of_homework_answer,
    care.HomeworkLog: _of_homework_log,
    care.HomeworkReview: lambda item: _with("Homework reviewed", item.note),
    care.Goal: lambda item: _with("Goal", item.text),
    care.GoalAnswer: lambda item: _with(f"Goal {item.outcome}", item.note),
    care.Landing: lambda item: _LANDED[item.mark],
    care.SafetyPlanShare: lambda _: "Shared the safety plan.",
    care.EmergencyCardShare: lambda _: "Shared or confirmed the emergency card.",
    care.Summary: lambda item: _with("Summary", item.text),
    care.ExtractRequest: lambda item: _with(
        f"Asked to show entries of the record: {len(item.entries)}", item.text
    ),
    care.ExtractAnswer: lambda item: (
        "Allowed entries of the record to be shown."
        if item.allowed
        else "Did not allow entries of the record to be shown, or not any more."
    ),
    care.Ending: lambda item: _with("The therapy ends", item.letter),
}


def words(item: Item) -> str:
    """Return what an item says, with the words that somebody wrote in it as they are."""
    return _WORDS[type(item)](item)
