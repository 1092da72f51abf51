"""Turns at reading pages of envelopes, so that few of them are in memory at the same moment.

From its last byte on, an answer counts as one on its way; what is read for one counts nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from e2etherapy.relay import problems
from e2etherapy.relay.limits import PAGE_SECONDS, PAGES_AT_ONCE
from e2etherapy.relay.problems import Reason


class Reading:
    """Gives turns in the order in which they were asked for."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(PAGES_AT_ONCE)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a turn until the answer is made. Nothing but the store is to be waited for in it.

        Raises:
            ProblemAnswer: 503, those before it took too long, as where a database is silent.
        """
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise problems.overloaded(Reason.READS) from None
        try:
            yield
        finally:
            self._turns.release()
