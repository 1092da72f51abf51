"""Bodies of requests on their way in: a limited time for each, and a limited room for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import HttpVersion11, hdrs, web

from e2etherapy.relay import problems
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.problems import Reason


@dataclass(slots=True, eq=False)
class _Held:
    """Room that is set aside for one body, and the time it has."""

    size: int
    began: float
    time: asyncio.Timeout
    gave_way: bool = False


class Bodies:
    """Reads bodies for one relay process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.body_bytes
        self._held: dict[_Held, None] = {}
        """Those that are being read, oldest first."""
        self._whole: dict[int, int] = {}
        """The sizes of those that are whole and still needed, by the identity of the request."""

    def done(self, request: web.BaseRequest) -> None:
        """Give back the room of a request's body, which nobody needs any more."""
        self._room += self._whole.pop(id(request), 0)

    def adopt(self, limits: Limits) -> None:
        """Hold bodies that begin from now on to other limits."""
        self._room += limits.body_bytes - self._limits.body_bytes
        self._limits = limits

    async def read(self, request: web.BaseRequest, largest: int) -> bytes:
        """Return a body of at most `largest` bytes, whose room is taken until it is done with.

        Raises:
            ProblemAnswer: 413 for a longer one, 400 for one that is not whole or too slow, 503
                where others take up all the room, or it had to give way to them.
        """
        announced = request.content_length
        if (announced or 0) > largest:
            raise problems.too_long()
        try:
            if request.content.is_eof():
                # Most bodies have come together with their heads: nothing is to be waited for.
                self._make_room(request.content.total_bytes, _now())
                body = await _read(request, largest)
            else:
                body = await self._arriving(request, largest)
        except web.RequestPayloadError:
            raise problems.malformed("The body is not whole.") from None
        self._whole[id(request)] = len(body)
        self._room -= len(body)
        return body

    async def _arriving(self, request: web.BaseRequest, largest: int) -> bytes:
        announced = request.content_length
        with self._hold(largest if announced is None else announced) as held:
            try:
                async with held.time:
                    await _ask_for(request)
                    return await _read(request, largest)
            except TimeoutError:
                if held.gave_way:
                    raise problems.overloaded(Reason.BODIES) from None
                raise problems.malformed("The body took too long to arrive.") from None

    @contextmanager
    def _hold(self, size: int) -> Iterator[_Held]:
        """Set room aside for what has been announced, before any of it arrives."""
        now = _now()
        self._make_room(size, now)
        held = _Held(size, now, asyncio.timeout_at(now + self._limits.body_seconds))
        self._room -= size
        self._held[held] = None
        try:
            yield held
        finally:
            if not held.gave_way:
                self._release(held)

    def _make_room(self, size: int, now: float) -> None:
        """Let those go that have taken longest: whoever sends is through in a moment.

        Raises:
            ProblemAnswer: 503, as nobody has taken so long.
        """
        while size > self._room:
            oldest = next(iter(self._held), None)
            if oldest is None or oldest.began + self._limits.body_grace_seconds > now:
                raise problems.overloaded(Reason.BODIES)
            oldest.gave_way = True
            self._release(oldest)
            if not oldest.time.expired():
                oldest.time.reschedule(now)

    def _release(self, held: _Held) -> None:
        self._room += held.size
        del self._held[held]


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _ask_for(request: web.BaseRequest) -> None:
    """Tell whoever waits to be asked for the body to send it (RFC 9110, section 10.1.1)."""
    expected = request.headers.get(hdrs.EXPECT, "").lower() == "100-continue"
    if expected and request.version == HttpVersion11 and not request.content.is_eof():
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer itself was sent


async def _read(request: web.BaseRequest, largest: int) -> bytes:
    content = request.content
    first = await content.readany()
    pieces, size = [first], len(first)
    while size <= largest and not content.at_eof() and (piece := await content.readany()):
        pieces.append(piece)
        size += len(piece)
    if size > largest:
        raise problems.too_long()
    return first if len(pieces) == 1 else b"".join(pieces)
