"""The check-ins of a conversation, as JSON and as sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy.answers import AskedCheckIn, CheckIns, Score, TakenCheckIn
from e2etherapy.messenger.checking_in import CheckInsView
from e2etherapy.therapy.care.check_ins import Asked, Taken
from e2etherapy.therapy.instruments import schedule
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.scoring import Result
from e2etherapy.therapy.instruments.sentences import sentences
from e2etherapy.therapy.instruments.trend import Dated


def shown(name: str, view: CheckInsView, score: Callable[[Result], Score]) -> tuple[CheckIns, str]:
    """Return what stands for JSON and for a person."""
    today = date.today()  # noqa: DTZ011 - where the person is
    trend = _trend(view)
    taken = [_taken(one, score) for one in view.taken]
    asked = [_asked(name, one, today) for name, one in view.asked.items()]
    lines = [_line(one) for one in view.taken] or ["No check-in has been sent yet."]
    lines += [f"Asked for: {one.instrument}, {one.schedule}, next on {one.next}." for one in asked]
    return CheckIns(name=name, taken=taken, asked=asked, trend=trend), "\n".join([*lines, *trend])


def _taken(one: Taken, score: Callable[[Result], Score]) -> TakenCheckIn:
    return TakenCheckIn(
        instrument=one.instrument,
        taken=one.taken,
        answers=list(one.answers),
        score=None if one.result is None else score(one.result),
    )


def _asked(instrument_id: str, one: Asked, today: date) -> AskedCheckIn:
    coming = schedule.due_after(one.schedule, one.begins, today)
    return AskedCheckIn(
        instrument=instrument_id,
        schedule=str(one.schedule),
        begins=one.begins,
        next=coming,
    )


def _line(one: Taken) -> str:
    when = moment(one.taken)
    if one.result is None:
        return f"{when}  {one.instrument}: scored by another version"
    if one.result.total is None:
        return f"{when}  {one.instrument}: no total. {one.result.reason}"
    band = f" ({one.result.band})" if one.result.band else ""
    return f"{when}  {one.instrument}: {one.result.total}{band}"


def _trend(view: CheckInsView) -> list[str]:
    """Return sentences on each instrument that was filled in twice or more."""
    found: list[str] = []
    for instrument_id in dict.fromkeys(one.instrument for one in view.taken):
        of_it = [one for one in view.taken if one.instrument == instrument_id and one.result]
        series = [Dated(one.taken.date(), one.result) for one in of_it if one.result is not None]
        if len(series) > 1:
            found += sentences(instrument(instrument_id), series)
    return found
