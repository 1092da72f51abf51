"""Telling devices that something has arrived: once, or on a connection that stays.

What is told is a hint; what counts is what the device then collects (docs/protocol.md, 9.7).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import MailboxId, OwnerKey
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay import problems
from e2etherapy.relay.answers import drop
from e2etherapy.relay.limits import LOOK_SECONDS, Limits
from e2etherapy.relay.store import Store, StoreError
from e2etherapy.relay.waiting import Seat, WaitingRoom

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

Waits = list[tuple[MailboxId, int]]
"""Mailboxes, each with the last position that its owner knows."""

_HEARTBEAT = b":\n\n"


def waits_of(keys: Sequence[bytes], after: Sequence[int]) -> Waits:
    """Return what somebody who shows these owner keys waits for.

    Raises:
        ProblemAnswer: 400, for another number of positions.
    """
    if len(after) != len(keys):
        raise problems.malformed("A wait has one position for each key.")
    return [(OwnerKey(key).mailbox(), position) for key, position in zip(keys, after, strict=True)]


class ArrivalsDesk:
    """Whoever waits comes here."""

    def __init__(self, store: Store, waiting: WaitingRoom, limits: Limits) -> None:
        self._store = store
        self._waiting = waiting
        self._limits = limits

    def adopt(self, limits: Limits) -> None:
        """Hold streams that begin from now on, and those that wait, to other limits."""
        self._limits = limits

    async def first(self, waits: Waits, seconds: float) -> list[int]:
        """Return the indexes of what has arrived, looking at least once; none when time is over.

        Where an arrival may go untold, the last look is the one when time is over.

        Raises:
            RoomFull: too many wait already.
            ProblemAnswer: 503, the relay is stopping.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        with self._waiting.seat([mailbox for mailbox, _ in waits]) as seat:
            while not (arrived := await self._store.arrived(waits)):
                if self._waiting.closed:
                    raise problems.stopping()
                if (left := deadline - clock()) <= 0:
                    break
                told = await _told(seat, left)
                is_over = told is not None and not told
                if is_over and not self._store.may_miss_arrivals:
                    break
        return arrived

    async def stream(self, request: web.BaseRequest, waits: Waits) -> web.StreamResponse:
        """Send events until the time is over, the relay stops, or nobody reads them.

        Raises:
            RoomFull: too many wait already.
        """
        with self._waiting.seat([mailbox for mailbox, _ in waits]) as seat:
            arrived = await self._store.arrived(waits)
            events = _Events(self._limits.answer_seconds)
            await events.begin(request)
            await events.send(arrived)
            await self._go_on(events, waits, seat)
        return events.response

    async def _go_on(self, events: _Events, waits: Waits, seat: Seat) -> None:
        indexes = defaultdict(list)
        for index, (mailbox, _) in enumerate(waits):
            indexes[bytes(mailbox)].append(index)
        clock = asyncio.get_running_loop().time
        end = clock() + self._limits.stream_seconds
        look = clock() + self._first_look()
        while not self._waiting.closed and (left := end - clock()) > 0:
            told = await _told(seat, min(left, self._limits.heartbeat_seconds, look - clock()))
            if clock() >= look:
                look, told = clock() + LOOK_SECONDS, None
            if told is not None:
                arrived = [index for mailbox in told for index in indexes[mailbox]]
            else:
                try:
                    arrived = await self._store.arrived(waits)
                except StoreError:
                    return  # whoever reads asks again, and is then told what is wrong
            await (events.send(arrived) if arrived else events.beat())

    def _first_look(self) -> float:
        """Return in how many seconds a stream looks first where an arrival may go untold.

        Drawn: streams that begin at the same moment, as after a restart, would else look at the
        same moment until they end.
        """
        if not self._store.may_miss_arrivals:
            return math.inf
        return LOOK_SECONDS * int.from_bytes(system_entropy(2)) / 2**16


async def _told(seat: Seat, seconds: float) -> set[bytes] | None:
    """Return where something arrived, nothing once the time is over, or None: look at all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await seat.wait()
    return seat.take()


class _Events:
    """Server-sent events on their way to one reader, each taken before the next is written."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._transport: asyncio.Transport | None = None
        self._writer: AbstractStreamWriter | None = None
        self.response = web.StreamResponse(headers={"Content-Type": api.EVENTS})

    async def begin(self, request: web.BaseRequest) -> None:
        """Send the head of the answer.

        It says that the connection ends with the stream: nobody may send another request into it.
        """
        self._transport = request.transport
        self.response.force_close()
        self._writer = await self.response.prepare(request)

    async def send(self, indexes: Iterable[int]) -> None:
        """Send an event with indexes, rising."""
        data = msgspec.json.encode(sorted(indexes)).decode()
        await self._write(f"event: {api.ARRIVED}\ndata: {data}\n\n".encode())

    async def beat(self) -> None:
        """Send a line that means nothing but that somebody is there."""
        await self._write(_HEARTBEAT)

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self.response.write(data)
                if self._writer is not None:
                    await self._writer.drain()  # aiohttp does from 64 KiB on only
        except TimeoutError:
            if self._transport is not None:
                drop(self._transport)
            raise ConnectionError("An event was not taken in time.") from None
