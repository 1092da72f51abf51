"""Which connections the other side has ended."""

from __future__ import annotations

import select
import socket

from tests.support.relays import (
    PATIENCE_SECONDS,
)


def still_dropped(lines: list[socket.socket], milliseconds: int = 0) -> set[int]:
    """Return which connections the other side has ended for good."""
    watch = select.poll()
    for line in lines:
        watch.register(line, 0)  # that a connection is reset is told in any case
    return {number for number, _ in watch.poll(milliseconds)}


def dropped(lines: list[socket.socket]) -> list[socket.socket]:
    """Wait until connections are reset, and return those that are."""
    open_still, gone = list(lines), []
    while open_still:
        numbers = still_dropped(open_still, PATIENCE_SECONDS * 1_000)
        if not numbers:
            break
        gone += [line for line in open_still if line.fileno() in numbers]
        open_still = [line for line in open_still if line.fileno() not in numbers]
    return [line for line in lines if line in gone]
