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
from tests.support.hostile_requests import LAST, OVERSIZED, PROTOCOLS, SMUGGLED, SOUND, TWO_READINGS
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
