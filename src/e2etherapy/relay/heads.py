"""Requests on their way in before anything reads them: a limited room for each and for all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from e2etherapy.relay.limits import MAX_AHEAD, MAX_HEAD

if TYPE_CHECKING:
    from aiohttp.http import RawRequestMessage
    from aiohttp.streams import StreamReader

_SLACK = 4_096
"""What a connection may send behind a request without being counted; also what the size of a head
can be wrong by, which is reckoned from its parts."""


class Heads:
    """Counts bytes that a process holds of heads that are not whole, for all connections."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.held = 0

    def adopt(self, most_bytes: int) -> None:
        """Let what comes from now on have another room."""
        self._most = most_bytes

    def has_room(self) -> bool:
        """Say whether what is held may be held."""
        return self.held <= self._most


class Head:
    """What one connection has sent and nobody has asked for yet.

    That is the beginning of a head, or further requests while one is answered. A head that comes
    whole in one piece is never counted, so that a flood of halves turns no whole one away.
    """

    def __init__(self, all_heads: Heads) -> None:
        self._all = all_heads
        self._held = 0

    def more(self, size: int) -> bool:
        """Count bytes of a head that does not end in them; say whether they may stay."""
        return self._count(size, MAX_HEAD)

    def ahead(self, size: int) -> bool:
        """Count bytes that came before an answer, whatever they are; say whether they may stay."""
        return self._count(size, MAX_AHEAD)

    def done(self) -> None:
        """Forget what was counted: it has been taken, or the connection is gone."""
        self.left(0)

    def left(self, size: int) -> bool:
        """Count just what is left when the rest has been taken; say whether it may stay."""
        self._all.held -= self._held
        self._held = 0
        return size <= _SLACK or self.ahead(size)

    def _count(self, size: int, most: int) -> bool:
        self._held += size
        self._all.held += size
        return self._held <= most and self._all.has_room()


class Unread:
    """Bytes of one connection that its parser keeps: what was received and not given out."""

    def __init__(self) -> None:
        self._bytes = 0
        self._body: StreamReader | None = None
        self._given = 0

    @property
    def is_body(self) -> bool:
        """Whether a body is being received, to which they belong."""
        return self._body is not None and not self._body.is_eof()

    def receive(self, size: int, given: Iterable[tuple[RawRequestMessage, StreamReader]]) -> int:
        """Count bytes that were received, and what was given out since; return what is left.

        Args:
            size: of what was received.
            given: heads that were given out, each with its body, as far as that has come.
        """
        self._bytes += size - self._given_of_body()
        for message, body in given:
            self._body, self._given = body, 0
            self._bytes -= _size(message) + self._given_of_body()
        self._bytes = max(self._bytes, 0)
        return self.left()

    def left(self) -> int:
        """Return how many there are beside those of a body, which has a room of its own."""
        return 0 if self.is_body else self._bytes

    def _given_of_body(self) -> int:
        before = self._given
        self._given = 0 if self._body is None else self._body.total_bytes
        return self._given - before


def _size(message: RawRequestMessage) -> int:
    """Return the size of a head, about; one that could not be read has none."""
    headers = getattr(message, "raw_headers", None)
    if headers is None:
        return 0
    lines = sum(map(len, chain.from_iterable(headers))) + len(": \r\n") * len(headers)
    return len(message.method) + len(message.path) + len("  HTTP/1.1\r\n\r\n") + lines
