"""Bodies of requests on their way in: a limited time for each, and a limited room for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import HttpVersion11, hdrs, web

from e2etherapy.relay import problems
from e2etherapy.relay.limits import Limits


class Bodies:
    """Reads bodies for one relay process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.body_bytes

    def adopt(self, limits: Limits) -> None:
        """Hold bodies that begin from now on to other limits."""
        self._room += limits.body_bytes - self._limits.body_bytes
        self._limits = limits

    async def read(self, request: web.BaseRequest, largest: int) -> bytes:
        """Return a body of at most `largest` bytes.

        Raises:
            ProblemAnswer: 413 for a longer one, 400 for one that is not whole or too slow, 503
                where others take up all the room.
        """
        announced = request.content_length
        if (announced or 0) > largest:
            raise problems.too_long()
        try:
            if request.content.is_eof():
                # Most bodies have come together with their heads: nothing is to be waited for.
                return await _read(request, largest)
            with self._held(largest if announced is None else announced):
                async with asyncio.timeout(self._limits.body_seconds):
                    await _ask_for(request)
                    return await _read(request, largest)
        except web.RequestPayloadError:
            raise problems.malformed("The body is not whole.") from None
        except TimeoutError:
            raise problems.malformed("The body took too long to arrive.") from None

    @contextmanager
    def _held(self, size: int) -> Iterator[None]:
        """Set room aside for what has been announced, before any of it arrives."""
        if size > self._room:
            raise problems.overloaded()
        self._room -= size
        try:
            yield
        finally:
            self._room += size


async def _ask_for(request: web.BaseRequest) -> None:
    """Tell whoever waits to be asked for the body to send it (RFC 9110, section 10.1.1)."""
    expected = request.headers.get(hdrs.EXPECT, "").lower() == "100-continue"
    if expected and request.version == HttpVersion11 and not request.content.is_eof():
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer itself was sent


async def _read(request: web.BaseRequest, largest: int) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > largest:
            raise problems.too_long()
    return bytes(body)
