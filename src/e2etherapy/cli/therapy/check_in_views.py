"""The check-ins of a conversation, as JSON and as sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy.check_in_answers import AskedCheckIn, CheckIns, Score, TakenCheckIn
from e2etherapy.messenger.care.checking_in import AskedView, CheckInsView
from e2etherapy.therapy.care.check_ins import Taken
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
    wanted = [asked(one, view, today) for one in view.asked]
    lines = [_line(one) for one in view.taken] or ["No check-in has been sent yet."]
    lines += [asked_line(one) for one in wanted]
    return CheckIns(name=name, taken=taken, asked=wanted, trend=trend), "\n".join([*lines, *trend])


def _taken(one: Taken, score: Callable[[Result], Score]) -> TakenCheckIn:
    return TakenCheckIn(
        instrument=one.instrument,
        taken=one.taken,
        answers=list(one.answers),
        score=None if one.result is None else score(one.result),
    )


def asked(one: AskedView, view: CheckInsView, today: date) -> AskedCheckIn:
    """Return when something is to be filled in, as seen from a day."""
    begins, wanted = one.asked.begins, one.asked.schedule
    due = schedule.due_by(wanted, begins, today)
    ids = {one.instrument, one.instead_of}
    days = [day_of(taken) for taken in view.taken if taken.instrument in ids]
    return AskedCheckIn(
        instrument=one.instrument,
        instead_of=one.instead_of,
        schedule=str(wanted),
        begins=begins,
        due=None if due is None or any(day >= due for day in days) else due,
        next=schedule.due_after(wanted, begins, today),
    )


def day_of(one: Taken) -> date:
    """Return the day of a check-in where the person is."""
    try:
        return one.taken.astimezone().date()
    except (OverflowError, ValueError):
        # At the ends of the calendar there is no other zone.
        return one.taken.date()


def asked_line(one: AskedCheckIn) -> str:
    """Return that as a sentence."""
    parts = [one.instrument, one.schedule]
    parts += [f"due since {one.due}"] if one.due else []
    parts.append("no more days to come" if one.next is None else f"next on {one.next}")
    instead = (
        f" In the place of {one.instead_of}, which takes an agreement that somebody looks within "
        "one working day."
        if one.instead_of
        else ""
    )
    return f"Asked for: {', '.join(parts)}.{instead}"


def _line(one: Taken) -> str:
    when = moment(one.taken)
    if one.result is None:
        return f"{when}  {inert_line(one.instrument)}: scored by another version"
    own = " (in-house, not validated)" if instrument(one.instrument).is_in_house else ""
    said = f"{when}  {one.instrument}{own}"
    if one.result.total is None:
        return f"{said}: no total. {one.result.reason}"
    band = f" ({one.result.band})" if one.result.band else ""
    return f"{said}: {one.result.total}{band}"


def _trend(view: CheckInsView) -> list[str]:
    """Return sentences on each instrument that was filled in twice or more."""
    found: list[str] = []
    for instrument_id in dict.fromkeys(one.instrument for one in view.taken):
        of_it = [one for one in view.taken if one.instrument == instrument_id and one.result]
        series = [Dated(day_of(one), one.result) for one in of_it if one.result is not None]
        if len(series) > 1:
            found += sentences(instrument(instrument_id), series)
    return found
