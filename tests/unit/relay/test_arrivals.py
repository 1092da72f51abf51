"""A stream of arrivals from a real relay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.relay.limits import Limits
from tests.support.arrival_streams import BEAT, watch
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayAt,
    Request,
    acknowledgement,
    deposit,
    draw,
    envelope,
    relay,
    wait,
    watching,
)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


async def test_a_stream_tells_what_is_there_and_then_what_arrives(at: RelayAt) -> None:
    one, two = await at.mailbox(), await at.mailbox()
    await at.send(deposit(two, envelope("there already")))
    async with watch(at, (one, 0), (two, 0)) as reader:
        assert reader.head.startswith("HTTP/1.1 200 ")
        assert "Content-Type: text/event-stream\r\n" in reader.head
        assert "Cache-Control: no-store\r\n" in reader.head
        assert "Connection: close\r\n" in reader.head
        assert "Server:" not in reader.head
        assert await reader.event() == [1]
        for number in range(3):
            await at.send(deposit(one, envelope(f"number {number}")))
            assert await reader.event() == [0]
        await at.send(deposit(two, envelope("once more")))
        assert await reader.event() == [1]


async def test_asking_again_with_newer_positions_resumes_without_repeating(at: RelayAt) -> None:
    owned = await at.mailbox()
    for number in range(2):
        await at.send(deposit(owned, envelope(f"number {number}")))
    async with watch(at, (owned, 1)) as reader:
        assert await reader.event() == [0]
    async with watch(at, (owned, 2)) as reader:
        assert await reader.event() == []
        await at.send(deposit(owned, envelope("between the two nothing was lost")))
        assert await reader.event() == [0]


async def test_an_acknowledgement_is_no_arrival(at: RelayAt) -> None:
    owned = await at.mailbox()
    await at.send(deposit(owned, envelope("first")))
    async with watch(at, (owned, 1)) as reader:
        assert await reader.event() == []
        await at.send(acknowledgement(owned, 1))
        await at.send(deposit(owned, envelope("second")))
        assert await reader.event() == [0]


async def test_a_mailbox_that_does_not_exist_is_like_an_empty_one(at: RelayAt) -> None:
    nowhere, owned = OwnedMailbox.generate(draw), await at.mailbox()
    async with watch(at, (nowhere, 0), (owned, 0), (owned, 0)) as reader:
        assert await reader.event() == []
        await at.send(deposit(owned, envelope("twice named")))
        assert await reader.event() == [1, 2]


async def test_a_quiet_stream_shows_that_it_is_alive_and_ends_in_time(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=Limits(heartbeat_seconds=0.01, stream_seconds=0.1)) as at:
        owned = await at.mailbox()
        async with watch(at, (owned, 0)) as reader:
            assert await reader.event() == []
            beats = 0
            while (content := await reader.chunk()) == BEAT:
                beats += 1
            assert content == ""
            assert beats >= 2
            assert await reader.stream.read() == b""


async def test_a_relay_that_stops_ends_its_streams(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        stream, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(watching((owned, 0)).encode())
        await stream.readuntil(b"data: []\n\n")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await stream.read()).endswith(b"0\r\n\r\n")
    writer.close()


async def test_too_many_streams_are_turned_away_and_a_closed_one_makes_room(
    tmp_path: Path,
) -> None:
    async with relay(tmp_path, limits=Limits(waits=1)) as at:
        owned = await at.mailbox()
        async with watch(at, (owned, 0)) as reader:
            assert await reader.event() == []
            answer = await at.send(watching((owned, 0)))
            assert (answer.status, bool(answer.header("Retry-After"))) == (503, True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await at.send(wait((owned, 0), seconds=0))
            while answer.status == 503:  # until the relay has noticed that it was closed
                answer = await at.send(wait((owned, 0), seconds=0))
        assert answer.status == 200


@pytest.mark.parametrize("after", [[], [0, 0], [-1], [2**63], ["0"], [0.5]])
async def test_a_stream_needs_a_position_for_each_key(at: RelayAt, after: list[object]) -> None:
    request = watching((OwnedMailbox.generate(draw), 0))
    body = json.dumps({"after": after}).encode()
    broken = Request("POST", request.path, request.authorization, body, api.JSON)
    assert (await at.send(broken)).status == 400
