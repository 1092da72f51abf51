"""Waiting until something arrives, at any number of relays, however long they are away.

At a relay that offers it, one stream for each 128 mailboxes stays open; at another one, requests
wait one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import RelayError, RelayUnreachable
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import ARRIVALS, MAX_WAIT_SECONDS, MAX_WAITED_MAILBOXES
from e2etherapy.messenger import syncing
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound.collecting import FIRST
from e2etherapy.messenger.line.backoff import SPREAD_SECONDS, Backoff, drawn
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.vault import conversations

BETWEEN_REQUESTS_SECONDS: Final = 1.0
"""After a request that waited for nothing: a relay that answers at once is not asked in a loop."""

Mailboxes = Sequence[tuple[OwnerKey, int]]
"""Owner keys, and positions above which something would be new."""
Trouble = Callable[[RelayError, float], None]
"""Told what a relay met, and in how many seconds it is asked again."""


def no_trouble(_error: RelayError, _seconds: float) -> None:
    """Tell nobody; what holds until the time is over is raised then."""


async def wait(device: Device, seconds: float, trouble: Trouble = no_trouble) -> bool:
    """Wait until a relay has something new or the time is over; say whether to sync before that.

    That is so as well when a relay answers again that had failed. Other processes may use the vault
    meanwhile. A relay that fails is asked again, after pauses that grow; the others wait on.

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
    failures = [watch.relay.backoff.latest for watch in watches]
    failure = failures[0] if failures else None
    if not ended and failure is not None and None not in failures:
        raise failure
    return bool(ended)


@dataclass(slots=True, repr=False)
class Watch:
    """Waits for up to 128 mailboxes of one relay.

    How often a relay has failed is kept with the connection: a wait that begins anew is no reason
    to ask it more often.
    """

    device: Device
    relay: RelayConnection
    mailboxes: Mailboxes
    trouble: Trouble

    async def news(self) -> None:
        """Return when something has arrived or a relay that failed answers, and not before."""
        if self.relay.backoff.failures:
            await self.device.sleep(self.relay.backoff.pause(self.device.entropy))
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
        seconds = 0 if self.relay.backoff.failures else MAX_WAIT_SECONDS
        arrived = await self.relay.wait(self.mailboxes, seconds)
        return self._succeed() or bool(arrived), BETWEEN_REQUESTS_SECONDS

    async def _follow_stream(self) -> bool:
        """Follow a stream until something has arrived or it ends, however it ends.

        One that was open and broke is the sign of a relay that restarts, as a clean end is.
        """
        opened = False
        try:
            async with contextlib.aclosing(self.relay.arrivals(self.mailboxes)) as arrivals:
                async for arrived in arrivals:
                    opened = True
                    if self._succeed() or arrived:
                        return True
        except RelayUnreachable:
            if not opened:
                raise
        return False

    def _succeed(self) -> bool:
        """Note that it answers; say whether it had failed before."""
        back = self.relay.backoff.failures > 0
        self.relay.backoff = Backoff()
        return back

    def _fail(self, error: RelayError) -> float:
        self.relay.backoff = self.relay.backoff.failed(error)
        pause = self.relay.backoff.pause(self.device.entropy)
        self.trouble(error, pause)
        return pause
