"""Says a course of results in sentences: what a plot shows, for whoever does not see it."""

from __future__ import annotations

from collections.abc import Sequence

from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.trend import Change, Dated, Trend, Verdict, in_order, trend

NOT_A_DIAGNOSIS = "A score describes answers; it is not a diagnosis."
IN_HOUSE = "In-house, not validated: no bands, no cut-off, no reliable change."


def sentences(instrument: Instrument, series: Sequence[Dated]) -> tuple[str, ...]:
    """Return what the plot of a series shows, in order.

    Raises:
        InvalidSeries: a result is of another instrument.
    """
    scoring = instrument.scoring
    course = trend(instrument, series)
    said = [f"{instrument.title}: totals go from {scoring.lowest} to {scoring.highest}."]
    if instrument.bands:
        bands = [f"{band.lowest} to {band.highest} {band.label}" for band in instrument.bands]
        said.append(f"Bands: {', '.join(bands)}.")
    said += figures(instrument)
    said += [point(dated) for dated in in_order(instrument, series)]
    if not series:
        said.append("There are no results yet.")
    return (*said, *changes(course), NOT_A_DIAGNOSIS)


def figures(instrument: Instrument) -> tuple[str, ...]:
    """Return what the published figures mean that a plot marks, or that there are none."""
    if instrument.is_in_house:
        return (IN_HOUSE,)
    case, reliable = instrument.caseness, instrument.reliable_change
    said = [f"{case.at_least} or more counts as a clinical case."] if case else []
    if reliable:
        said.append(f"A change of {reliable.points} points or more is reliable.")
    return tuple(said)


def changes(course: Trend) -> tuple[str, ...]:
    """Return how the last total compares with the first, and with the one before it."""
    said = [_changed("first", course.from_first)] if course.from_first else []
    if course.from_previous and course.from_previous != course.from_first:
        said.append(_changed("previous", course.from_previous))
    return tuple(said)


def point(dated: Dated) -> str:
    """Return one result as a sentence."""
    result, day = dated.result, dated.day.isoformat()
    if result.total is None:
        return f"{day}: no score."
    band = f", {result.band}" if result.band else ""
    imputed = ", with missing answers filled in by their mean" if result.imputed else ""
    return f"{day}: {result.total}{band}{imputed}."


def _changed(which: str, change: Change) -> str:
    amount = abs(change.points)
    points = "1 point" if amount == 1 else f"{amount} points"
    moved = (
        f"{points} {'lower' if change.points < 0 else 'higher'} than" if amount else "the same as"
    )
    verdict = "" if change.verdict is Verdict.NOT_PUBLISHED else f": {change.verdict}"
    return f"The last score is {moved} the {which}, of {change.since.isoformat()}{verdict}."
