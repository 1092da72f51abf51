"""Answers that are not taken: who is dropped for room, and how much room there is."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from e2etherapy.relay.answers import UntakenAnswers


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's
        del name
        return default

    def abort(self) -> None:
        self.aborted = True


def test_another_room_holds_for_answers_that_begin_from_then_on() -> None:
    dropped: Counter[str] = Counter()
    answers = UntakenAnswers(100, dropped)
    first, second, third = Transport(), Transport(), Transport()
    with answers.hold(first, 40), answers.hold(second, 40):
        answers.adopt(50)
        assert not first.aborted
        with answers.hold(third, 10):
            assert [one.aborted for one in (first, second, third)] == [True, False, False]
        answers.adopt(100)
        with answers.hold(third, 60):
            assert not second.aborted
    assert dropped == {"untaken": 1}
