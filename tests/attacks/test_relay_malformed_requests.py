"""Whatever arrives, the relay answers a problem and goes on: malformed, oversized, never whole."""

from __future__ import annotations

import asyncio
import string
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import OwnedMailbox
from tests.support.relays import (
    PATIENCE_SECONDS,
    Answer,
    RelayAt,
    Request,
    collection,
    deposit,
    draw,
    envelope,
    read_answer,
    relay,
)

KEY = "A" * 43
NAMES = [
    "",
    "v1",
    "tickets",
    "mailboxes",
    "envelopes",
    "wait",
    "invitations",
    "claim",
    KEY,
    "health",
]
SCHEMES = ["Owner", "Deposit", "Ticket", "Allowance", "Claim", "Basic"]
BODIES = [b"{}", b"[]", b'{"after":[0],"seconds":0}', b'{"ticket_hashes":[]}', envelope("a")]

segments = st.one_of(st.sampled_from(NAMES), st.text(string.printable.strip(), max_size=8))
paths = st.one_of(
    st.lists(segments, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    st.text(st.characters(codec="latin-1"), max_size=40),
)
queries = st.one_of(
    st.just(""),
    st.sampled_from(["?after=0&limit=1", "?through=1", "?days=3", "?", "?&&", "?after"]),
    st.text(string.printable.strip(), max_size=20).map("?{}".format),
)
authorizations = st.one_of(
    st.builds("{} {}".format, st.sampled_from(SCHEMES), st.sampled_from([KEY, f"{KEY},{KEY}", ""])),
    st.text(st.characters(codec="latin-1"), max_size=60),
)
header_names = st.one_of(
    st.sampled_from(["Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "Connection"]),
    st.text(st.characters(codec="latin-1"), max_size=12),
)
header_values = st.one_of(
    st.sampled_from(["0", "7", "16385", "-1", "chunked", "100-continue", "websocket", "upgrade"]),
    st.text(st.characters(codec="latin-1"), max_size=20),
)
methods = st.one_of(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "CONNECT", "TRACE"]),
    st.text(string.printable.strip(), max_size=8),
)


@st.composite
def almost_http(draw_: st.DrawFn) -> bytes:
    """Return something between a right request and noise."""
    body = draw_(st.one_of(st.sampled_from(BODIES), st.binary(max_size=64)))
    types = st.sampled_from([api.JSON, api.BINARY, "text/plain", "a/b; charset=\x00"])
    lines = [f"{draw_(methods)} {draw_(paths)}{draw_(queries)} HTTP/1.1", "Host: relay"]
    lines += [f"Authorization: {value}" for value in draw_(st.lists(authorizations, max_size=2))]
    lines += [f"Content-Type: {value}" for value in draw_(st.lists(types, max_size=1))]
    pairs = draw_(st.lists(st.tuples(header_names, header_values), max_size=3))
    lines += [f"{name}: {value}" for name, value in pairs]
    if draw_(st.booleans()):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def answers_to(at: RelayAt, raw: bytes) -> list[Answer]:
    """Send bytes, close that direction, and read every answer that comes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(raw)
        writer.write_eof()
        found = []
        try:
            while not reader.at_eof():
                found.append(await read_answer(reader, body=not raw.startswith(b"HEAD")))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the relay hung up, which it may
        finally:
            writer.close()
        return found


@given(
    raws=st.lists(st.one_of(almost_http(), st.binary(max_size=200)), min_size=1, max_size=5),
)
@example(raws=[b"GET /v1/health HTTP/1.1\r\nHost: a\r\nExpect: nothing\r\n\r\n"])
@example(raws=[b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"])
@example(raws=[b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"])
def test_nothing_that_arrives_is_a_fault_of_the_relay(
    raws: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def try_all() -> None:
        async with relay(tmp_path_factory.mktemp("relay")) as at:
            for raw in raws:
                for answer in await answers_to(at, raw):
                    assert answer.status < 500, answer
                    if answer.status >= 400:
                        assert answer.header("Content-Type") == api.PROBLEM
            assert (await at.send(Request("GET", "/v1/health"))).status == 200
            assert "fault" not in at.log.getvalue()

    asyncio.run(try_all())


@pytest.mark.parametrize("length", ["16385", "99999999999"])
async def test_an_oversized_body_is_refused_before_it_arrives(tmp_path: Path, length: str) -> None:
    head = deposit(OwnedMailbox.generate(draw), b"").encode()
    async with relay(tmp_path) as at:
        answer = await at.send(
            head.replace(b"Content-Length: 0", b"Content-Length: " + length.encode())
        )
        assert answer.status == 413


def chunked(request: Request, *chunks: bytes) -> bytes:
    """Return a request whose body comes in chunks, without a length."""
    head = request.encode().partition(b"Content-Length")[0]
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


async def test_an_endless_body_without_a_length_is_cut_off(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        request = deposit(await at.mailbox(), b"")
        answer = await at.send(chunked(request, *[envelope("a")[:4_096]] * 5))
        assert answer.status == 413


async def test_a_body_in_chunks_is_as_good_as_one_with_a_length(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        halves = envelope("a")[:8_000], envelope("a")[8_000:]
        assert (await at.send(chunked(deposit(owned, b""), *halves, b""))).status == 204
        (item,) = api.unpack_page((await at.send(collection(owned))).body)
        assert item.envelope == envelope("a")


async def test_chunks_that_are_no_chunks_store_nothing(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        head = chunked(deposit(owned, b""))
        assert (await at.send(head + b"zz\r\nnothing\r\n")).status == 400
        assert (await at.send(collection(owned))).body == b""


async def test_an_envelope_that_never_arrives_whole_is_not_stored(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        await answers_to(at, deposit(owned, envelope("a")).encode()[:-1])
        assert (await at.send(collection(owned))).body == b""
        assert "fault" not in at.log.getvalue()


async def test_a_header_longer_than_any_needed_is_refused(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        request = Request("GET", "/v1/health", headers={"X-Long": "x" * 10_000})
        assert (await at.send(request)).status == 400
        many = Request("GET", "/v1/health", headers={f"X-{number}": "x" for number in range(100)})
        assert (await at.send(many)).status == 400


async def test_compressed_bodies_are_not_unpacked(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        headers = {"Content-Encoding": "gzip"}
        owned = await at.mailbox()
        request = deposit(owned, envelope("a"))
        zipped = Request(
            "POST", request.path, request.authorization, b"\x1f\x8b", api.BINARY, headers
        )
        assert (await at.send(zipped)).status == 415
