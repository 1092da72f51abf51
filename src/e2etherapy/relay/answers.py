"""Answers on their way: how much of them this process holds, and who is dropped for room."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_FORGET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: the system keeps nothing of what the other side has not taken."""


class UntakenAnswers:
    """Counts the bytes of answers that their readers have not taken yet, one for a connection."""

    def __init__(self, most_bytes: int, dropped: Counter[str]) -> None:
        """Take how many bytes there may be, and where to count connections that are dropped."""
        self._most = most_bytes
        self._dropped = dropped
        self._held: dict[asyncio.Transport, int] = {}
        self._bytes = 0

    def adopt(self, most_bytes: int) -> None:
        """Let answers that begin from now on have another room."""
        self._most = most_bytes

    @contextmanager
    def hold(self, transport: asyncio.Transport, size: int) -> Iterator[None]:
        """Count an answer as long as it is on its way.

        Where all of them are too much, the readers who have taken longest are dropped: whoever
        reads is through in a moment, and whoever does not is the cause.
        """
        self._held[transport] = size
        self._bytes += size
        while self._bytes > self._most and (oldest := next(iter(self._held))) is not transport:
            self._bytes -= self._held.pop(oldest)
            self._dropped["untaken"] += 1
            drop(oldest)
        try:
            yield
        finally:
            self._bytes -= self._held.pop(transport, 0)


def drop(transport: asyncio.Transport) -> None:
    """End a connection without waiting for its other side to take anything."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _FORGET_AT_ONCE)
    transport.abort()
