"""A server that speaks, or breaks, the stream of arrivals; what it says is a test's to choose."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

Script = Callable[[web.StreamResponse], Awaitable[None]]


def arrived(*indexes: int) -> bytes:
    """Return an event as the relay writes it."""
    return b"event: arrived\ndata: " + json.dumps(list(indexes)).encode() + b"\n\n"


@dataclass
class ArrivalsRelay:
    """What the server does and has seen.

    Attributes:
        scripts: what becomes of each stream, one after the other; the last one goes on.
        features: what it says that it offers.
        asked: the positions and number of keys of every request for a stream.
        status: of every stream; of a wait without one too, if it is 503.
        retry_after: the header of that name.
        news: what a wait without a stream finds.
        seconds: how long each wait without a stream was to be.
    """

    scripts: list[Script]
    features: list[str] = field(default_factory=lambda: ["arrivals"])
    content_type: str = "text/event-stream"
    status: int = 200
    url: str = ""
    asked: list[tuple[list[int], int]] = field(default_factory=list)
    retry_after: str | None = None
    news: list[int] = field(default_factory=lambda: [0])
    seconds: list[float] = field(default_factory=list)
    open: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_open(self, streams: int) -> None:
        """Wait until so many streams are open."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: self.open == streams)

    async def _count(self, streams: int) -> None:
        self.open += streams
        async with self._changed:
            self._changed.notify_all()

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "versions": ["v1"], "features": self.features})

    async def wait(self, request: web.Request) -> web.Response:
        self.seconds.append((await request.json())["seconds"])
        if self.status == 503:
            return web.Response(status=503)
        return web.json_response({"arrived": self.news})

    @property
    def polled(self) -> int:
        """How many requests waited without a stream."""
        return len(self.seconds)

    async def arrivals(self, request: web.Request) -> web.StreamResponse:
        keys = request.headers["Authorization"].removeprefix("Owner ").split(",")
        self.asked.append(((await request.json())["after"], len(keys)))
        number = min(len(self.asked), len(self.scripts)) - 1
        response = web.StreamResponse(status=self.status)
        response.content_type = self.content_type
        if self.retry_after is not None:
            response.headers["Retry-After"] = self.retry_after
        await response.prepare(request)
        await self._count(1)
        try:
            with contextlib.suppress(ConnectionError):
                await self.scripts[number](response)
        finally:
            await self._count(-1)
        return response


def saying(*pieces: bytes) -> Script:
    """Write some bytes and end the stream in order."""

    async def script(response: web.StreamResponse) -> None:
        for piece in pieces:
            await response.write(piece)

    return script


def staying(*pieces: bytes) -> Script:
    """Write some bytes and keep the stream open."""

    async def script(response: web.StreamResponse) -> None:
        await saying(*pieces)(response)
        await asyncio.Event().wait()

    return script


def breaking(*pieces: bytes) -> Script:
    """Write some bytes and cut the connection."""

    async def script(response: web.StreamResponse) -> None:
        await saying(*pieces)(response)
        assert response._req is not None
        assert response._req.transport is not None
        response._req.transport.close()

    return script


def without_end(piece: bytes) -> Script:
    """Write the same bytes for ever."""

    async def script(response: web.StreamResponse) -> None:
        while True:
            await response.write(piece)

    return script


@contextlib.asynccontextmanager
async def arrivals_relay(*scripts: Script) -> AsyncIterator[ArrivalsRelay]:
    """Run one on loopback."""
    made = ArrivalsRelay(list(scripts))
    app = web.Application()
    app.router.add_get("/v1/health", made.health)
    app.router.add_post("/v1/wait", made.wait)
    app.router.add_post("/v1/arrivals", made.arrivals)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()
