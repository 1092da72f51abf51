"""How long a device stays away from a relay that fails."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import RelayBusy
from e2etherapy.messenger.line.backoff import SPREAD_SECONDS, Backoff, drawn
from tests.support.people import seeded


def after(failures: int) -> Backoff:
    backoff = Backoff()
    for _ in range(failures):
        backoff = backoff.failed()
    return backoff


def test_without_a_failure_there_is_no_pause() -> None:
    assert Backoff().pause(seeded("any")) == 0


def test_the_longest_pause_doubles_up_to_five_minutes_and_stays_there() -> None:
    ceilings = [after(failures).ceiling() for failures in range(1, 12)]
    assert ceilings == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert after(5_000).ceiling() == 300


@given(st.integers(0, 40), st.binary(min_size=8, max_size=8))
def test_a_pause_is_never_longer_than_its_ceiling(failures: int, entropy: bytes) -> None:
    backoff = after(failures)
    assert 0 <= backoff.pause(lambda _: entropy) <= backoff.ceiling()


@given(st.integers(0, 40), st.floats(0, 120))
def test_a_busy_relay_is_never_asked_earlier_than_it_said(failures: int, seconds: float) -> None:
    backoff = after(failures).failed(RelayBusy("The relay is busy.", seconds))
    pause = backoff.pause(seeded("any"))
    assert seconds <= pause <= seconds + backoff.ceiling()


def test_pauses_are_drawn_from_the_whole_range() -> None:
    assert drawn(SPREAD_SECONDS, lambda _: bytes(8)) == 0
    assert 29.99 < drawn(SPREAD_SECONDS, lambda _: b"\xff" * 8) < SPREAD_SECONDS


def test_a_thousand_devices_come_back_evenly_spread() -> None:
    draw = seeded("a thousand devices")
    seconds = [int(drawn(SPREAD_SECONDS, draw)) for _ in range(3_000)]
    counts = [seconds.count(second) for second in range(30)]
    assert sum(counts) == 3_000
    assert 50 < min(counts) <= max(counts) < 160
