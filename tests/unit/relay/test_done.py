"""A 204 that lies ready says what the HTTP library would say, and leaves the connection alike."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from e2etherapy.relay import routes
from e2etherapy.relay.done import Done
from tests.support.relays import PATIENCE_SECONDS, RelayAt, acknowledgement, relay

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

CONNECTIONS = {
    "one that goes on": (b"HTTP/1.1", b""),
    "one that is to end": (b"HTTP/1.1", b"Connection: close\r\n"),
    "an old one": (b"HTTP/1.0", b""),
    "an old one that goes on": (b"HTTP/1.0", b"Connection: keep-alive\r\n"),
}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


async def acknowledging(at: RelayAt, version: bytes, header: bytes) -> bytes:
    usual = acknowledgement(await at.mailbox(), 1).encode()
    line, closing = b" HTTP/1.1\r\n", b"Connection: close\r\n"
    assert usual.count(line) == usual.count(closing) == 1
    return usual.replace(closing, header).replace(line, b" %b\r\n" % version)


async def said(at: RelayAt, request: bytes) -> tuple[list[bytes], bytes]:
    """Send a request twice on one connection; return what its answers say, and their date."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(request)
        heads = await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):  # it has ended
            writer.write(request)
            heads += await reader.readuntil(b"\r\n\r\n")
        writer.close()
    date = heads.partition(b"\r\nDate: ")[2].partition(b"\r\n")[0]
    return re.sub(b"Date: [^\r]+", b"Date: some", heads).split(b"\r\n"), date


@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_it_is_what_the_library_would_send(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    version, header = CONNECTIONS[kind]
    request = await acknowledging(at, version, header)
    own, date = await said(at, request)
    monkeypatch.setattr(routes, "Done", lambda: web.Response(status=204))
    librarys, librarys_date = await said(at, request)
    assert own == librarys
    assert own.count(version + b" 204 No Content") == (2 if "goes on" in kind else 1)
    apart = parsedate_to_datetime(librarys_date.decode()) - parsedate_to_datetime(date.decode())
    assert 0 <= apart.total_seconds() < PATIENCE_SECONDS
    assert len(date) == len(librarys_date)


async def test_a_relay_that_stops_says_so(at: RelayAt, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending(Done):
        def __init__(self) -> None:
            super().__init__()
            self.force_close()

    monkeypatch.setattr(routes, "Done", Ending)
    lines, _ = await said(at, await acknowledging(at, b"HTTP/1.1", b""))
    assert lines.count(b"HTTP/1.1 204 No Content") == 1
    assert b"Connection: close" in lines


async def test_it_is_waited_for_until_it_is_taken() -> None:
    taken, sent = asyncio.Event(), list[bytes]()

    class Transport(asyncio.Transport):
        def is_closing(self) -> bool:
            return False

        def write(self, data: object) -> None:
            sent.append(cast("bytes", data))

    class Writer:
        drain = staticmethod(taken.wait)

    writer = cast("AbstractStreamWriter", Writer())
    request = make_mocked_request("DELETE", "/", writer=writer, transport=Transport())
    preparing = asyncio.create_task(Done().prepare(request))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(sent) == 1
    assert not preparing.done()
    taken.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await preparing
    assert len(sent) == 1
