"""What is taken on at the same moment; the clock is a list with one number."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

import pytest

from e2etherapy.relay.admission import Admission, Work
from e2etherapy.relay.limits import STANDARD
from e2etherapy.relay.problems import ProblemAnswer


def admission(now: list[float], **limits: float) -> Admission:
    return Admission(replace(STANDARD, **limits), lambda: now[0])  # type: ignore[arg-type]


def is_refused(held: AbstractContextManager[None]) -> bool:
    problem: ProblemAnswer | None = None
    try:
        with held:
            pass
    except ProblemAnswer as refusal:
        problem = refusal
    assert problem is None or problem.status == 503
    return problem is not None


def test_new_things_are_turned_away_first_and_what_makes_room_last() -> None:
    gate, taken = admission([0.0], requests=16), []
    with ExitStack() as stack:
        for number in range(16):
            stack.enter_context(gate.request(Work.CLEARING))
            refused = {work for work in Work if is_refused(gate.request(work))}
            taken.append((number + 1, refused))
    assert {frozenset(refused) for count, refused in taken if count < 8} == {frozenset()}
    assert {frozenset(refused) for count, refused in taken if 8 <= count < 14} == {
        frozenset({Work.NEW})
    }
    assert taken[-1][1] == {Work.NEW, Work.READING, Work.CLEARING}


def test_whoever_waits_takes_no_place() -> None:
    gate = admission([0.0], requests=2)
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(gate.request(Work.WAITING))
        assert not is_refused(gate.request(Work.NEW))


def test_a_place_is_free_again_however_its_request_ends() -> None:
    gate = admission([0.0], requests=1)
    with pytest.raises(ZeroDivisionError), gate.request(Work.CLEARING):
        raise ZeroDivisionError
    assert not is_refused(gate.request(Work.CLEARING))


class Writer:
    """Somebody who writes something new, and is through when told."""

    def __init__(self, gate: Admission, written: list[int], number: int) -> None:
        self._gate = gate
        self._written = written
        self._number = number
        self._through = asyncio.Event()
        self.task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        async with self._gate.write():
            self._written.append(self._number)
            await self._through.wait()

    async def finish(self) -> None:
        self._through.set()
        await self.task


async def turned() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_store_gets_no_more_at_once_and_each_in_its_turn() -> None:
    gate, written = admission([0.0], writes=3), list[int]()
    writers = [Writer(gate, written, number) for number in range(9)]
    await turned()
    assert written == [0, 1, 2]
    for number, writer in enumerate(writers):
        assert gate.writes <= 3
        await writer.finish()
        await turned()
        assert written == list(range(min(number + 4, 9)))
    assert gate.writes == 0


async def test_whoever_would_wait_too_long_is_turned_away_and_holds_no_place() -> None:
    gate, written = admission([0.0], writes=1, write_seconds=0.05), list[int]()
    first, second = Writer(gate, written, 1), Writer(gate, written, 2)
    with pytest.raises(ProblemAnswer) as caught:
        await second.task
    assert caught.value.status == 503
    await first.finish()
    third = Writer(gate, written, 3)
    await third.finish()
    assert written == [1, 3]
    assert gate.writes == 0


async def test_whoever_goes_while_waiting_leaves_the_turn_to_the_next() -> None:
    gate, written = admission([0.0], writes=1), list[int]()
    first, second, third = (Writer(gate, written, number) for number in range(3))
    await turned()
    second.task.cancel()
    await first.finish()
    await third.finish()
    assert written == [0, 2]
    assert gate.writes == 0


async def test_whoever_goes_at_the_moment_of_being_let_in_leaves_the_turn_too() -> None:
    gate, written = admission([0.0], writes=1), list[int]()
    first, second, third = (Writer(gate, written, number) for number in range(3))
    await turned()
    first._through.set()
    await asyncio.sleep(0)  # the first one has let the second one in, which does not know yet
    second.task.cancel()
    await third.finish()
    assert written == [0, 2]
    assert gate.writes == 0


async def test_nothing_new_is_taken_while_the_oldest_write_has_waited_too_long() -> None:
    now, written = [0.0], list[int]()
    gate = admission(now, write_seconds=1.0)
    first = Writer(gate, written, 1)
    await turned()
    now[0] = 0.9
    second = Writer(gate, written, 2)
    await turned()
    now[0] = 1.1
    assert is_refused(gate.request(Work.NEW))
    assert not is_refused(gate.request(Work.READING))
    assert not is_refused(gate.request(Work.CLEARING))
    with pytest.raises(ProblemAnswer):
        await Writer(gate, written, 3).task
    await first.finish()
    assert not is_refused(gate.request(Work.NEW)), "the oldest has waited for 0.2 seconds"
    now[0] = 2.0
    assert is_refused(gate.request(Work.NEW))
    await second.finish()
    assert not is_refused(gate.request(Work.NEW))


async def test_no_more_wait_for_a_turn_than_the_limit() -> None:
    gate, written = admission([0.0], writes=1, requests=2), list[int]()
    writers = [Writer(gate, written, number) for number in range(4)]
    with pytest.raises(ProblemAnswer):
        await writers.pop().task
    for writer in writers:
        await writer.finish()
    assert written == [0, 1, 2]


def test_those_who_are_turned_away_together_do_not_come_back_together() -> None:
    gate, seconds = admission([0.0], requests=1), set()
    with gate.request(Work.NEW):
        for _ in range(200):
            with pytest.raises(ProblemAnswer) as caught:
                gate.check(Work.NEW)
            seconds.add(caught.value.headers["Retry-After"])
    assert len(seconds) >= 6
    assert all(2 <= int(each) <= 9 for each in seconds)
