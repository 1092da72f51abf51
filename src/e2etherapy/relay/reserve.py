"""Room on the disk that deposits leave, so that acknowledging works until the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from e2etherapy.relay import problems
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.problems import Reason
from e2etherapy.relay.store import Space, Store, StoreError

LOOK_SECONDS: Final = 1.0
"""In between, some 50 MB of envelopes can come in: a fifth of the standard reserve."""


class Reserve:
    """Knows since the last look whether something new may be stored."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.is_touched = False

    def adopt(self, limits: Limits) -> None:
        """Have other limits from the next look on."""
        self._limits = limits

    def check(self) -> None:
        """See that there is room, whatever the request is about.

        Raises:
            ProblemAnswer: 507.
        """
        if self.is_touched:
            raise problems.disk_full(Reason.RESERVE)

    def look(self, space: Space) -> None:
        """Take note of how much room there is."""
        short = space.free is not None and space.free < self._limits.disk_reserve_bytes
        self.is_touched = short or space.stored >= self._limits.stored_bytes


async def keep(
    reserve: Reserve, store: Store, pause: Callable[[float], Awaitable[None]], log: RelayLog
) -> None:
    """Look every second until cancelled; log when room ends, once each time.

    A look that fails changes nothing: a write will tell. It is logged once, unless the database is
    just away: whoever asks for something is told that.
    """
    failing = False
    while True:
        before = reserve.is_touched
        try:
            reserve.look(await store.space())
            failing = False
        except StoreError:
            failing = False
        except Exception as problem:  # noqa: BLE001 - logged, and the next look tries again
            if not failing:
                log.fault(problem)
            failing = True
        if reserve.is_touched and not before:
            log.disk_full()
        await pause(LOOK_SECONDS)
