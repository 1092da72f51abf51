"""Running a relay: the process from its first line to its last.

For example ``serve(Settings(parse_listen_address("127.0.0.1:8700"), Path("relay.db")))``.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from e2etherapy.relay import reserve
from e2etherapy.relay.app import Relay
from e2etherapy.relay.clock import SteadyDays, Today, system_today
from e2etherapy.relay.database import open_store, served
from e2etherapy.relay.http import RelayServer
from e2etherapy.relay.limits import LAST_SECONDS, limits_of_this_process
from e2etherapy.relay.listening import ListenAddress, bind, check_exposure
from e2etherapy.relay.log import RelayLog, silence_libraries
from e2etherapy.relay.maintenance import forget, maintain
from e2etherapy.relay.observed import Observed
from e2etherapy.relay.reloading import Reloading, Running
from e2etherapy.relay.settings import MetricsSettings, Settings
from e2etherapy.relay.site import RelaySite
from e2etherapy.relay.store import Store
from e2etherapy.relay.tls import CurrentCertificate


class Listening(msgspec.Struct, frozen=True, tag="listening", tag_field="event"):
    """What a relay prints as one line of JSON once it can be reached."""

    url: str
    """``http(s)://HOST:PORT``, or ``unix:PATH``."""
    port: int | None
    """None for a Unix socket."""


_SWITCH_SECONDS = 0.00005
"""How long a thread waits for the interpreter before the one that has it must hand it over.

With Python's 5 ms, the thread that writes stood still until the event loop had done all that it
had to do, and the loop then stood still until that was written (docs/decisions/0020).
"""


def print_json(listening: Listening) -> None:
    """Say where a relay listens to a script that reads standard output."""
    print(msgspec.json.encode(listening).decode(), flush=True)  # noqa: T201 - for a script


def serve(
    settings: Settings,
    reread: Callable[[], Settings] | None = None,
    announce: Callable[[Listening], None] = print_json,
    log: RelayLog | None = None,
) -> None:
    """Run a relay in this process until SIGTERM or SIGINT, then stop in order.

    SIGHUP makes it take up certificate and limits anew.

    Args:
        settings: what it is started with.
        reread: returns what SIGHUP makes it take up; without one, that is from the same files.
        announce: is told when it can be reached; prints one line of JSON (see Listening) to
            standard output.
        log: by default JSON on standard error.

    Raises:
        RelaySetupError: it cannot run like this; nothing was changed.
    """
    log = log or RelayLog(sys.stderr, system_today)
    silence_libraries(log)
    reloading = Reloading(reread or (lambda: settings), log)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        runner.run(_serve_until_signal(settings, reloading, log, announce))


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's factory, or asyncio's on a system for which uvloop is not made."""
    try:
        import uvloop  # noqa: PLC0415 - may be absent
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve_until_signal(
    settings: Settings,
    reloading: Reloading,
    log: RelayLog,
    announce: Callable[[Listening], None],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Held back until the relay runs: the signal would end the process otherwise.
    loop.add_signal_handler(signal.SIGHUP, reloading.now)
    days = SteadyDays(log.clock_disputed)
    async with running(settings, log, days.today, reloading) as listening:
        announce(listening)
        await stop.wait()


@asynccontextmanager
async def running(
    settings: Settings, log: RelayLog, today: Today, reloading: Reloading | None = None
) -> AsyncIterator[Listening]:
    """Have a relay run in this event loop; leaving the context stops it in order.

    What is in flight is answered, whoever waits is woken, then everything is closed.

    Raises:
        RelaySetupError: it cannot run like this; nothing was changed.
    """
    check_exposure(settings.listen, settings.certificate, behind_proxy=settings.behind_proxy)
    tls = CurrentCertificate(settings.certificate) if settings.certificate else None
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(served(settings.database))
        listener = stack.enter_context(bind(settings.listen))
        _remove_afterwards(settings.listen, stack)
        store = await open_store(settings.database)
        stack.push_async_callback(store.close)
        limits = limits_of_this_process(settings.limits)
        relay = Relay(store, today, log, limits)
        for chore in _chores(relay, store, today, log):
            stack.push_async_callback(_cancel, asyncio.create_task(chore))
        server = RelayServer(relay.answer, log, limits)
        await _show_metrics(settings.metrics, Observed(relay, server, store), log, stack)
        runner = web.ServerRunner(server, shutdown_timeout=LAST_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = RelaySite(runner, listener, limits, tls.context if tls else None)
        await site.start()
        if reloading is not None:
            reloading.attach(Running(settings, relay, server, tls))
        log.started()
        stack.push_async_callback(_finish, relay, site, log, settings.stop_seconds)
        yield _listening(settings, listener)
    log.stopped()


async def _show_metrics(
    settings: MetricsSettings | None,
    observed: Observed,
    log: RelayLog,
    stack: contextlib.AsyncExitStack,
) -> None:
    if settings is None:
        return
    # Loaded only where it is asked for.
    from e2etherapy.relay.metrics import MetricsListener, MetricsPage  # noqa: PLC0415

    page = MetricsPage(observed, settings.seconds)
    runner = await MetricsListener(page, settings, log).start()
    stack.push_async_callback(runner.cleanup)
    _remove_afterwards(settings.listen, stack)


def _remove_afterwards(listen: ListenAddress, stack: contextlib.AsyncExitStack) -> None:
    """Let the name of a Unix socket be gone once nobody listens there."""
    if listen.unix_path is not None:
        stack.callback(listen.unix_path.unlink, missing_ok=True)


def _chores(
    relay: Relay, store: Store, today: Today, log: RelayLog
) -> Iterator[Coroutine[None, None, None]]:
    """Yield what goes on beside the requests."""
    yield maintain(store, today, asyncio.sleep, log, relay.counts)
    yield forget(relay.gate, asyncio.sleep)
    yield reserve.keep(relay.gate.reserve, store, asyncio.sleep, log)


async def _finish(relay: Relay, site: web.SockSite, log: RelayLog, seconds: float) -> None:
    """Take nothing new, and answer what is in flight.

    aiohttp's own shutdown would stop reading the bodies of requests that have begun.
    """
    log.stopping()
    relay.stop()
    await site.stop()
    await relay.drain(seconds)


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
