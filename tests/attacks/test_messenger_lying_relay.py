"""A relay that answers with whatever its operator likes: an error with a sentence, and no more.

No text of an error holds a key, an id or an address of a mailbox: it may end up in a log.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from e2etherapy.errors import (
    InvitationMismatch,
    InvitationUnavailable,
    RelayError,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.batch import BatchedOperation, BatchResult
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositAddress,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from e2etherapy.mailbox.operations import MAX_PAGE, StoredEnvelope
from e2etherapy.messenger import collecting
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.session import states
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.locator import Locator
from tests.support.devices import Line, record_of, texts, two
from tests.support.people import seeded

SAM, OKAFOR = "Sam", "Dr. Okafor"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
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


@dataclass
class Liar:
    """A server that gives one answer to everything, and remembers what it was asked."""

    answer: Answer
    url: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        return await self.answer(request)


@contextlib.asynccontextmanager
async def liar(answer: Answer) -> AsyncIterator[Liar]:
    made = Liar(answer)
    app = web.Application(client_max_size=2**21)
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


def saying(status: int, body: bytes = b"", **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return answer


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
        (429, RelayUnreachable),
        (503, RelayUnreachable),
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


class Endless(RelayConnection):
    """Says of every mailbox that there is one more page."""

    pages = 0

    async def collect(self, owner_key: OwnerKey, after: int) -> list[StoredEnvelope]:
        type(self).pages += 1
        assert self.pages < 9, "this goes on without end"
        await super().collect(owner_key, after)
        positions = range(after + 1, after + 1 + MAX_PAGE)
        return [StoredEnvelope(position, DRAW(ENVELOPE_SIZE)) for position in positions]

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        await super().wait(mailboxes, seconds)
        return [*range(len(mailboxes))]


async def test_a_relay_that_always_has_one_more_page_does_not_hold_a_sync_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MAILBOX_CAPACITY", 2 * MAX_PAGE)
    async with two(tmp_path, turns=2) as pair:
        await pair.client.__aexit__()
        pair.client_home.connect = Endless
        pair.client = await pair.client_home.open()
        for number in (1, 2):
            report = await pair.client.sync()
            assert sum(notice.count for notice in report.notices) == 2 * MAX_PAGE
            assert Endless.pages == 2 * number


class Replaying(RelayConnection):
    """Says of every mailbox twice that it has news, and shows the first page again and again."""

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        await super().wait(mailboxes, seconds)
        return [*range(len(mailboxes)), *range(len(mailboxes))]

    first: list[StoredEnvelope]

    async def collect(self, owner_key: OwnerKey, after: int) -> list[StoredEnvelope]:
        page = await super().collect(owner_key, after)
        if page and not hasattr(type(self), "first"):
            type(self).first = page
        if page or after > 9:
            return page
        return [StoredEnvelope(after + 1, type(self).first[0].envelope)]


async def test_a_mailbox_that_is_named_twice_does_not_set_a_state_back(tmp_path: Path) -> None:
    class Here(Replaying):
        pass

    async with two(tmp_path, met=False, therapist_connect=Here) as pair:
        link = (await pair.therapist.invite(SAM)).link
        await pair.client.join(link)
        for words in ("one", "two", "three"):
            await pair.client.send(OKAFOR, words)
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: 3}
        assert [notice.event for notice in report.notices] == [EventName.CONVERSATION_ESTABLISHED]
        state = states.dump((await record_of(pair.therapist, SAM)).state)
        await pair.therapist.sync()
        assert states.dump((await record_of(pair.therapist, SAM)).state) == state
        assert await texts(pair.therapist, SAM) == ["one", "two", "three"]


async def test_the_wrong_invitation_is_noticed_and_uses_nothing_up(tmp_path: Path) -> None:
    swapped: list[bytes] = []

    class Swapping(RelayConnection):
        async def claim(self, locator: Locator, token: ClaimToken) -> bytes:
            sealed = await super().claim(locator, token)
            return swapped.pop() if swapped else sealed

    async with two(tmp_path, met=False, client_connect=Swapping) as pair:
        link = (await pair.therapist.invite(SAM)).link
        swapped += [bytes(ENVELOPE_SIZE), DRAW(ENVELOPE_SIZE)]
        for _ in range(2):
            with pytest.raises(InvitationMismatch, match="Nothing was sent"):
                await pair.client.join(link)
        assert await pair.client.conversations() == []
        await pair.client.join(link)
        assert (await pair.therapist.sync()).notices


async def test_an_invitation_that_the_relay_does_not_know_says_what_to_do(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite(SAM)).link
        other = link.rpartition("#")[0] + "#" + base64url.encode(DRAW(32))
        with pytest.raises(InvitationUnavailable, match="ask your therapist for a new one"):
            await pair.client.join(other)
        await pair.client.join(link)
        with pytest.raises(InvitationUnavailable):
            await pair.client.join(link)


async def test_a_ticket_that_the_relay_does_not_take_leaves_no_conversation(
    tmp_path: Path,
) -> None:
    """The next invitation can then be joined under the same name."""

    class Refusing(RelayConnection):
        refusing = True

        async def create_mailbox(self, mailbox: OwnedMailbox, ticket: Ticket) -> None:
            if Refusing.refusing:
                raise RelayRefused("The relay has nothing here for this key.")
            await super().create_mailbox(mailbox, ticket)

    async with two(tmp_path, met=False, client_connect=Refusing) as pair:
        link = (await pair.therapist.invite(SAM)).link
        with pytest.raises(InvitationUnavailable, match="new invitation"):
            await pair.client.join(link)
        assert await pair.client.conversations() == []
        Refusing.refusing = False
        await pair.client.join((await pair.therapist.invite("Sam anew")).link)
        assert (await pair.therapist.sync()).notices


async def test_a_full_mailbox_keeps_what_waits_and_tells_of_it(tmp_path: Path) -> None:
    class Full(RelayConnection):
        full = False

        async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
            if Full.full:
                raise RelayFull("The relay has no room for this now.")
            await super().deposit(address, envelope)

        async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
            if Full.full:
                return [BatchResult(507) for _ in batched]
            return await super().batch(batched)

    async with two(tmp_path, turns=2, client_connect=Full) as pair:
        Full.full = True
        report = await pair.client.send(OKAFOR, "patience")
        assert report.state == "on_device"
        assert report.problem is not None
        assert report.problem.startswith("The relay has no room for this now")
        synced = await pair.client.sync()
        assert [notice.event for notice in synced.notices] == [EventName.DELIVERY_REFUSED]
        assert synced.unsent == 2
        Full.full = False
        assert (await pair.client.sync()).unsent == 0
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def test_a_mailbox_that_is_gone_is_told_of_and_the_others_go_on(tmp_path: Path) -> None:
    gone: set[bytes] = set()

    class Forgetful(RelayConnection):
        async def wait(
            self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float
        ) -> list[int]:
            arrived = await super().wait(mailboxes, seconds)
            forgotten = [i for i, (key, _) in enumerate(mailboxes) if bytes(key) in gone]
            return sorted({*arrived, *forgotten})

        async def collect(self, owner_key: OwnerKey, after: int) -> list[StoredEnvelope]:
            if bytes(owner_key) in gone:
                raise RelayRefused("The relay has nothing here for this key.")
            return await super().collect(owner_key, after)

        async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
            results = await super().batch(batched)
            return [
                BatchResult(404) if bytes(operation.key) in gone else result
                for operation, result in zip(batched, results, strict=True)
            ]

    async with two(tmp_path, turns=2, therapist_connect=Forgetful) as pair:
        invitation = await pair.therapist.invite("Other")
        await pair.client.join(invitation.link, "Dr. O again")
        gone.add(bytes((await record_of(pair.therapist, SAM)).mailbox.owner_key))
        await pair.client.send(OKAFOR, "lost on a forgetful relay")
        await pair.client.send("Dr. O again", "arrives")
        report = await pair.therapist.sync()
        assert report.arrived == {"Other": 1}
        assert EventName.DELIVERY_REFUSED in [notice.event for notice in report.notices]


async def test_nonsense_of_one_relay_does_not_stop_another(tmp_path: Path) -> None:
    async with (
        two(tmp_path / "one", turns=2) as pair,
        liar(saying(200, b"nonsense")) as server,
    ):
        await pair.client.join((await pair.therapist.invite("Sam, liar's")).link, "A first")
        # The relay of the older conversation is now one that lies.
        await pair.client.device.vault.db.write(
            [("UPDATE conversation SET relay = ? WHERE name = 'A first'", ((server.url,),))]
        )
        await pair.therapist.send(SAM, "from an honest relay")
        report = await pair.client.sync()
        assert report.arrived == {OKAFOR: 1}
        assert report.problem is not None
        assert "makes no sense" in report.problem
        with pytest.raises(RelayProtocolError):
            await pair.client.sync()


async def test_what_arrived_before_the_line_was_cut_is_reported(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        await pair.client.send(OKAFOR, "hello")
        reports = []
        for call in range(1, 5):
            line.cut(call, after_effect=True)
            with contextlib.suppress(RelayUnreachable):
                reports.append(await pair.therapist.sync())
            line.mend()
        assert sum(report.arrived.get(SAM, 0) for report in reports) == 1
        assert (await texts(pair.therapist, SAM))[-1] == "hello"
