"""Waking whoever waits for an envelope, within one process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.limits import Limits


class RoomFull(Exception):
    """More wait already than the relay can hold."""


class WaitingRoom:
    """Who waits for which mailbox. Nobody outside this process's memory learns of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seats: defaultdict[bytes, set[asyncio.Event]] = defaultdict(set)
        self.waits = 0
        self.waited_mailboxes = 0
        self.closed = False

    def adopt(self, limits: Limits) -> None:
        """Hold new waits to other limits; those that have a seat keep it."""
        self._limits = limits

    @contextmanager
    def seat(self, mailboxes: Sequence[MailboxId]) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever something arrives for one of the mailboxes.

        Look into the store after taking the seat, so that nothing slips through in between.

        Raises:
            RoomFull: too many wait already, or for too many mailboxes.
        """
        wanted = set(mailboxes)
        if (
            self.waits >= self._limits.waits
            or self.waited_mailboxes + len(wanted) > self._limits.waited_mailboxes
        ):
            raise RoomFull
        woken = asyncio.Event()
        if self.closed:
            woken.set()
        self.waits += 1
        self.waited_mailboxes += len(wanted)
        for mailbox in wanted:
            self._seats[mailbox].add(woken)
        try:
            yield woken
        finally:
            self.waits -= 1
            self.waited_mailboxes -= len(wanted)
            for mailbox in wanted:
                self._leave(mailbox, woken)

    def wake(self, mailbox: MailboxId) -> None:
        """Tell whoever waits for a mailbox to look."""
        for woken in self._seats.get(mailbox, ()):
            woken.set()

    def close(self) -> None:
        """Wake everybody for good."""
        self.closed = True
        for seats in self._seats.values():
            for woken in seats:
                woken.set()

    def _leave(self, mailbox: MailboxId, woken: asyncio.Event) -> None:
        self._seats[mailbox].discard(woken)
        if not self._seats[mailbox]:
            del self._seats[mailbox]
