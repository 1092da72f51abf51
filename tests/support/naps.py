"""Sleeping without the time that it takes."""

from __future__ import annotations

import asyncio


class Nap:
    """Stands for `asyncio.sleep`; the first sleep is the time that a wait may take.

    It is over when so many sleeps have begun; with 0, never. Every other sleep is over at once.

    Attributes:
        slept: how long each sleep should have been, in their order.
    """

    def __init__(self, over_after: int = 1) -> None:
        self.slept: list[float] = []
        self._over_after = over_after
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self._over_after:
            self._over.set()
        if len(self.slept) == 1:
            await self._over.wait()
        await asyncio.sleep(0)
