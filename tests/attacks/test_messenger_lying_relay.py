"""A relay that answers with whatever its operator likes: an error with a sentence, and no more.

No text of an error holds a key, an id or an address of a mailbox: it may end up in a log.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import traceback
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from e2etherapy.errors import (
    RelayBusy,
    RelayError,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.locator import Locator
from tests.support.liar import liar, saying
from tests.support.people import seeded

Operation = Callable[[RelayConnection], Awaitable[object]]

DRAW = seeded("keys that no error may show")
OWNED = OwnedMailbox(OwnerKey(DRAW(32)), DepositKey(DRAW(32)))
LOCATOR, TOKEN, TICKET = Locator(DRAW(32)), ClaimToken(DRAW(32)), Ticket(DRAW(32))
ALLOWANCE = Allowance(DRAW(32))
ADDRESS = OWNED.address()
SECRETS = [bytes(OWNED.owner_key), bytes(OWNED.deposit_key), bytes(ADDRESS.mailbox)]
SECRETS += [bytes(LOCATOR), bytes(TOKEN), bytes(TICKET), bytes(ALLOWANCE)]

OPERATIONS: dict[str, Operation] = {
    "issue": lambda relay: relay.issue_tickets(ALLOWANCE, [TICKET.hash()]),
    "create": lambda relay: relay.create_mailbox(OWNED, TICKET),
    "close": lambda relay: relay.close_mailbox(OWNED.owner_key),
    "deposit": lambda relay: relay.deposit(ADDRESS, bytes(ENVELOPE_SIZE)),
    "collect": lambda relay: relay.collect(OWNED.owner_key, 7),
    "acknowledge": lambda relay: relay.acknowledge(OWNED.owner_key, 7),
    "wait": lambda relay: relay.wait([(OWNED.owner_key, 7)], 0),
    "put": lambda relay: relay.put_invitation(LOCATOR, TICKET, bytes(ENVELOPE_SIZE), 3),
    "claim": lambda relay: relay.claim(LOCATOR, TOKEN),
    "confirm": lambda relay: relay.confirm_claim(LOCATOR, TOKEN),
    "health": lambda relay: relay.health(),
}
READING = ["collect", "wait", "claim", "health"]


def shown(error: BaseException) -> str:
    """Return everything that a log or a screen could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


async def failure_of(url: str, operation: str) -> RelayError:
    async with RelayConnection(url) as relay:
        with pytest.raises(RelayError) as caught:
            await OPERATIONS[operation](relay)
    text = shown(caught.value)
    for secret in SECRETS:
        assert base64url.encode(secret) not in text
        assert secret.hex() not in text
    assert str(caught.value)
    return caught.value


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - set(READING)))
async def test_a_server_that_says_yes_to_everything_has_stored_nothing(operation: str) -> None:
    """A page of a provider, or of an operator at work: what it took for stored would be lost."""
    async with liar(saying(200, b"<p>We will be back soon.</p>")) as server:
        assert isinstance(await failure_of(server.url, operation), RelayProtocolError)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, RelayRefused),
        (429, RelayBusy),
        (503, RelayBusy),
        (507, RelayFull),
        (400, RelayProtocolError),
        (401, RelayProtocolError),
        (409, RelayProtocolError),
        (418, RelayProtocolError),
        (500, RelayProtocolError),
        (201, RelayProtocolError),
        (999, RelayProtocolError),
    ],
)
async def test_each_status_is_one_error(status: int, error: type[RelayError]) -> None:
    body = b'{"type":"about:blank","title":"' + b"x" * 500 + b'"}'
    async with liar(saying(status, body)) as server:
        for operation in OPERATIONS:
            assert type(await failure_of(server.url, operation)) is error, operation


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with liar(saying(200, b"{}")) as elsewhere:
        target = elsewhere.url + "/v1/health"
        async with liar(saying(status, b"", Location=target)) as server:
            for operation in OPERATIONS:
                assert type(await failure_of(server.url, operation)) is RelayProtocolError
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"null",
        b"[]",
        b"{",
        b"\xff" * 100,
        b'{"\xff":1}',
        b'{"arrived":"0"}',
        b'{"arrived":[1.5]}',
        b'{"arrived":[' + b"9" * 5_000 + b"]}",
        b'{"x":' + b"[" * 100_000,
        b"[" * 100_000,
        bytes(ENVELOPE_SIZE - 1),
        bytes(ENVELOPE_SIZE + 1),
        b"<html>Welcome to the hotel's network</html>" * 100,
    ],
    ids=lambda body: f"{bytes(body[:12])!r} ({len(body)})",
)
async def test_garbage_is_called_an_answer_that_makes_no_sense(body: bytes) -> None:
    async with liar(saying(200, body)) as server:
        for operation in READING:
            empty_page = operation == "collect" and body == b""
            any_object = operation == "health" and body.startswith(b'{"arrived"')
            if empty_page or any_object:
                continue  # for this operation, it makes sense
            error = await failure_of(server.url, operation)
            assert type(error) is RelayProtocolError, operation


def page_of(*positions: int) -> bytes:
    return b"".join(number.to_bytes(8, "big") + bytes(ENVELOPE_SIZE) for number in positions)


@pytest.mark.parametrize(
    "page",
    [
        page_of(7),
        page_of(1),
        page_of(0),
        page_of(9, 8),
        page_of(8, 8),
        page_of(2**63),
        page_of(8)[:-1],
        page_of(8) + b"\x00",
        page_of(*range(8, 8 + 65)),
    ],
    ids=["old", "older", "zero", "falling", "twice", "beyond", "short", "long", "65"],
)
async def test_a_page_that_cannot_be_is_refused(page: bytes) -> None:
    async with liar(saying(200, page)) as server:
        assert type(await failure_of(server.url, "collect")) is RelayProtocolError


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(1_000):
                await response.write(bytes(100_000))
        return response

    async with liar(endless) as server:
        for operation in OPERATIONS:
            assert type(await failure_of(server.url, operation)) is RelayProtocolError


async def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    async with liar(saying(200, bomb, Content_Encoding="gzip")) as server:
        for operation in READING:
            assert type(await failure_of(server.url, operation)) is RelayProtocolError


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 \xff\xff \xff\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["silence", "ssh", "short", "negative", "chunks", "status", "9.9", "99999", "long", "tls"],
)
async def test_what_is_no_http_is_a_relay_that_cannot_be_reached(raw: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(raw)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for operation in ("collect", "deposit", "claim"):
            error = await failure_of(f"http://127.0.0.1:{port}", operation)
            assert type(error) in (RelayUnreachable, RelayProtocolError)


async def test_nobody_there_is_a_relay_that_cannot_be_reached() -> None:
    for url in ("http://127.0.0.1:1", "https://127.0.0.1:1", "https://relay.invalid"):
        assert type(await failure_of(url, "collect")) is RelayUnreachable


async def test_keys_travel_in_one_header_only_and_nothing_else_is_told() -> None:
    async with liar(saying(404)) as server:
        for operation in OPERATIONS:
            await failure_of(server.url, operation)
    keys = SECRETS[:2] + SECRETS[4:]
    for path, headers in zip(server.asked, server.headers, strict=True):
        assert not [key for key in keys if base64url.encode(key) in path]
        told = {name for name in headers if name not in {"Host", "Authorization"}}
        expected = {"Accept", "Accept-Encoding", "User-Agent", "Content-Type", "Content-Length"}
        assert told <= expected
        assert headers["User-Agent"] == "e2etherapy"
        for name in told:
            assert not [key for key in keys if base64url.encode(key) in headers[name]]


async def test_cookies_are_neither_kept_nor_sent() -> None:
    async with liar(saying(404, b"", Set_Cookie="who=you; Path=/")) as server:
        async with RelayConnection(server.url) as relay:
            for _ in range(2):
                with pytest.raises(RelayRefused):
                    await relay.collect(OWNED.owner_key, 0)
        assert all("Cookie" not in headers for headers in server.headers)


async def test_arrivals_are_in_order_and_each_is_counted_once() -> None:
    async with (
        liar(saying(200, b'{"arrived":[2,0,2,-1,3,0],"more":1}')) as server,
        RelayConnection(server.url) as relay,
    ):
        mailboxes = [(OwnerKey(DRAW(32)), 0) for _ in range(3)]
        assert await relay.wait(mailboxes, 0) == [0, 2]
