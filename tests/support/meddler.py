"""An operator who decides, envelope by envelope, what one device is shown and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import MAX_PAGE, StoredEnvelope
from e2etherapy.messenger.line.connection import RelayConnection


class Meddler:
    """An operator who decides, envelope by envelope, what one device is shown and when."""

    def __init__(self) -> None:
        self.held: list[bytes] = []
        self.rearrange: Callable[[list[bytes]], list[bytes]] | None = None

    def connect(self, url: str) -> RelayConnection:
        """Make a connection that passes through the operator's hands."""
        return _ConnectionThroughHands(url, self)


class _ConnectionThroughHands(RelayConnection):
    """Takes every envelope from the relay, and shows what it is told to under rising positions."""

    def __init__(self, url: str, meddler: Meddler) -> None:
        super().__init__(url)
        self._meddler = meddler
        self._taken = 0

    async def features(self) -> frozenset[str]:
        return frozenset()

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        if self._meddler.rearrange is None:
            return await super().wait(mailboxes, seconds)
        return list(range(len(mailboxes)))

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        meddler = self._meddler
        if meddler.rearrange is None:
            return await super().collect(owner_key, after, limit)
        self._taken = max(self._taken, after)
        while page := await super().collect(owner_key, self._taken):
            meddler.held += [stored.envelope for stored in page]
            self._taken = page[-1].position
        shown = meddler.rearrange(meddler.held)
        meddler.held = [envelope for envelope in meddler.held if envelope not in shown]
        return [StoredEnvelope(after + 1 + index, item) for index, item in enumerate(shown)]

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        if self._meddler.rearrange is None:
            await super().acknowledge(owner_key, through)
