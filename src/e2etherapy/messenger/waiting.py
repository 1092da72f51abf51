"""Waiting until something arrives, at any number of relays, however long they are away.

At a relay that offers it, one stream for each 128 mailboxes stays open; at another one, requests
wait one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from e2etherapy.errors import RelayError, RelayUnreachable
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import ARRIVALS, MAX_WAIT_SECONDS, MAX_WAITED_MAILBOXES
from e2etherapy.messenger import syncing
from e2etherapy.messenger.collecting import FIRST
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.backoff import SPREAD_SECONDS, Backoff, drawn
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.vault import conversations

BETWEEN_REQUESTS_SECONDS: Final = 1.0
"""After a request that waited for nothing: a relay that answers at once is not asked in a loop."""

Mailboxes = Sequence[tuple[OwnerKey, int]]
"""Owner keys, and positions above which something would be new."""
Trouble = Callable[[RelayError | None, float], None]
"""Told what a relay met, and in how many seconds it is asked again; None when it answers again."""


def no_trouble(_error: RelayError | None, _seconds: float) -> None:
    """Tell nobody; what holds until the time is over is raised then."""


async def wait(device: Device, seconds: float, trouble: Trouble = no_trouble) -> bool:
    """Wait until a relay has something new or the time is over; say whether it has.

    Other processes may use the vault meanwhile. A relay that fails is asked again, after pauses
    that grow.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        RelayError: when the time was over, no relay could be waited for.
        VaultBusy: another process still has the vault open. It stays let go of, and the next
            method opens it again.
    """
    device.vault.require_only_copy()
    by_relay = syncing.by_relay(await conversations.every(device.vault.db))
    await device.vault.pause()
    try:
        watches = []
        for url, records in by_relay.items():
            relay = await device.relay(url)
            mailboxes = [(record.mailbox.owner_key, FIRST) for record in records]
            for start in range(0, len(mailboxes), MAX_WAITED_MAILBOXES):
                some = mailboxes[start : start + MAX_WAITED_MAILBOXES]
                watches.append(Watch(device, relay, some, trouble))
        return await _first_news(device, watches, seconds)
    finally:
        await device.vault.resume()


async def _first_news(device: Device, watches: Sequence[Watch], seconds: float) -> bool:
    time_is_over = asyncio.ensure_future(device.sleep(seconds))
    watching = [asyncio.ensure_future(watch.news()) for watch in watches]
    tasks = [time_is_over, *watching]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()
    ended = [task for task in watching if not task.cancelled()]
    failures = [watch.failure for watch in watches if watch.failure is not None]
    if not ended and watches and len(failures) == len(watches):
        raise failures[0]
    return bool(ended)


@dataclass(slots=True, repr=False)
class Watch:
    """Waits for up to 128 mailboxes of one relay.

    Attributes:
        failure: what the relay met last; None while it can be waited for.
    """

    device: Device
    relay: RelayConnection
    mailboxes: Mailboxes
    trouble: Trouble
    failure: RelayError | None = None
    _backoff: Backoff = field(default_factory=Backoff)

    async def news(self) -> None:
        """Return when something has arrived, and not before."""
        while True:
            try:
                arrived, pause = await self._listen()
            except RelayError as error:
                arrived, pause = False, self._fail(error)
            if arrived:
                return
            await self.device.sleep(pause)

    async def _listen(self) -> tuple[bool, float]:
        """Wait once; return whether something has arrived, and how long to pause if not."""
        if ARRIVALS in await self.relay.features():
            return await self._follow_stream(), drawn(SPREAD_SECONDS, self.device.entropy)
        arrived = await self.relay.wait(self.mailboxes, MAX_WAIT_SECONDS)
        self._succeed()
        return bool(arrived), BETWEEN_REQUESTS_SECONDS

    async def _follow_stream(self) -> bool:
        """Follow a stream until something has arrived or it ends, however it ends.

        One that was open and broke is the sign of a relay that restarts, as a clean end is.
        """
        opened = False
        try:
            async with contextlib.aclosing(self.relay.arrivals(self.mailboxes)) as arrivals:
                async for arrived in arrivals:
                    opened = True
                    self._succeed()
                    if arrived:
                        return True
        except RelayUnreachable:
            if not opened:
                raise
        return False

    def _succeed(self) -> None:
        if self.failure is not None:
            self.trouble(None, 0.0)
        self.failure, self._backoff = None, Backoff()

    def _fail(self, error: RelayError) -> float:
        self.failure, self._backoff = error, self._backoff.failed()
        pause = self._backoff.pause(self.device.entropy)
        self.trouble(error, pause)
        return pause
