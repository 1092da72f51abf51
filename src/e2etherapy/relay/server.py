"""Running a relay: the process from its first line to its last.

For example ``serve(Settings(parse_listen_address("127.0.0.1:8700"), Path("relay.db")))``.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
from aiohttp import web

from e2etherapy.relay import reserve
from e2etherapy.relay.app import Relay
from e2etherapy.relay.clock import Today, system_today
from e2etherapy.relay.database import DatabasePlace, open_store
from e2etherapy.relay.http import RelayServer
from e2etherapy.relay.limits import STANDARD, STOP_SECONDS, Limits, limits_of_this_process
from e2etherapy.relay.listening import (
    Certificate,
    ListenAddress,
    bind,
    check_exposure,
    tls_context,
)
from e2etherapy.relay.log import RelayLog, silence_libraries
from e2etherapy.relay.maintenance import forget, maintain
from e2etherapy.relay.site import RelaySite


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides."""

    listen: ListenAddress
    database: DatabasePlace
    certificate: Certificate | None = None
    behind_proxy: bool = False
    """A proxy in front does TLS, so that listening on other than loopback is no mistake."""
    limits: Limits = STANDARD
    """What the process takes on, as far as it may open so many files."""


class Listening(msgspec.Struct, frozen=True, tag="listening", tag_field="event"):
    """What a relay prints as one line of JSON once it can be reached."""

    url: str
    """``http(s)://HOST:PORT``, or ``unix:PATH``."""
    port: int | None
    """None for a Unix socket."""


def serve(settings: Settings) -> None:
    """Run a relay in this process until SIGTERM or SIGINT, then stop in order.

    Prints one line of JSON (see Listening) to standard output when it can be reached; its log
    goes to standard error.

    Raises:
        RelaySetupError: it cannot run like this; nothing was changed.
    """
    log = RelayLog(sys.stderr, system_today)
    silence_libraries(log)
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        runner.run(_serve_until_signal(settings, log))


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's factory, or asyncio's on a system for which uvloop is not made."""
    try:
        import uvloop  # noqa: PLC0415 - may be absent
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve_until_signal(settings: Settings, log: RelayLog) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings, log, system_today) as listening:
        print(msgspec.json.encode(listening).decode(), flush=True)  # noqa: T201 - for a script
        await stop.wait()


@asynccontextmanager
async def running(settings: Settings, log: RelayLog, today: Today) -> AsyncIterator[Listening]:
    """Have a relay run in this event loop; leaving the context stops it in order.

    What is in flight is answered, whoever waits is woken, then everything is closed.

    Raises:
        RelaySetupError: it cannot run like this; nothing was changed.
    """
    check_exposure(settings.listen, settings.certificate, behind_proxy=settings.behind_proxy)
    tls = tls_context(settings.certificate) if settings.certificate else None
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(bind(settings.listen))
        if settings.listen.unix_path is not None:
            stack.callback(settings.listen.unix_path.unlink, missing_ok=True)
        store = await open_store(settings.database)
        stack.push_async_callback(store.close)
        limits = limits_of_this_process(settings.limits)
        relay = Relay(store, today, log, limits)
        for chore in (
            maintain(store, today, asyncio.sleep, log),
            forget(relay.gate, asyncio.sleep),
            reserve.keep(relay.gate.reserve, store, asyncio.sleep, log),
        ):
            stack.push_async_callback(_cancel, asyncio.create_task(chore))
        runner = web.ServerRunner(
            RelayServer(relay.answer, log, limits), shutdown_timeout=STOP_SECONDS
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = RelaySite(runner, listener, limits, tls)
        await site.start()
        log.started()
        stack.push_async_callback(_finish, relay, site, log)
        yield _listening(settings, listener)
    log.stopped()


async def _finish(relay: Relay, site: web.SockSite, log: RelayLog) -> None:
    """Take nothing new, and answer what is in flight.

    aiohttp's own shutdown would stop reading the bodies of requests that have begun.
    """
    log.stopping()
    relay.stop()
    await site.stop()
    await relay.drain(STOP_SECONDS)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _listening(settings: Settings, listener: socket.socket) -> Listening:
    if settings.listen.unix_path is not None:
        return Listening(f"unix:{settings.listen.unix_path}", None)
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    return Listening(f"{scheme}://{shown}:{port}", port)
