"""What a command's event loop says of connections that nobody waits for any more."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from e2etherapy.cli import event_loop

_LOST = "Future exception was never retrieved"


@pytest.fixture(autouse=True)
def _heeding_ctrl_c() -> Iterator[None]:
    """Whoever runs the tests may have had Ctrl-C ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


class _Connection(asyncio.Protocol):
    """As asyncpg's while it asks a server for TLS: its loss is an exception of a future."""

    def __init__(self, signalled: signal.Signals | None) -> None:
        self._signalled = signalled
        self._answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._signalled is None:
            transport.close()
        else:
            os.kill(os.getpid(), self._signalled)

    def connection_lost(self, exc: Exception | None) -> None:
        self._answer.set_exception(exc or ConnectionError("lost"))


async def _connected(port: int, signalled: signal.Signals | None = None) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: _Connection(signalled), "127.0.0.1", port)
    await asyncio.sleep(0.01)


def test_ctrl_c_while_a_connection_is_made_is_all_that_happened(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(KeyboardInterrupt):
            event_loop.run(_connected(port, signal.SIGINT))
    gc.collect()
    assert caplog.messages == []


def test_a_connection_that_is_lost_without_it_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        event_loop.run(_connected(silent.getsockname()[1]))
    gc.collect()
    assert [message.splitlines()[0] for message in caplog.messages] == [_LOST]


def test_what_else_goes_wrong_after_ctrl_c_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def failing() -> None:
        asyncio.get_running_loop().create_future().set_exception(LookupError("no such thing"))
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        event_loop.run(failing())
    gc.collect()
    assert [message.splitlines()[0] for message in caplog.messages] == [_LOST]


def test_its_result_is_the_works() -> None:
    async def work() -> int:
        return 7

    assert event_loop.run(work()) == 7
