from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.relay.clock import SteadyDays, system_today

DAY = 86_400
NOON = 20_000 * DAY + DAY // 2


class Clocks:
    """One that may be set and one that may not; both begin at noon."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.error = 0.0
        self.disputes = 0
        self.days = SteadyDays(self._dispute, lambda: NOON + self.passed + self.error, self.uptime)

    def uptime(self) -> float:
        return 12_345.6 + self.passed

    def _dispute(self) -> None:
        self.disputes += 1

    @property
    def truth(self) -> int:
        return int((NOON + self.passed) // DAY)


def test_a_clock_that_nobody_sets_is_followed_from_midnight_to_midnight() -> None:
    clocks = Clocks()
    for hour in range(24 * 400):
        clocks.passed = 3_600 * hour
        assert clocks.days.today() == clocks.truth
    assert clocks.disputes == 0


@pytest.mark.parametrize("jump", [1, 30, 3_652])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_clock_that_jumps_moves_the_day_by_one_and_jumping_back_moves_it_back(
    jump: int, sign: int
) -> None:
    clocks = Clocks()
    for _ in range(2):
        clocks.error = sign * jump * DAY
        assert clocks.days.today() == clocks.truth + sign
        clocks.passed += 40 * DAY
        assert clocks.days.today() == clocks.truth + sign
        clocks.error = 0
        assert clocks.days.today() == clocks.truth
    assert clocks.disputes == (2 if jump > 1 else 0)


seconds = st.floats(0, 50 * DAY)


@given(st.lists(st.tuples(seconds, st.floats(-(10**9), 10**9)), max_size=30))
def test_however_the_clock_is_set_the_day_is_never_wrong_by_more_than_one(
    steps: list[tuple[float, float]],
) -> None:
    clocks = Clocks()
    for passed, error in steps:
        clocks.passed += passed
        clocks.error = error
        assert abs(clocks.days.today() - clocks.truth) <= 1


def test_the_systems_clocks_are_what_it_counts_by() -> None:
    before = time.time() // DAY
    assert before <= SteadyDays(lambda: None).today() <= system_today()
