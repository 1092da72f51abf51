"""Connections that end anywhere (threat R12).

A request that is cut at any byte has no effect, one whose answer is cut has its effect at most
once, and to repeat it completes it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import BatchedDeposit
from e2etherapy.mailbox.capabilities import ClaimToken, OwnedMailbox, Ticket
from e2etherapy.wire.locator import Locator
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayAt,
    Request,
    batch_request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    named,
    relay,
    shown,
)

BETWEEN_BODY_CUTS = 1_021
TURNS = 60
"""So many turns of the event loop are more than any of these requests takes."""
FORGET = struct.pack("ii", 1, 0)


@pytest.fixture(params=["sqlite", "postgres"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RelayAt]:
    place = None
    if request.param == "postgres":
        place = await request.getfixturevalue("postgres_server").empty_relay()
    async with relay(tmp_path, postgres=place) as made:
        yield made


def cuts(raw: bytes) -> Iterator[int]:
    """Every byte of the head, and some of the body with its last ones."""
    head = raw.index(b"\r\n\r\n") + 4
    yield from range(min(head + 1, len(raw)))
    yield from range(head + 1, len(raw), BETWEEN_BODY_CUTS)
    yield from range(max(head + 1, len(raw) - 3), len(raw))


async def send_a_part(port: int, part: bytes) -> bytes:
    """Send so much, then nothing more, and return what comes until the relay hangs up."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(part)
            writer.write_eof()
            return await reader.read()
        finally:
            writer.close()


async def take_a_part(port: int, raw: bytes, size: int, turns: int = 0) -> None:
    """Send a request, take so many bytes of its answer, and be gone."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        for _ in range(turns):
            await asyncio.sleep(0)
        await reader.readexactly(size)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FORGET)
        writer.transport.abort()
        await asyncio.sleep(0)


async def send_in_parts(running: RelayAt, request: Request) -> int:
    """Send a request cut at each byte; return how often that was."""
    raw, count = request.encode(), 0
    for cut in cuts(raw):
        answer = await send_a_part(running.port, raw[:cut])
        assert not answer or answer.startswith(b"HTTP/1.1 4"), (cut, answer)
        count += 1
    return count


async def waiting(running: RelayAt, owned: OwnedMailbox) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while page := api.unpack_page(
        (await running.send(collection(owned, after=found[-1][0] if found else 0))).body
    ):
        found += [(item.position, item.envelope) for item in page]
    return found


async def put(running: RelayAt, ticket: Ticket) -> Locator:
    locator = Locator(draw(32))
    path, key = named("invitations", locator, "?days=3"), shown(api.TICKET, ticket)
    request = Request("PUT", path, key, envelope("bundle"), api.BINARY)
    assert (await running.send(request)).status == 204
    return locator


def claim(locator: Locator, token: ClaimToken) -> Request:
    return Request("POST", named("invitations", locator, "/claim"), shown(api.CLAIM, token))


async def test_a_deposit_that_is_cut_stores_nothing_and_the_whole_one_stores_once(
    running: RelayAt,
) -> None:
    owned = await running.mailbox()
    request = deposit(owned, envelope("a"))
    assert await send_in_parts(running, request) > 200
    assert await waiting(running, owned) == []
    for _ in range(2):
        assert (await running.send(request)).status == 204
    assert await waiting(running, owned) == [(1, envelope("a"))]


async def test_a_batch_that_is_cut_does_nothing_and_the_whole_one_everything_once(
    running: RelayAt,
) -> None:
    owned = await running.mailbox()
    mailbox, texts = owned.owner_key.mailbox(), ["a", "b", "c"]
    request = batch_request(
        *(BatchedDeposit(owned.deposit_key, mailbox, envelope(text)) for text in texts)
    )
    assert await send_in_parts(running, request) > 200
    assert await waiting(running, owned) == []
    for _ in range(2):
        assert (await running.send(request)).status == 200
    expected = [(number, envelope(text)) for number, text in enumerate(texts, start=1)]
    assert await waiting(running, owned) == expected


async def test_a_creation_that_is_cut_costs_nothing_and_the_whole_one_its_ticket(
    running: RelayAt,
) -> None:
    (ticket,), owned = await running.tickets(1), OwnedMailbox.generate(draw)
    request = creation(owned, ticket)
    assert await send_in_parts(running, request) > 200
    assert (await running.send(collection(owned))).status == 404
    for _ in range(2):
        assert (await running.send(request)).status == 204
    assert (await running.send(creation(OwnedMailbox.generate(draw), ticket))).status == 404


async def test_a_claim_that_is_cut_binds_nothing_and_the_whole_one_can_be_repeated(
    running: RelayAt,
) -> None:
    locator = await put(running, (await running.tickets(1))[0])
    assert await send_in_parts(running, claim(locator, ClaimToken(draw(32)))) > 100
    winner = ClaimToken(draw(32))
    for _ in range(2):
        assert (await running.send(claim(locator, winner))).body == envelope("bundle")


def answer_cuts(size: int) -> list[tuple[int, int]]:
    """Bytes that are taken of an answer and turns that are waited before.

    Every turn for nothing taken, every byte up to 200, then some.
    """
    sizes = {*range(1, min(size, 200)), *range(200, size, BETWEEN_BODY_CUTS), size - 1}
    return [(0, turns) for turns in range(TURNS)] + [(one, 0) for one in sorted(sizes)]


async def answer_size(running: RelayAt, request: Request) -> int:
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(request.encode())
        answer = await reader.read()
        writer.close()
        return len(answer)


async def test_a_deposit_whose_answer_is_cut_is_there_once_when_repeated(running: RelayAt) -> None:
    owned = await running.mailbox()
    contents = [envelope("first")]
    for taken, turns in answer_cuts(await answer_size(running, deposit(owned, contents[0]))):
        contents.append(envelope(f"{taken} {turns}"))
        request = deposit(owned, contents[-1])
        await take_a_part(running.port, request.encode(), taken, turns)
        assert (await running.send(request)).status == 204
    assert await waiting(running, owned) == list(enumerate(contents, start=1))


async def test_a_creation_whose_answer_is_cut_has_cost_one_ticket_when_repeated(
    running: RelayAt,
) -> None:
    (ticket,), first = await running.tickets(1), OwnedMailbox.generate(draw)
    where = answer_cuts(await answer_size(running, creation(first, ticket)))
    owned = [OwnedMailbox.generate(draw) for _ in where]
    tickets = await running.tickets(len(where))
    for (taken, turns), one, ticket in zip(where, owned, tickets, strict=True):
        request = creation(one, ticket)
        await take_a_part(running.port, request.encode(), taken, turns)
        assert (await running.send(request)).status == 204
        assert (await running.send(collection(one))).status == 200
    another = OwnedMailbox.generate(draw)
    for ticket in tickets:
        assert (await running.send(creation(another, ticket))).status == 404


async def test_a_claim_whose_answer_is_cut_is_the_same_ones_when_repeated(
    running: RelayAt,
) -> None:
    where = answer_cuts(api.SEALED_BUNDLE_SIZE)
    tickets = [*await running.tickets(200), *await running.tickets(len(where) - 200)]
    for (taken, turns), ticket in zip(where, tickets, strict=True):
        locator, token = await put(running, ticket), ClaimToken(draw(32))
        await take_a_part(running.port, claim(locator, token).encode(), taken, turns)
        assert (await running.send(claim(locator, token))).body == envelope("bundle")
        assert (await running.send(claim(locator, ClaimToken(draw(32))))).status == 404
