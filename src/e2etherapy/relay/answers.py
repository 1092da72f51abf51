"""Answers on their way: how much of them this process holds, and who is dropped for room."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter

_FORGET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: the system keeps nothing of what the other side has not taken."""


_LOOKS = 8
"""How often the time of an answer is looked at while it lasts.

A timer for each answer would cost more than most answers do.
"""


class UntakenAnswers:
    """Answers that their readers have not taken yet, one for a connection: their bytes and time."""

    def __init__(self, most_bytes: int, seconds: float, dropped: Counter[str]) -> None:
        """Take how many bytes there may be, for how long, and where to count who is dropped."""
        self._most = most_bytes
        self._seconds = seconds
        self._dropped = dropped
        self._held: dict[asyncio.Transport, tuple[int, float]] = {}
        """Size and beginning of each, oldest first."""
        self._bytes = 0
        self._is_watching = False

    def adopt(self, most_bytes: int, seconds: float) -> None:
        """Let answers that begin from now on have another room, and all of them another time."""
        self._most = most_bytes
        self._seconds = seconds

    def begin(self, transport: asyncio.Transport, size: int) -> None:
        """Count an answer until its end.

        Where all of them are too much, the readers who have taken longest are dropped: whoever
        reads is through in a moment, and whoever does not is the cause.
        """
        loop = asyncio.get_running_loop()
        self._held[transport] = (size, loop.time())
        self._bytes += size
        while self._bytes > self._most and (oldest := next(iter(self._held))) is not transport:
            self._end_for(oldest, "untaken")
        if not self._is_watching:
            self._is_watching = True
            loop.call_later(self._seconds / _LOOKS, self._look, loop)

    def end(self, transport: asyncio.Transport) -> None:
        """Count it no longer."""
        self._bytes -= self._held.pop(transport, (0, 0.0))[0]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drop the readers whose time is over."""
        while self._held:
            oldest, (_, began) = next(iter(self._held.items()))
            if loop.time() - began < self._seconds:
                loop.call_later(self._seconds / _LOOKS, self._look, loop)
                return
            self._end_for(oldest, "answer_seconds")
        self._is_watching = False

    def _end_for(self, transport: asyncio.Transport, reason: str) -> None:
        self.end(transport)
        self._dropped[reason] += 1
        drop(transport)


def drop(transport: asyncio.Transport) -> None:
    """End a connection without waiting for its other side to take anything."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _FORGET_AT_ONCE)
    transport.abort()
