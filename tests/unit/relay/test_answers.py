"""Answers that are not taken: who is dropped for room, and how much room there is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from e2etherapy.relay.answers import UntakenAnswers

if TYPE_CHECKING:
    import pytest


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's
        del name
        return default

    def abort(self) -> None:
        self.aborted = True


async def test_another_room_holds_for_answers_that_begin_from_then_on() -> None:
    dropped: Counter[str] = Counter()
    answers = UntakenAnswers(100, 60, dropped)
    first, second, third = Transport(), Transport(), Transport()
    answers.begin(first, 40)
    answers.begin(second, 40)
    answers.adopt(50, 60)
    assert not first.aborted
    answers.begin(third, 10)
    assert [one.aborted for one in (first, second, third)] == [True, False, False]
    answers.end(third)
    answers.adopt(100, 60)
    answers.begin(third, 60)
    assert not second.aborted
    assert dropped == {"untaken": 1}


class HandLoop:
    """The part of an event loop that keeps the time, which a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, Callable[[HandLoop], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[[HandLoop], None], loop: HandLoop) -> None:
        assert loop is self
        self._due.append((self.now + delay, call))
        self._due.sort(key=lambda due: due[0])

    def forward(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, call = self._due.pop(0)
            call(self)
        self.now = end


def test_who_takes_an_answer_in_time_is_left_alone_and_who_does_not_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = HandLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    dropped: Counter[str] = Counter()
    answers = UntakenAnswers(100, 0.2, dropped)
    slow, quick = Transport(), Transport()
    answers.begin(slow, 1)
    for _ in range(8):
        answers.begin(quick, 1)
        loop.forward(0.05)
        answers.end(quick)
    assert (slow.aborted, quick.aborted) == (True, False)
    assert dropped == {"answer_seconds": 1}
    answers.begin(slow, 1)
    answers.end(slow)
    loop.forward(0.3)
    assert dropped == {"answer_seconds": 1}
