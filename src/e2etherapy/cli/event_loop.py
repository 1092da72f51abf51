"""The event loop that a command's work runs in, until it is done or Ctrl-C ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_Context = dict[str, Any]


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run some work to its end and return its result.

    A connection that Ctrl-C catches while it is being made is given up, and that is all: asyncio
    would report its loss as an exception that nobody fetched.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the work was cancelled, and its contexts are left.
    """
    with asyncio.Runner() as runner:
        return runner.run(_reporting(work))


async def _reporting(work: Coroutine[Any, Any, _Result]) -> _Result:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs is in a task

    def report(loop: asyncio.AbstractEventLoop, context: _Context) -> None:
        # Ctrl-C cancels this task first; when the runner has told of it, only `cancelled` knows.
        stopped = task.cancelling() or task.cancelled()
        if not (stopped and isinstance(context.get("exception"), OSError)):
            loop.default_exception_handler(context)

    asyncio.get_running_loop().set_exception_handler(report)
    return await work
