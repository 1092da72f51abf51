"""Who waits for an envelope in this process, and waking them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.limits import Limits


class RoomFull(Exception):
    """More wait already than the relay can hold."""


class Seat:
    """One who waits for some mailboxes."""

    __slots__ = ("_arrived", "_everywhere", "_woken")

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._arrived: set[bytes] = set()
        self._everywhere = False

    async def wait(self) -> None:
        """Return when there is something to look for."""
        await self._woken.wait()

    def take(self) -> set[bytes] | None:
        """Return the mailboxes in which something arrived, or None: look at all; and start anew."""
        arrived = None if self._everywhere else self._arrived
        self._arrived, self._everywhere = set(), False
        self._woken.clear()
        return arrived

    def tell(self, mailbox: MailboxId) -> None:
        """Say that something arrived in a mailbox."""
        self._arrived.add(mailbox)
        self._woken.set()

    def tell_to_look(self) -> None:
        """Say that something may have arrived anywhere."""
        self._everywhere = True
        self._woken.set()


class WaitingRoom:
    """Who waits for which mailbox. Nobody outside this process's memory learns of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seats: defaultdict[bytes, set[Seat]] = defaultdict(set)
        self.waits = 0
        self.waited_mailboxes = 0
        self.closed = False

    def adopt(self, limits: Limits) -> None:
        """Hold new waits to other limits; those that have a seat keep it."""
        self._limits = limits

    @contextmanager
    def seat(self, mailboxes: Sequence[MailboxId]) -> Iterator[Seat]:
        """Give a seat that is told whenever something arrives for one of the mailboxes.

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
        seat = Seat()
        if self.closed:
            seat.tell_to_look()
        self.waits += 1
        self.waited_mailboxes += len(wanted)
        for mailbox in wanted:
            self._seats[mailbox].add(seat)
        try:
            yield seat
        finally:
            self.waits -= 1
            self.waited_mailboxes -= len(wanted)
            for mailbox in wanted:
                self._leave(mailbox, seat)

    def wake(self, mailbox: MailboxId) -> None:
        """Tell whoever waits for a mailbox to look."""
        for seat in self._seats.get(mailbox, ()):
            seat.tell(mailbox)

    def wake_everybody(self) -> None:
        """Tell whoever waits to look, as something may have arrived unnoticed."""
        for seats in self._seats.values():
            for seat in seats:
                seat.tell_to_look()

    def close(self) -> None:
        """Wake everybody for good."""
        self.closed = True
        self.wake_everybody()

    def _leave(self, mailbox: MailboxId, seat: Seat) -> None:
        self._seats[mailbox].discard(seat)
        if not self._seats[mailbox]:
            del self._seats[mailbox]
