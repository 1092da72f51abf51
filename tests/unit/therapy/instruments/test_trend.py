"""A change is said to be reliable, and a person recovered, only by the published figures."""

from __future__ import annotations

from datetime import date

import pytest

from e2etherapy.errors.therapy import InvalidSeries
from e2etherapy.therapy.instruments.pack import OFFERED, instrument
from e2etherapy.therapy.instruments.trend import (
    Recovery,
    Verdict,
    in_order,
    is_case,
    recovery,
    trend,
)
from tests.support.courses import course

PHQ_9 = instrument("phq-9")
GAD_7 = instrument("gad-7")
COURSES_OF_ONE: list[list[int | None]] = [[], [None], [12], [None, 12, None]]


def test_nothing_is_compared_before_there_are_two_scores() -> None:
    for totals in COURSES_OF_ONE:
        seen = trend(PHQ_9, course(PHQ_9, totals))
        assert seen.from_first is None
        assert seen.from_previous is None
        assert seen.without_total == totals.count(None)


def test_the_last_score_is_compared_with_the_first_and_the_one_before() -> None:
    seen = trend(PHQ_9, course(PHQ_9, [20, 14, 9]))
    assert seen.from_first
    assert seen.from_previous
    assert (seen.from_first.points, seen.from_first.since) == (-11, date(2026, 1, 5))
    assert (seen.from_previous.points, seen.from_previous.since) == (-5, date(2026, 1, 19))


def test_a_gap_compares_with_nothing() -> None:
    seen = trend(PHQ_9, course(PHQ_9, [None, 20, None, 9, None]))
    assert seen.from_first
    assert seen.from_first == seen.from_previous
    assert seen.from_first.points == -11
    assert seen.without_total == 3


@pytest.mark.parametrize(
    ("totals", "verdict"),
    [
        ([15, 9], Verdict.IMPROVED),
        ([15, 10], Verdict.NO_RELIABLE_CHANGE),
        ([15, 15], Verdict.NO_RELIABLE_CHANGE),
        ([15, 20], Verdict.NO_RELIABLE_CHANGE),
        ([15, 21], Verdict.DETERIORATED),
    ],
)
def test_six_points_of_the_phq_9_are_reliable(totals: list[int], verdict: Verdict) -> None:
    change = trend(PHQ_9, course(PHQ_9, totals)).from_first
    assert change
    assert change.verdict is verdict


@pytest.mark.parametrize(
    ("totals", "verdict"),
    [
        ([12, 8], Verdict.IMPROVED),
        ([12, 9], Verdict.NO_RELIABLE_CHANGE),
        ([12, 16], Verdict.DETERIORATED),
    ],
)
def test_four_points_of_the_gad_7_are_reliable(totals: list[int], verdict: Verdict) -> None:
    change = trend(GAD_7, course(GAD_7, totals)).from_first
    assert change
    assert change.verdict is verdict


@pytest.mark.parametrize("name", [name for name in OFFERED if name not in {"phq-9", "gad-7"}])
def test_without_a_published_figure_no_change_is_judged(name: str) -> None:
    scale = instrument(name)
    ends: list[int | None] = [scale.scoring.highest, scale.scoring.lowest]
    change = trend(scale, course(scale, ends)).from_first
    assert change
    assert change.verdict is Verdict.NOT_PUBLISHED


def test_results_are_ordered_by_day_and_stay_as_given_within_one() -> None:
    late, early = course(PHQ_9, [3, 9], every=-7)
    same = course(PHQ_9, [5])[0]
    assert in_order(PHQ_9, [late, same, early]) == (early, late, same)


def test_results_of_two_instruments_are_not_one_series() -> None:
    mixed = course(PHQ_9, [9]) + course(GAD_7, [9])
    with pytest.raises(InvalidSeries, match="different questionnaires"):
        trend(PHQ_9, mixed)


@pytest.mark.parametrize(
    ("scale", "total", "case"),
    [
        (PHQ_9, 9, False),
        (PHQ_9, 10, True),
        (GAD_7, 7, False),
        (GAD_7, 8, True),
        (PHQ_9, None, None),
        (instrument("k6"), 24, None),
    ],
)
def test_caseness_is_ten_of_the_phq_9_and_eight_of_the_gad_7(
    scale: object, total: int | None, case: bool | None
) -> None:
    named = next(one for one in map(instrument, OFFERED) if one is scale)
    assert is_case(named, course(named, [total])[0].result) is case


@pytest.mark.parametrize(
    ("depression", "anxiety", "outcome"),
    [
        ([15, 9], [12, 7], Recovery.RECOVERED),
        ([15, 9], [7, 7], Recovery.RECOVERED),
        ([9, 9], [12, 7], Recovery.RECOVERED),
        ([15, 10], [12, 7], Recovery.NOT_RECOVERED),
        ([15, 9], [12, 8], Recovery.NOT_RECOVERED),
        ([15, 9], [7, 8], Recovery.NOT_RECOVERED),
        ([9, 4], [7, 3], Recovery.NOT_A_CASE_AT_FIRST),
        ([9, 14], [7, 3], Recovery.NOT_A_CASE_AT_FIRST),
        ([15], [12, 7], Recovery.UNKNOWN),
        ([15, 9], [12, None], Recovery.UNKNOWN),
        ([15, 9], [], Recovery.UNKNOWN),
        ([None, 15, 9, None], [12, 7], Recovery.RECOVERED),
    ],
)
def test_recovery_is_from_a_case_on_either_to_a_case_on_neither(
    depression: list[int | None], anxiety: list[int | None], outcome: Recovery
) -> None:
    low, worried = course(PHQ_9, depression), course(GAD_7, anxiety)
    assert recovery((PHQ_9, trend(PHQ_9, low)), (GAD_7, trend(GAD_7, worried))) is outcome


def test_recovery_is_defined_for_these_two_only() -> None:
    low, worried = trend(PHQ_9, []), trend(GAD_7, [])
    for pair in [
        ((GAD_7, worried), (PHQ_9, low)),
        ((PHQ_9, worried), (GAD_7, low)),
        ((instrument("phq-8"), trend(instrument("phq-8"), [])), (GAD_7, worried)),
    ]:
        with pytest.raises(InvalidSeries, match="defined by the PHQ-9 and the GAD-7"):
            recovery(*pair)
