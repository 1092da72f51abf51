"""Token buckets in shared cells: what one key gets, whatever all others do."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from e2etherapy.relay.pace import SALT_SIZE, Cells, Pace
from tests.support.people import seeded

BURST, RATE = 8, 2.0
SALT = bytes(SALT_SIZE)
draw = seeded("keys that ask")

steps = st.lists(
    st.tuples(
        st.floats(0, 5, allow_nan=False), st.integers(0, 5), st.integers(min_value=1, max_value=12)
    ),
    max_size=60,
)
"""Seconds since the step before, which key asks, and for how much."""


def key(number: int) -> tuple[bytes]:
    return (number.to_bytes(32, "big"),)


def small(cells: int = 2, salt: bytes = SALT) -> Cells:
    """So few cells that keys share them all the time."""
    return Cells(Pace(BURST, RATE), cells, salt)


@given(steps=steps, cells=st.integers(1, 4))
def test_no_key_gets_more_than_its_burst_and_its_rate(
    steps: list[tuple[float, int, int]], cells: int
) -> None:
    table, now = small(cells), 100.0
    granted: dict[int, list[tuple[float, int]]] = {}
    for pause, number, cost in steps:
        now += pause
        if not table.take(key(number), cost, now):
            granted.setdefault(number, []).append((now, min(cost, BURST)))
    for grants in granted.values():
        for first, (begin, _) in enumerate(grants):
            for last in range(first, len(grants)):
                end = grants[last][0]
                got = sum(cost for _, cost in grants[first : last + 1])
                assert got <= BURST + RATE * (end - begin) + 1e-3


@given(steps=steps)
@example(steps=[(0.0, 0, 1), (0.0, 0, 1), (0.99999, 0, 9)])
def test_a_key_alone_gets_all_of_its_burst_and_its_rate(
    steps: list[tuple[float, int, int]],
) -> None:
    table, now, tokens = small(), 100.0, float(BURST)
    for pause, _, cost in steps:
        now += pause
        tokens = min(BURST, tokens + RATE * pause)
        wait, asked = table.take(key(1), cost, now), min(cost, BURST)
        assert bool(wait) == (asked > tokens + 1e-4) or abs(asked - tokens) < 1e-3
        tokens -= 0 if wait else asked


@given(steps=steps, cost=st.integers(1, BURST))
def test_after_the_seconds_that_were_told_it_may_ask(
    steps: list[tuple[float, int, int]], cost: int
) -> None:
    table, now = small(), 100.0
    for pause, number, some in steps:
        now += pause
        table.take(key(number), some, now)
    wait = table.take(key(1), cost, now)
    if wait:
        assert table.take(key(1), cost, now + wait / 2) > 0
        assert table.take(key(1), cost, now + wait) == 0


@given(steps=steps, at=st.integers(0, 60))
def test_wiping_what_is_over_changes_no_answer(
    steps: list[tuple[float, int, int]], at: int
) -> None:
    wiped, kept, now = small(), small(), 100.0
    for number, (pause, asking, cost) in enumerate(steps):
        now += pause
        if number == at:
            list(wiped.forget(now))
        assert wiped.take(key(asking), cost, now) == kept.take(key(asking), cost, now)


def test_what_is_over_leaves_no_moment_behind() -> None:
    table = small()
    table.take(key(1), BURST, 100.0)
    assert any(moment for row in table._rows for moment in row)
    list(table.forget(100.0 + BURST / RATE))
    assert not any(moment for row in table._rows for moment in row)


def test_who_floods_one_key_slows_no_other() -> None:
    table = small(1_024)
    while not table.take(key(0), 1, 100.0):
        pass
    assert not any(table.take(key(number), BURST // 2, 100.0) for number in range(1, 200))


def test_a_flood_of_unknown_keys_fills_nothing_and_frees_nobody() -> None:
    """A thousand cells and two a second are 2,048 a second; half of that is asked for a minute."""
    flooded, quiet = small(1_024), small(1_024)
    got = {"flooded": 0, "quiet": 0}
    for number in range(60_000):
        now = 100.0 + number / 1_000
        flooded.take((draw(32),), 1, now)
        got["flooded"] += not flooded.take(key(0), 1, now)
        got["quiet"] += not quiet.take(key(0), 1, now)
    assert got["flooded"] == got["quiet"] == BURST + 60 * RATE - 1
    assert not any(flooded.take((draw(32),), BURST // 2, 160.0) for _ in range(1_000))


def test_the_memory_is_the_same_after_a_million_keys_as_before_the_first() -> None:
    table = Cells(Pace(16, 1.0), 65_536, SALT)
    before = table.size
    for number in range(20_000):
        table.take(key(number), 1, 100.0)
    assert table.size == before == 4 * 65_536 * 8


def test_which_cells_keys_share_depends_on_the_salt() -> None:
    places = {tuple(small(1_024, bytes([salt]) * 32)._cells_of(key(1))) for salt in range(8)}
    assert len(places) == 8


def test_a_cost_above_the_burst_counts_as_a_burst() -> None:
    table = small()
    assert table.take(key(1), 10 * BURST, 100.0) == 0
    assert table.take(key(1), 1, 100.0) == 1 / RATE
