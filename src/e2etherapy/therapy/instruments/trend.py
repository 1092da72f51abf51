"""How results change over time, said only as far as a published figure goes.

On every instrument here a higher total means more of the problem, so a fall is the better news.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec

from e2etherapy.errors.therapy import InvalidSeries
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.scoring import Result

RECOVERY_SOURCE = "NHS Talking Therapies for anxiety and depression manual"
"""Defines recovery by the PHQ-9 and the GAD-7 together."""


class Dated(msgspec.Struct, frozen=True):
    """A result, and the day on which the questions were answered."""

    day: date
    result: Result


class Verdict(StrEnum):
    """Whether a change is more than the instrument's own error."""

    IMPROVED = "reliable improvement"
    DETERIORATED = "reliable deterioration"
    NO_RELIABLE_CHANGE = "no reliable change"
    NOT_PUBLISHED = "not published"


class Change(msgspec.Struct, frozen=True):
    """From an earlier total to the last one.

    Attributes:
        since: the day of the earlier one.
        points: the last total minus the earlier one; below zero is a fall.
        verdict: what a published figure says of it.
    """

    since: date
    points: int
    verdict: Verdict


class Trend(msgspec.Struct, frozen=True):
    """The course of one instrument's totals.

    Attributes:
        first: the first result with a total.
        last: the last result with a total.
        from_first: the change between these two; None while there is only one.
        from_previous: the change from the last but one with a total.
        without_total: how many results have no total; they are gaps, and compare with nothing.
    """

    instrument: str
    first: Dated | None
    last: Dated | None
    from_first: Change | None
    from_previous: Change | None
    without_total: int


class Recovery(StrEnum):
    """Recovery, by the PHQ-9 and the GAD-7 together."""

    RECOVERED = "recovered"
    NOT_RECOVERED = "not recovered"
    NOT_A_CASE_AT_FIRST = "not a case at first"
    UNKNOWN = "unknown"


def in_order(instrument: Instrument, series: Sequence[Dated]) -> tuple[Dated, ...]:
    """Return results by day; those of one day stay in the order in which they were given.

    Raises:
        InvalidSeries: one is of another instrument.
    """
    if any(dated.result.instrument != instrument.id for dated in series):
        raise InvalidSeries("Results of different questionnaires cannot be put in one series.")
    return tuple(sorted(series, key=lambda dated: dated.day))


def trend(instrument: Instrument, series: Sequence[Dated]) -> Trend:
    """Compare the last total of a series with the first and with the one before.

    Raises:
        InvalidSeries: a result is of another instrument.
    """
    ordered = in_order(instrument, series)
    known = [dated for dated in ordered if dated.result.total is not None]
    last = known[-1] if known else None
    return Trend(
        instrument=instrument.id,
        first=known[0] if known else None,
        last=last,
        from_first=_change(instrument, known[0], known[-1]) if len(known) > 1 else None,
        from_previous=_change(instrument, known[-2], known[-1]) if len(known) > 1 else None,
        without_total=len(ordered) - len(known),
    )


def _change(instrument: Instrument, earlier: Dated, last: Dated) -> Change:
    points = (last.result.total or 0) - (earlier.result.total or 0)
    return Change(earlier.day, points, _verdict(instrument, points))


def _verdict(instrument: Instrument, points: int) -> Verdict:
    if instrument.reliable_change is None:
        return Verdict.NOT_PUBLISHED
    if abs(points) < instrument.reliable_change.points:
        return Verdict.NO_RELIABLE_CHANGE
    return Verdict.IMPROVED if points < 0 else Verdict.DETERIORATED


def is_case(instrument: Instrument, result: Result) -> bool | None:
    """Tell whether a total counts as a clinical case; None without a total or a figure."""
    if instrument.caseness is None or result.total is None:
        return None
    return result.total >= instrument.caseness.at_least


def recovery(depression: tuple[Instrument, Trend], anxiety: tuple[Instrument, Trend]) -> Recovery:
    """Tell whether a person has recovered: a case on either at first, on neither at last.

    Args:
        depression: the PHQ-9 and its trend.
        anxiety: the GAD-7 and its trend.

    Returns:
        `UNKNOWN` until both were answered twice with a total.

    Raises:
        InvalidSeries: the two are not the PHQ-9 and the GAD-7, for which recovery is defined.
    """
    both = (depression, anxiety)
    if [(scale.id, of.instrument) for scale, of in both] != [("phq-9",) * 2, ("gad-7",) * 2]:
        raise InvalidSeries("Recovery is defined by the PHQ-9 and the GAD-7 together.")
    at_first = [is_case(scale, of.first.result) if of.first else None for scale, of in both]
    at_last = [is_case(scale, of.last.result) if of.last else None for scale, of in both]
    once = any(of.from_first is None for _, of in both)
    if once or None in at_first or None in at_last:
        return Recovery.UNKNOWN
    if not any(at_first):
        return Recovery.NOT_A_CASE_AT_FIRST
    return Recovery.NOT_RECOVERED if any(at_last) else Recovery.RECOVERED
