"""doctor says when this device's clock is off, and by how much."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from e2etherapy.cli.examination import Health, compare_clocks

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = date(2026, 3, 4)


def health(answered: datetime | None = NOON, day: date | None = TODAY) -> Health:
    return Health(["v1"], day, answered)


@pytest.mark.parametrize("seconds", [0, 200, -200])
def test_clocks_that_agree(seconds: int) -> None:
    assert compare_clocks(NOON + timedelta(seconds=seconds), health()).ok


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(minutes=9), "9 minutes ahead of"),
        (timedelta(minutes=-9), "9 minutes behind"),
        (timedelta(hours=5), "5 hours ahead of"),
        (timedelta(days=-1), "1 day behind"),
        (timedelta(days=400), "400 days ahead of"),
    ],
)
def test_a_clock_that_is_off(off: timedelta, words: str) -> None:
    check = compare_clocks(NOON + off, health())
    assert not check.ok
    assert words in check.sentence
    assert "Set the time" in check.sentence


def test_a_relay_that_only_says_the_day() -> None:
    assert compare_clocks(NOON, health(answered=None)).ok
    check = compare_clocks(NOON + timedelta(days=1), health(answered=None))
    assert not check.ok
    assert "1 day off" in check.sentence


def test_midnight_is_no_day_off() -> None:
    midnight = datetime(2026, 3, 5, 0, 1, tzinfo=UTC)
    assert compare_clocks(midnight, health(answered=None)).ok


def test_another_time_zone_is_no_difference() -> None:
    here = NOON.astimezone(timezone(timedelta(hours=-11)))
    assert compare_clocks(here, health()).ok


def test_a_relay_that_says_no_time_is_not_held_against_the_clock() -> None:
    assert compare_clocks(NOON, health(answered=None, day=None)).ok
