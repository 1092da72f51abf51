"""A clock is believed as long as it goes on in small steps, and again once somebody confirms it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from e2etherapy.therapy.timeline import CONFIRMS, Reading, timeline

DAY = 86_400
NOW = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp())
IN_2099 = int(datetime(2099, 3, 1, 9, tzinfo=UTC).timestamp())
SAM, KIM, OWN = b"s" * 16, b"k" * 16, b"o" * 16


def contact(book: bytes, recorded: int | None) -> Reading:
    return Reading(book, recorded, contact=True)


def confirmed(recorded: int) -> Reading:
    return Reading(OWN, recorded, event=CONFIRMS)


def test_small_steps_are_believed_as_they_are() -> None:
    line = timeline([contact(SAM, NOW), contact(KIM, NOW + 31 * DAY)], NOW + 62 * DAY)
    assert line.steady
    assert line.contacts == {SAM: NOW, KIM: NOW + 31 * DAY}


def test_the_last_contact_counts_and_what_else_is_recorded_does_not() -> None:
    readings = [contact(SAM, NOW), contact(SAM, NOW + DAY), Reading(SAM, NOW + 2 * DAY)]
    assert timeline(readings, NOW + 3 * DAY).contacts == {SAM: NOW + DAY}


def test_where_there_was_no_contact_the_last_entry_counts() -> None:
    readings = [Reading(SAM, NOW), Reading(SAM, NOW + DAY)]
    assert timeline(readings, NOW + DAY).contacts == {SAM: NOW + DAY}


@pytest.mark.parametrize("now", [NOW + 32 * DAY, IN_2099, NOW - 2 * DAY, 0])
def test_a_clock_that_jumped_is_not_believed_until_somebody_confirms_it(now: int) -> None:
    readings = [contact(SAM, NOW)]
    assert not timeline(readings, now).steady
    line = timeline(readings, now, confirmed=True)
    assert line.steady
    assert line.contacts == {SAM: NOW}


def test_working_for_a_day_with_a_clock_that_is_ahead_makes_it_no_truer() -> None:
    ahead = [contact(SAM, NOW), *(contact(KIM, IN_2099 + step) for step in range(50))]
    assert not timeline(ahead, IN_2099 + 60).steady


@pytest.mark.parametrize("wrong", [IN_2099, 0, NOW - 400 * DAY])
def test_a_clock_that_was_wrong_stays_in_doubt_though_it_goes_on_from_where_it_was(
    wrong: int,
) -> None:
    readings = [contact(SAM, NOW), contact(KIM, wrong), contact(KIM, wrong + DAY)]
    assert not timeline(readings, wrong + 2 * DAY).steady
    line = timeline([*readings, contact(OWN, NOW + 9 * DAY)], NOW + 10 * DAY)
    assert not line.steady
    assert line.contacts == {SAM: NOW, KIM: NOW + 10 * DAY, OWN: NOW + 10 * DAY}


def test_after_a_long_pause_a_clock_that_then_falls_back_dates_no_contact() -> None:
    right = NOW + 610 * DAY
    readings = [contact(SAM, NOW), Reading(OWN, right), contact(SAM, NOW + 27 * DAY)]
    line = timeline([*readings, Reading(OWN, right + DAY)], right + DAY, confirmed=True)
    assert line.contacts[SAM] == right + DAY


@pytest.mark.parametrize("wrong", [IN_2099, 0, NOW - 400 * DAY])
def test_what_a_wrong_clock_recorded_counts_from_when_the_right_day_was_confirmed(
    wrong: int,
) -> None:
    then = NOW + 400 * DAY
    readings = [contact(SAM, NOW), contact(KIM, wrong), contact(OWN, then - DAY)]
    assert not timeline(readings, then).steady
    line = timeline([*readings, confirmed(then)], then + DAY)
    assert line.steady
    assert line.contacts == {SAM: NOW, KIM: then, OWN: then}


def test_a_clock_set_back_by_hours_moves_no_contact_back() -> None:
    readings = [contact(SAM, NOW), contact(KIM, NOW - 3_600)]
    line = timeline(readings, NOW - 3_600)
    assert line.steady
    assert line.contacts == {SAM: NOW, KIM: NOW}


def test_an_entry_without_a_time_changes_nothing() -> None:
    assert timeline([contact(SAM, NOW), contact(SAM, None)], NOW + DAY).contacts == {SAM: NOW}
    assert timeline([], NOW).steady
