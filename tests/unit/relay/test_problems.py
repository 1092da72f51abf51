"""Who is turned away for now is told after how many seconds to come back."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from e2etherapy.relay import problems
from e2etherapy.relay.problems import LONGEST_RETRY, ProblemAnswer, Reason
from e2etherapy.relay.store import Busy

SOURCES = Path(problems.__file__).parent
FOR_NOW = {429, 503}


def seconds(answer: ProblemAnswer) -> int:
    text = answer.headers["Retry-After"]
    assert text.isascii()
    assert text.isdigit()
    return int(text)


def test_a_503_names_seconds_that_spread() -> None:
    makers: list[Callable[[], ProblemAnswer]] = [
        problems.stopping,
        lambda: problems.overloaded(Reason.WRITES),
        lambda: problems.not_ready("The disk has no room."),
        lambda: problems.of(Busy("locked")),
    ]
    for make in makers:
        found = {(answer.status, seconds(answer)) for answer in (make() for _ in range(500))}
        assert found == {(503, number) for number in range(2, 10)}


@pytest.mark.parametrize(
    ("wait", "told"), [(0, 1), (0.01, 1), (1.2, 2), (119.5, 120), (1e9, LONGEST_RETRY)]
)
def test_a_429_names_whole_seconds_within_bounds(wait: float, told: int) -> None:
    answer = problems.too_often(wait, Reason.OWNER_PACE)
    assert (answer.status, seconds(answer)) == (429, told)


def test_nothing_else_in_the_relay_answers_429_or_503() -> None:
    """They stand in the source where a number of seconds goes with them, and nowhere else."""
    found = [
        (path.name, call.lineno)
        for path in SOURCES.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and {one.value for one in ast.walk(call) if isinstance(one, ast.Constant)} & FOR_NOW
        and "Retry_After" not in {keyword.arg for keyword in call.keywords}
    ]
    assert not found
