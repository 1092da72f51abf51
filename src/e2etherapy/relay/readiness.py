"""Whether a relay can take something in now (GET /v1/ready)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from e2etherapy.relay.reserve import Reserve
from e2etherapy.relay.store import Store

_FULL_SECONDS = 30.0
"""After a write that found no room, the relay is not ready for so long; then it tries again."""
_ANSWER_SECONDS = 5.0


class Readiness:
    """Remembers what went wrong lately, and asks the store."""

    def __init__(self, reserve: Reserve, on_fault: Callable[[BaseException], None]) -> None:
        self._reserve = reserve
        self._on_fault = on_fault
        self._full_until = 0.0

    def found_no_room(self) -> None:
        """Remember that something could not be written."""
        self._full_until = asyncio.get_running_loop().time() + _FULL_SECONDS

    def has_room(self) -> bool:
        """Say whether something can be written, as far as is known."""
        return (
            asyncio.get_running_loop().time() >= self._full_until and not self._reserve.is_touched
        )

    async def reaches(self, store: Store) -> bool:
        """Say whether the database answers and takes changes."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await store.check()
        except Exception as problem:  # noqa: BLE001 - each database has its own; logged
            self._on_fault(problem)
            return False
        return True
