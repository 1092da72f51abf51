"""What holds between two people, told in sections: for an export, or to look something up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from e2etherapy.therapy import emergency_card, safety_plan
from e2etherapy.therapy.care.check_ins import CheckIns, Taken
from e2etherapy.therapy.care.consents import AskedConsent
from e2etherapy.therapy.care.extracts import AskedExtract
from e2etherapy.therapy.care.flags import Flag
from e2etherapy.therapy.care.goals import SharedGoal
from e2etherapy.therapy.care.homeworks import GivenHomework
from e2etherapy.therapy.care.plans import Plans
from e2etherapy.therapy.care.state import Care
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.sentences import sentences
from e2etherapy.therapy.instruments.trend import Dated

Value: TypeAlias = str | int | date | datetime | list[int | None] | None
WIDTH = 80
"""Cells of a line of what is rendered as a text of its own."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a therapist wrote down about something that had to be seen first."""

    note: str = field(repr=False)
    recorded: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One thing that was said, with what became of it.

    Attributes:
        when: UTC; None where it has no moment of its own.
        what: a sentence of this program's.
        words: what somebody wrote, as it is.
        data: the same for a program; what stands in `when` and `words` is not repeated.
    """

    when: datetime | None
    what: str
    words: str = ""
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """What belongs together; the rows in the order of the record."""

    title: str
    rows: tuple[Row, ...]


def account(care: Care, resolved: Mapping[bytes, Resolution]) -> tuple[Section, ...]:
    """Return everything that holds; a section in which nothing stands is left out.

    Args:
        care: computed from the record.
        resolved: what was done about flags, by their ids; a client's device has none of these.
    """
    sections = {
        "Reply agreements": _agreements(care),
        "Informed consent": (_consent(one) for one in care.consents.all()),
        "Check-ins": _check_ins(care.check_ins),
        "What had to be seen first": (_flag(one, resolved) for one in care.flags.raised),
        "Goals": (row for one in care.goals.proposals.all() for row in _goal(one)),
        "Homework": (row for one in care.homeworks.all() for row in _homework(one)),
        "Shared safety plan and emergency card": _plans(care.plans),
        "Summaries": (Row(one.written, "Summary.", one.text) for one in care.summaries.sessions),
        "Extracts of the record": (_extract(one) for one in care.extracts.all()),
        "The end": (
            Row(one.when, f"The {one.author.value} ended the therapy.", one.letter)
            for one in care.endings.letters
        ),
    }
    made = (Section(title, tuple(rows)) for title, rows in sections.items())
    return tuple(section for section in made if section.rows)


def _agreements(care: Care) -> Iterator[Row]:
    for one in care.agreements.proposals:
        terms = one.terms
        accepted = "not accepted" if one.accepted is None else f"accepted {_at(one.accepted)}"
        data: dict[str, Value] = {
            "version": terms.version,
            "accepted": one.accepted,
            "valid_from": one.valid_from,
            "reply_within": terms.reply_time.text(),
            "hours": terms.office_hours.text(),
            "zone": terms.zone,
            "holidays": terms.holidays.text(),
            "cover": terms.cover,
            "crisis": terms.crisis,
        }
        words = "\n".join(f"{name}: {data[key]}" for name, key in _TERMS.items() if data[key])
        yield Row(one.proposed, f"Agreement {terms.version}, {accepted}.", words, data)


_TERMS = {
    "An answer comes within": "reply_within",
    "Office hours": "hours",
    "On the clock of": "zone",
    "Days off": "holidays",
    "Cover": "cover",
    "In a crisis": "crisis",
}


def _consent(one: AskedConsent) -> Row:
    given = "not given" if one.given is None else f"given {_at(one.given)}"
    taken = "" if one.withdrawn is None else f", withdrawn {_at(one.withdrawn)}"
    data: dict[str, Value] = {"text": one.text, "given": one.given, "withdrawn": one.withdrawn}
    return Row(one.requested, f"Consent to {one.text}: {given}{taken}.", data=data)


def _check_ins(state: CheckIns) -> Iterator[Row]:
    for one in state.taken:
        yield _check_in(one)
    for name, asked in state.asked.items():
        data: dict[str, Value] = {
            "instrument": name,
            "schedule": str(asked.schedule),
            "begins": asked.begins,
        }
        yield Row(None, f"Asked for: {name}, {asked.schedule}, from {asked.begins}.", data=data)
    for line in trends(state):
        yield Row(None, line)


def _check_in(one: Taken) -> Row:
    result = one.result
    said = "scored by another version"
    if result is not None:
        band = f" ({result.band})" if result.band else ""
        said = f"no total. {result.reason}" if result.total is None else f"{result.total}{band}"
    data: dict[str, Value] = {
        "instrument": one.instrument,
        "answers": list(one.answers),
        "total": None if result is None else result.total,
        "band": None if result is None else result.band,
    }
    return Row(one.taken, f"{one.instrument}: {said}", data=data)


def trends(state: CheckIns) -> tuple[str, ...]:
    """Return what changed, in sentences, of each instrument that was filled in twice or more."""
    found: list[str] = []
    for name in dict.fromkeys(one.instrument for one in state.taken):
        series = [
            Dated(one.taken.date(), one.result) for one in state.of(name) if one.result is not None
        ]
        if len(series) > 1:
            found += sentences(instrument(name), series)
    return tuple(found)


def _flag(one: Flag, resolved: Mapping[bytes, Resolution]) -> Row:
    why = "The client asked to be seen sooner" if one.reason == "asked" else "A check-in's answer"
    done = resolved.get(one.id)
    then = "" if done is None else f" Done about it, {_at(done.recorded)}: {done.note}"
    data: dict[str, Value] = {
        "reason": one.reason,
        "resolved": None if done is None else done.recorded,
        "resolution": None if done is None else done.note,
    }
    return Row(one.raised, f"{why}.{then}", one.text, data)


def _goal(one: SharedGoal) -> Iterator[Row]:
    what = f"Goal, proposed by the {one.author.value}: {one.outcome}."
    yield Row(one.proposed, what, one.text, {"by": one.author.value, "outcome": one.outcome})
    for word in (*([one.answer] if one.answer else []), *one.ends):
        who = f"The {word.author.value}: {word.outcome}."
        yield Row(word.written, who, word.note, {"by": word.author.value, "outcome": word.outcome})


def _homework(one: GivenHomework) -> Iterator[Row]:
    until = f", until {one.until}" if one.until else ""
    words = f"{one.title}\n{one.text}".strip()
    yield Row(one.given, f"Homework{until}.", words, {"title": one.title, "until": one.until})
    if one.answered is not None:
        said = "accepted" if one.accepted else "declined"
        yield Row(one.answered, f"The client {said} it.", one.answer, {"accepted": one.accepted})
    for log in one.days():
        done = "done" if log.done else "not done"
        yield Row(
            log.logged, f"On {log.day}: {done}.", log.note, {"day": log.day, "done": log.done}
        )
    if one.reviewed is not None:
        yield Row(one.reviewed, "The therapist ended it.", one.review)


def _plans(plans: Plans) -> Iterator[Row]:
    if plans.plan is not None:
        words = safety_plan.render(plans.plan.content, WIDTH)
        yield Row(plans.plan.shared, "The safety plan that was shared last.", words)
    if plans.card is not None:
        shared = plans.card.shared
        words = emergency_card.render(plans.card.content, shared.date(), WIDTH)
        yield Row(shared, "The emergency card that was shared last.", words)


def _extract(one: AskedExtract) -> Row:
    state = "not answered"
    if one.answered is not None:
        state = f"{'allowed' if one.allowed else 'refused'} {_at(one.answered)}"
    taken = "" if one.withdrawn is None else f", taken back {_at(one.withdrawn)}"
    data: dict[str, Value] = {
        "entries": len(one.entries),
        "allowed": one.allowed,
        "answered": one.answered,
        "withdrawn": one.withdrawn,
    }
    return Row(one.requested, f"Entries: {len(one.entries)}; {state}{taken}.", one.text, data)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
