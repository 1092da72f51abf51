"""What the relay does once a day, and every few minutes, without being asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from e2etherapy.relay.clock import Today
from e2etherapy.relay.counts import Counts
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.store import Store

ROUND_SECONDS = 600.0
"""How long deleted envelopes may stay in the write-ahead log, about."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds; asyncio.sleep outside of tests."""


async def maintain(
    store: Store, today: Today, pause: Pause, log: RelayLog, counts: Counts | None = None
) -> None:
    """Expire when a day has begun, and scrub every ten minutes, until cancelled.

    A failure is logged and tried again in the next round: a disk that is full now need not be
    later.
    """
    done = None
    while True:
        day = today()
        try:
            if day != done:
                await expire(store, day, log, counts or Counts())
                done = day
            await store.scrub()
        except Exception as problem:  # noqa: BLE001 - logged, and the next round tries again
            log.fault(problem)
        await pause(ROUND_SECONDS)


async def forget(gate: Gate, pause: Pause) -> None:
    """Wipe from memory when keys were last used, every ten minutes, until cancelled."""
    while True:
        await pause(ROUND_SECONDS)
        for _ in gate.forget():
            await pause(0)


async def expire(store: Store, day: int, log: RelayLog, counts: Counts) -> None:
    """Delete everything that is over on `day`, at work for half of the time."""
    envelopes = invitations = 0
    async with aclosing(store.expire(day)) as steps:
        began = time.monotonic()
        async for step in steps:
            envelopes += step.envelopes
            invitations += step.invitations
            # Nobody waits for this: on a busy machine deposits have a share of each moment.
            await asyncio.sleep(time.monotonic() - began)
            began = time.monotonic()
    counts.expiry(envelopes, invitations)
    log.expired(envelopes, invitations)
