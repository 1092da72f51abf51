"""Requests on their way in before anything reads them: a limited room for each and for all."""

from __future__ import annotations

from e2etherapy.relay.limits import MAX_AHEAD, MAX_HEAD


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
        self._all.held -= self._held
        self._held = 0

    def _count(self, size: int, most: int) -> bool:
        self._held += size
        self._all.held += size
        return self._held <= most and self._all.has_room()
