"""How far a piece of code runs: lines, and no clock, so that one that stands still is found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")


class NoEnd(BaseException):
    """More lines ran than were allowed. Nothing under test catches it."""


def within(most: int, folder: str, run: Callable[[], Result]) -> Result:
    """Run something, and fail once more than so many lines of a folder's modules have run.

    Args:
        most: lines that may run.
        folder: part of the path of the modules that count.
        run: what is run.
    """
    left = most

    def line(_frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise NoEnd(f"more than {most} lines ran")
        return line

    def call(frame: FrameType, _event: str, _argument: object) -> Any:  # noqa: ANN401
        return line if folder in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        return run()
    finally:
        sys.settrace(before)
