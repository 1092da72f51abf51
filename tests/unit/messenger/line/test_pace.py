"""How many envelopes a request carries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.messenger.line.pace import Pace


def test_on_a_quick_line_requests_grow_to_the_most_that_a_batch_holds() -> None:
    pace, sizes = Pace(), []
    for _ in range(5):
        sizes.append(pace.envelopes)
        pace = pace.after(pace.envelopes, 0.1)
    assert sizes == [4, 8, 16, 32, 32]


def test_a_short_request_tells_nothing_of_longer_ones() -> None:
    assert Pace(8).after(3, 0.1) == Pace(8)


def test_on_a_slow_line_requests_shrink_before_they_fail() -> None:
    assert Pace(8).after(8, 10.0) == Pace(8)
    assert Pace(8).after(8, 16.0) == Pace(4)
    assert Pace(1).after(1, 16.0) == Pace(1)


def test_a_request_that_fails_late_makes_the_next_one_smaller_and_one_that_fails_at_once_not() -> (
    None
):
    assert Pace(8).after(0, 30.0) == Pace(4)
    assert Pace(8).after(0, 0.01) == Pace(8)


@given(st.floats(0.1, 29))
def test_a_line_that_carries_one_envelope_in_time_carries_everything(
    seconds_for_one: float,
) -> None:
    """A request of more than 30 seconds fails; every following one is smaller."""
    pace, sent = Pace(), 0
    for _ in range(20):
        took = pace.envelopes * seconds_for_one
        if took < 30:
            sent += pace.envelopes
            pace = pace.after(pace.envelopes, took)
        else:
            pace = pace.after(0, 30)
    assert sent >= 16
