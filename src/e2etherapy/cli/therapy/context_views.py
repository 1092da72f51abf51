"""What to know at a glance, as a person and as a script reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy.context_answers import (
    Context,
    ContextAgreement,
    ContextFlag,
    ContextGoal,
    ContextHomework,
    ContextMessage,
    ContextScore,
    ScoreChange,
)
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from e2etherapy.therapy.account import Resolution
    from e2etherapy.therapy.agreement import AgreementTerms
    from e2etherapy.therapy.care.flags import Flag
    from e2etherapy.therapy.care.homeworks import GivenHomework
    from e2etherapy.therapy.caseload import context
    from e2etherapy.therapy.instruments.trend import Change

_INDENT = "  "
_MOST = 600
"""Characters of a message; 'read' has all of it."""
_REASONS = {"asked": "asked to be seen sooner", "check_in": "an answer of a check-in"}


def shown(view: context.Context) -> str:
    """Return it for a person: what has to be seen first stands first."""
    waiting = wording.counted(view.unanswered, "message", "messages")
    due = f", due {moment(view.due)}" if view.due else ""
    head = f"{waiting} unanswered{due}" if view.unanswered else "nothing unanswered"
    parts = [f"{click.style(inert_line(view.name), bold=True)}: {head}."]
    if view.ended:
        parts.append("The therapy has ended.")
    sections = {
        "TO BE SEEN FIRST": map(_flag, view.open_flags),
        "Last exchange": map(_message, view.exchange),
        "Goals": (f"{inert_line(one.text)} ({one.outcome})" for one in view.goals),
        "Scores (no diagnosis)": map(_score, view.scores),
        "Homework": map(_homework, view.homework),
        "Agreement": _agreement(view.agreement),
        "Seen to before": (_resolved(flag, done) for flag, done in view.resolved),
    }
    parts += [block for title, lines in sections.items() if (block := _section(title, lines))]
    return "\n\n".join(parts)


def _section(title: str, lines: Iterable[str]) -> str:
    width = terminal_width()
    told = [part for line in lines for part in wrapped(line, width, _INDENT)]
    return "\n".join([title, *told]) if told else ""


def _message(one: context.Exchanged) -> str:
    new = ", new" if one.unread else ""
    return f"{one.author.value}, {moment(one.written)}{new}: {wording.excerpt(one.text, _MOST)}"


def _flag(flag: Flag) -> str:
    words = f": {wording.excerpt(flag.text, _MOST)}" if flag.text else ""
    return f"{moment(flag.raised)}, {_REASONS[flag.reason]}{words}"


def _resolved(flag: Flag, done: Resolution) -> str:
    return f"{_flag(flag)} (done {moment(done.recorded)}: {wording.excerpt(done.note, _MOST)})"


def _score(one: context.LatestScore) -> str:
    result = one.taken.result
    said = "scored by another version"
    if result is not None:
        band = f" ({result.band})" if result.band else ""
        said = "no total" if result.total is None else f"{result.total}{band}"
    changes = [
        f"{change.points:+} since {change.since} ({change.verdict})"
        for change in (one.from_previous, one.from_first)
        if change is not None
    ]
    return ", ".join(
        [f"{inert_line(one.taken.instrument)}, {one.taken.taken:%Y-%m-%d}: {said}", *changes]
    )


def _homework(one: GivenHomework) -> str:
    until = f", until {one.until}" if one.until else ""
    accepted = "" if one.accepted else ", not accepted so far"
    logs = one.days()
    done = sum(log.done for log in logs)
    logged = f", done on {done} of {len(logs)} logged days" if logs else ""
    return f"{inert_line(one.title)}{until}{accepted}{logged}"


def _agreement(terms: AgreementTerms | None) -> Iterator[str]:
    if terms is None:
        yield "None holds."
        return
    within = terms.reply_time.text()
    hours = terms.office_hours.text()
    yield f"{terms.version}: an answer within {within}, {hours} ({terms.zone})"
    if terms.holidays.entries:
        days = "; ".join(terms.holidays.text().splitlines())
        yield f"Days off: {inert_line(days)}"
    if terms.cover:
        yield f"Cover: {inert_line(terms.cover)}"


def answer(view: context.Context) -> Context:
    """Return it for JSON."""
    return Context(
        name=view.name,
        ended=view.ended,
        exchange=[
            ContextMessage(
                by=one.author.value, text=one.text, written=one.written, unread=one.unread
            )
            for one in view.exchange
        ],
        unanswered=view.unanswered,
        due=view.due,
        flags=[_flag_answer(flag) for flag in view.open_flags],
        resolved=[_flag_answer(flag, done) for flag, done in view.resolved],
        goals=[ContextGoal(text=one.text, outcome=one.outcome) for one in view.goals],
        scores=[_score_answer(one) for one in view.scores],
        homework=[_homework_answer(one) for one in view.homework],
        agreement=None if view.agreement is None else _agreement_answer(view.agreement),
    )


def _flag_answer(flag: Flag, done: Resolution | None = None) -> ContextFlag:
    return ContextFlag(
        reason=flag.reason,
        raised=flag.raised,
        text=flag.text,
        resolution=None if done is None else done.note,
        resolved=None if done is None else done.recorded,
    )


def _score_answer(one: context.LatestScore) -> ContextScore:
    result = one.taken.result
    return ContextScore(
        instrument=one.taken.instrument,
        taken=one.taken.taken,
        total=None if result is None else result.total,
        band=None if result is None else result.band,
        from_previous=_change(one.from_previous),
        from_first=_change(one.from_first),
    )


def _change(change: Change | None) -> ScoreChange | None:
    if change is None:
        return None
    return ScoreChange(since=change.since, points=change.points, verdict=change.verdict.value)


def _homework_answer(one: GivenHomework) -> ContextHomework:
    logs = one.days()
    return ContextHomework(
        title=one.title,
        until=one.until,
        accepted=one.accepted,
        logged=len(logs),
        done=sum(log.done for log in logs),
    )


def _agreement_answer(terms: AgreementTerms) -> ContextAgreement:
    return ContextAgreement(
        version=terms.version,
        reply_within=terms.reply_time.text(),
        hours=terms.office_hours.text(),
        zone=terms.zone,
        holidays=terms.holidays.text(),
        cover=terms.cover,
    )
