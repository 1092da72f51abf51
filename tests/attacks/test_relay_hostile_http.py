"""Threat R8: bytes that a proxy and the relay could read as different requests.

Whatever arrives is one documented answer for each request that there really is, or a closed
connection. A request inside of a body is a body.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.relay.limits import STANDARD
from tests.support.relays import (
    PATIENCE_SECONDS,
    Answer,
    RelayAt,
    Request,
    acknowledgement,
    collection,
    deposit,
    draw,
    envelope,
    read_answer,
    relay,
)

GET = b"GET /v1/health HTTP/1.1\r\n"
HOST = b"Host: relay\r\n"
LAST = GET + HOST + b"Connection: close\r\n\r\n"
SMUGGLED = b"<smuggled>"
"""Stands for a request that would delete an envelope, if it were taken for one."""
CHUNKED = b"Transfer-Encoding: chunked\r\n"
KEY = b"Authorization: Owner " + b"A" * 43 + b"\r\n"
JSON = b"Content-Type: application/json\r\n"
WAIT = b'{"after":[0],"seconds":0}'


def head(*lines: bytes) -> bytes:
    return GET + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /v1/wait HTTP/1.1\r\n" + HOST + b"".join(headers) + b"\r\n" + body


def sized(size: bytes, body: bytes = b"hello" + SMUGGLED) -> bytes:
    return post(b"Content-Length: " + size + b"\r\n", body=body)


def coded(*codings: bytes) -> bytes:
    lines = [b"Transfer-Encoding:" + coding + b"\r\n" for coding in codings]
    return post(*lines, body=b"0\r\n\r\n" + SMUGGLED)


def chunks(body: bytes) -> bytes:
    return post(KEY, JSON, CHUNKED, body=body + SMUGGLED)


LENGTH_5 = b"Content-Length: 5\r\n"
TWO_READINGS = {
    "a length, then chunks": post(LENGTH_5, CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks, then a length": post(CHUNKED, LENGTH_5, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks and no coding": coded(b" chunked", b" identity"),
    "chunks twice": coded(b" chunked", b" chunked"),
    "chunks in chunks": coded(b" chunked, chunked"),
    "chunks of something coded": coded(b" gzip, chunked"),
    "something coded of chunks": coded(b" chunked, gzip"),
    "no coding": coded(b" identity"),
    "an unknown coding": coded(b" xchunked"),
    "a coding behind a vertical tab": coded(b" \x0bchunked"),
    "a coding in a folded line": coded(b"\r\n chunked"),
    "a space before the colon": post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n"),
    "chunks in HTTP/1.0": coded(b" chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a length twice": post(LENGTH_5, LENGTH_5, body=b"hello" + SMUGGLED),
    "two lengths": post(b"Content-Length: 0\r\n", LENGTH_5, body=b"hello" + SMUGGLED),
    "a list of lengths": sized(b"5, 5"),
    "a length with a sign": sized(b"+5"),
    "a length below nothing": sized(b"-5"),
    "a length in hexadecimal": sized(b"0x5"),
    "a length with an underscore": sized(b"1_0"),
    "an empty length": sized(b""),
    "a length beyond 64 bits": sized(b"9" * 30),
    "a length in a folded line": sized(b"\r\n 5"),
    "a length behind a space": post(b"Content-Length : 5\r\n", body=b"hello" + SMUGGLED),
    "a line that ends early": head(b"X: a\nContent-Length: 5"),
    "a line that ends with a carriage return": head(b"X: a\rContent-Length: 5"),
    "a folded line": head(b"X: a", b" b"),
    "lines that end without a carriage return": LAST.replace(b"\r\n", b"\n"),
    "lines that end without a line feed": LAST.replace(b"\r\n", b"\r"),
    "a chunk that is longer than it says": chunks(b"5\r\nhelloX\r\n0\r\n\r\n"),
    "a chunk below nothing": chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk with a prefix": chunks(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a chunk with a space": chunks(b"5 \r\nhello\r\n0\r\n\r\n"),
    "a chunk beyond 64 bits": chunks(b"F" * 17 + b"\r\nhello\r\n0\r\n\r\n"),
    "chunks that end without a carriage return": chunks(b"5\nhello\n0\n\n"),
    "an extension that ends without one": chunks(b"5;\nhello\r\n0\r\n\r\n"),
    "a length in a trailer": chunks(b"0\r\nContent-Length: 50\r\n\r\n"),
    "more trailers than headers": chunks(b"0\r\n" + b"X: a\r\n" * 1_000 + b"\r\n"),
    "an endless trailer": chunks(b"0\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
    "no host": GET + b"\r\n",
    "two hosts": head(b"Host: other"),
    "a host that is a path": LAST.replace(b"relay", b"relay/v1/wait"),
    "a host with somebody's name": LAST.replace(b"relay", b"robin@relay"),
    "a host with a space": LAST.replace(b"relay", b"relay other"),
    "a host that is not ASCII": LAST.replace(b"relay", b"r\xe9lay"),
    "a fragment": LAST.replace(b"health", b"health#here"),
    "an empty fragment": LAST.replace(b"health", b"health#"),
    "no slash": LAST.replace(b"/v1", b"v1"),
    "a place without a path": LAST.replace(b"/v1/health", b"relay:443"),
    "a path that is not ASCII": LAST.replace(b"health", b"h\xc3\xa4lth"),
    "a method in small letters": LAST.replace(b"GET", b"get"),
    "tabs between the words": LAST.replace(b" /v1/health ", b"\t/v1/health\t"),
    "a space after the version": LAST.replace(b"HTTP/1.1", b"HTTP/1.1 "),
    "HTTP/0.9": b"GET /v1/health\r\n\r\n",
    "HTTP/1.2": LAST.replace(b"1.1", b"1.2"),
    "HTTP/2.0": LAST.replace(b"1.1", b"2.0"),
    "HTTP/9": LAST.replace(b"1.1", b"9"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "a greeting of TLS": bytes.fromhex("16030100c8010000c40303") + bytes(100),
    "a zero byte in a value": head(b"X: a\x00b"),
    "a zero byte in a name": head(b"X\x00: a"),
    "a name that is not ASCII": head(b"X\xe9: a"),
    "a name with a space": head(b"X Y: a"),
    "no name": head(b": a"),
    "no colon": head(b"name"),
    "a space before the first header": GET + b" Host: relay\r\n\r\n",
    "two content types": post(KEY, JSON, JSON, LENGTH_5, body=b"hello"),
    "something after a request without a body": head() + b"junk\r\n\r\n",
}

SOUND: dict[str, tuple[bytes, list[int]]] = {
    "two requests in one segment": (head() + head(), [200, 200]),
    "answers in the order of requests": (
        LAST.replace(b"Connection: close\r\n", b"").replace(b"/health", b"/nothing")
        + post(LENGTH_5, body=b"hello")
        + head(),
        [404, 401, 200],
    ),
    "a request in the body of one that has none": (
        head(b"Content-Length: 10") + SMUGGLED,
        [413],
    ),
    "a request in a refused body": (post(JSON, b"Content-Length: 10\r\n", body=SMUGGLED), [401]),
    "a request in a body": (post(KEY, JSON, b"Content-Length: 10\r\n", body=SMUGGLED), [400]),
    "a request in a chunk": (
        post(KEY, JSON, CHUNKED, body=b"a\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
        [400],
    ),
    "chunks behind a tab": (
        post(KEY, JSON, b"Transfer-Encoding:\tchunked\r\n", body=b"0\r\n\r\n"),
        [400],
    ),
    "an extension of a chunk": (
        post(KEY, JSON, CHUNKED, body=b"19;a=b\r\n" + WAIT + b"\r\n0\r\n\r\n"),
        [200],
    ),
    "a long extension of a chunk": (
        post(KEY, JSON, CHUNKED, body=b"19;" + b"a" * 100_000 + b"\r\n" + WAIT + b"\r\n0\r\n\r\n"),
        [200],
    ),
    "a trailer": (
        post(KEY, JSON, CHUNKED, body=b"19\r\n" + WAIT + b"\r\n0\r\nX: a\r\n\r\n"),
        [200],
    ),
    "a whole URL": (head().replace(b"/v1", b"https://other/v1"), [200]),
    "dots in a path": (head().replace(b"/v1", b"/v1/../v1"), [404]),
    "an empty host": (GET + b"Host:\r\n\r\n", [200]),
    "a value that is not ASCII": (head(b"X: \xff\xfe"), [200]),
    "a key that is not ASCII": (
        post(b"Authorization: Owner \xff\xfe\r\n", JSON, LENGTH_5, body=b"hello"),
        [400],
    ),
    "two keys": (post(KEY, KEY, JSON, LENGTH_5, body=b"hello"), [400]),
    "an unknown expectation": (head(b"Expect: tea"), [200]),
    "empty lines before": (b"\r\n\r\n" + head(), [200]),
    "UTF-16": (
        post(KEY, JSON, b"Content-Length: 52\r\n", body=WAIT.decode().encode("utf-16")),
        [400],
    ),
    "a mark of the byte order": (
        post(KEY, JSON, b"Content-Length: 28\r\n", body=b"\xef\xbb\xbf" + WAIT),
        [400],
    ),
    "a body that says it is not encoded": (
        post(KEY, JSON, b"Content-Encoding: identity\r\nContent-Length: 25\r\n", body=WAIT),
        [415],
    ),
}
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
PROTOCOLS = {
    "HTTP/2": (
        head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA"),
        200,
    ),
    "a websocket": (head(UPGRADE[:-2], b"Sec-WebSocket-Key: AAAA"), 200),
    "a websocket, with a body": (post(UPGRADE, b"Content-Length: 10\r\n", body=SMUGGLED), 401),
    "a protocol that nobody knows": (head(b"Connection: Upgrade", b"Upgrade: tea"), 200),
    "a tunnel": (b"CONNECT relay:443 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
}
OVERSIZED = {
    "a target": LAST.replace(b"health", b"a" * 1_000_000),
    "a method": b"A" * 1_000_000,
    "a version": GET[:-2] + b"1" * 1_000_000,
    "a header's value": head(b"X: " + b"a" * 1_000_000),
    "a header's name": head(b"a" * 1_000_000 + b": a"),
    "a key": head(b"Authorization: Owner " + b"A" * 1_000_000),
    "a list of keys": post(KEY[:-2] + b"," + b",".join([b"A" * 43] * 1_000) + b"\r\n", body=b""),
    "100,000 headers": head(*(b"X-%d: a" % number for number in range(100_000))),
}


UNWANTED = replace(
    deposit(OwnedMailbox.generate(draw), envelope("a")), headers={"Expect": "100-continue"}
)


@dataclass(frozen=True)
class Victim:
    """A relay with an envelope that somebody wants deleted."""

    at: RelayAt
    owned: OwnedMailbox

    def bytes_of(self, raw: bytes) -> bytes:
        """Put a request in that would delete the envelope, and say its length."""
        request = acknowledgement(self.owned, 1).encode()
        length = b"Content-Length: %d\r\n" % len(request)
        chunk = b"%x\r\n" % len(request) + SMUGGLED
        raw = raw.replace(b"Content-Length: 10\r\n", length).replace(b"a\r\n" + SMUGGLED, chunk)
        return raw.replace(SMUGGLED, request)

    async def still_has_it(self) -> bool:
        page = await self.at.send(collection(self.owned))
        return len(api.unpack_page(page.body)) == 1


@asynccontextmanager
async def victim(folder: Path) -> AsyncIterator[Victim]:
    async with relay(folder) as at:
        owned = await at.mailbox()
        await at.send(deposit(owned, envelope("kept")))
        yield Victim(at, owned)
        assert await Victim(at, owned).still_has_it()
        events = [json.loads(line)["event"] for line in at.log.getvalue().splitlines()]
        assert set(events) <= {"started", "expired"}


async def answers_until_the_end(at: RelayAt, raw: bytes) -> list[Answer]:
    """Send bytes and read until the relay closes the connection; then take the answers apart."""
    said = asyncio.StreamReader()
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(raw)
        with contextlib.suppress(ConnectionError):  # it may not read all of what it refuses
            while some := await reader.read(65_536):
                said.feed_data(some)
        writer.close()
    said.feed_eof()
    found = []
    while not said.at_eof():
        found.append(await read_answer(said))
    return found


@pytest.mark.parametrize("raw", TWO_READINGS.values(), ids=TWO_READINGS)
async def test_what_could_be_read_in_two_ways_is_refused_and_nothing_after_it_is_believed(
    tmp_path: Path, raw: bytes
) -> None:
    async with victim(tmp_path) as there:
        answers = await answers_until_the_end(there.at, there.bytes_of(raw) + LAST)
    assert [(answer.status, answer.json["title"]) for answer in answers] == [(400, "Bad request")]


@pytest.mark.parametrize(("raw", "statuses"), SOUND.values(), ids=SOUND)
async def test_each_request_that_there_is_has_one_answer_and_a_body_is_no_request(
    tmp_path: Path, raw: bytes, statuses: list[int]
) -> None:
    async with victim(tmp_path) as there:
        answers = await answers_until_the_end(there.at, there.bytes_of(raw) + LAST)
    assert [answer.status for answer in answers] == [*statuses, 200]


@pytest.mark.parametrize(("raw", "status"), PROTOCOLS.values(), ids=PROTOCOLS)
async def test_whoever_asks_for_another_protocol_is_answered_in_this_one_and_nothing_after_it(
    tmp_path: Path, raw: bytes, status: int
) -> None:
    async with victim(tmp_path) as there:
        answers = await answers_until_the_end(there.at, there.bytes_of(raw + SMUGGLED) + LAST)
    assert [answer.status for answer in answers] == [status]


@pytest.mark.parametrize("raw", OVERSIZED.values(), ids=OVERSIZED)
async def test_what_is_larger_than_anything_needed_is_refused_or_not_read(
    tmp_path: Path, raw: bytes
) -> None:
    async with victim(tmp_path) as there:
        answers = await answers_until_the_end(there.at, raw + LAST)
    assert [answer.status for answer in answers] in ([400], [])


async def test_http_1_0_is_answered_and_its_connection_closed(tmp_path: Path) -> None:
    async with victim(tmp_path) as there:
        raw = b"GET /v1/health HTTP/1.0\r\n\r\n"
        assert [answer.status for answer in await answers_until_the_end(there.at, raw)] == [200]


async def test_whoever_waits_to_be_asked_for_a_body_is_asked(tmp_path: Path) -> None:
    async with relay(tmp_path) as at, asyncio.timeout(PATIENCE_SECONDS):
        owned = await at.mailbox()
        request = replace(deposit(owned, envelope("a")), headers={"Expect": "100-continue"})
        first, _, body = request.encode().partition(b"\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(first + b"\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await read_answer(reader)).status == 204
        writer.close()


@pytest.mark.parametrize(
    ("unwanted", "status"),
    [
        (replace(UNWANTED, authorization=None), 401),
        (replace(UNWANTED, content_type="text/plain"), 415),
        (replace(UNWANTED, path="/v1"), 404),
        (replace(UNWANTED, body=bytes(16_385)), 413),
    ],
    ids=["no key", "another type", "no operation", "too long"],
)
async def test_nobody_is_asked_for_a_body_that_is_not_wanted(
    tmp_path: Path, unwanted: Request, status: int
) -> None:
    head_alone = unwanted.encode().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    async with relay(tmp_path) as at:
        assert (await at.send(head_alone)).status == status


async def test_a_chunk_that_is_announced_for_ever_ends_with_the_time_of_a_body(
    tmp_path: Path,
) -> None:
    request = Request("POST", "/v1/wait", "Owner " + "A" * 43, None, api.JSON)
    raw = replace(request, headers={"Transfer-Encoding": "chunked"}).encode() + b"5;"
    async with relay(tmp_path, limits=replace(STANDARD, body_seconds=0.2)) as at:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(raw)
            answer = asyncio.ensure_future(read_answer(reader))
            while not answer.done():
                writer.write(b"x")
                await asyncio.wait([answer], timeout=0.01)
            assert (answer.result().status, answer.result().json["detail"]) == (
                400,
                "The body took too long to arrive.",
            )
            writer.close()
