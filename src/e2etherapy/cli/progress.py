"""A progress bar for long work, at a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from e2etherapy.wire.envelope import ENVELOPE_SIZE

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SHORT = 8
"""Fewer envelopes are gone before anyone has read a bar."""


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be told how many envelopes of how many are done; bytes are shown."""
    with ExitStack() as stack:
        yield _Bar(label, stack).report if sys.stderr.isatty() else _ignore


def _ignore(_done: int, _total: int) -> None:
    """Nobody is looking."""


class _Bar:
    def __init__(self, label: str, stack: ExitStack) -> None:
        self._label = label
        self._stack = stack
        self._shown: tuple[Progress, TaskID] | None = None

    def report(self, done: int, total: int) -> None:
        if self._shown is None:
            if total < _SHORT:
                return
            self._shown = self._start(total * ENVELOPE_SIZE)
        bar, task = self._shown
        bar.update(task, completed=done * ENVELOPE_SIZE, total=total * ENVELOPE_SIZE)

    def _start(self, total: int) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        bar = self._stack.enter_context(
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                console=Console(stderr=True),
                transient=True,
            )
        )
        return bar, bar.add_task(self._label, total=total)
