"""Threat R10: whoever is slow, or silent, holds a bounded room for a bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace
from pathlib import Path

from e2etherapy.relay.limits import STANDARD
from tests.support.certificates import certificate
from tests.support.dropped_lines import dropped
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayAt,
    Request,
    collection,
    deposit,
    envelope,
    read_answer,
    relay,
    relay_process,
    wait,
)

HEALTH = Request("GET", "/v1/health")
SOON = 0.2


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, idle_seconds=SOON)) as at:
        assert await heard(at, b"") == b""


async def test_a_head_that_comes_a_byte_at_a_time_is_not_waited_for(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, idle_seconds=SOON)) as at:
        assert await heard(at, HEALTH.encode()[:-1], pause=SOON / 20) == b""
        assert (await at.send(HEALTH)).status == 200


async def test_a_second_head_has_no_more_time_than_the_first(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, idle_seconds=SOON)) as at:
        whole = HEALTH.encode(stays=True)
        answers = await heard(at, whole + HEALTH.encode()[:-1])
        assert answers.startswith(b"HTTP/1.1 200 ")
        assert answers.count(b"HTTP/1.1") == 1


async def test_a_body_that_comes_too_slowly_is_refused(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, body_seconds=SOON)) as at:
        owned = await at.mailbox()
        raw = deposit(owned, envelope("a")).encode()
        answer = await heard(at, raw[:-1])
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"took too long" in answer
        assert (await at.send(collection(owned))).body == b""
        assert (await at.send(deposit(owned, envelope("a")))).status == 204


async def test_a_wait_may_last_longer_than_every_other_time(tmp_path: Path) -> None:
    limits = replace(STANDARD, idle_seconds=SOON, body_seconds=SOON, answer_seconds=SOON)
    async with relay(tmp_path, limits=limits) as at:
        owned = await at.mailbox()
        assert (await at.send(wait((owned, 0), seconds=3 * SOON))).json == {"arrived": []}


async def until_the_end(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes; a byte on its way to a closed connection makes its end a reset."""
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while part := await reader.read(65_536):
            heard += part
    return heard


async def heard(at: RelayAt, said: bytes, pause: float = 0) -> bytes:
    """Say something, slowly if asked to, and return all that is answered until the end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        try:
            answer = asyncio.ensure_future(until_the_end(reader))
            for place in range(len(said)) if pause else ():
                if answer.done():
                    break
                writer.write(said[place : place + 1])
                await asyncio.sleep(pause)
            if not pause:
                writer.write(said)
            return await answer
        finally:
            writer.close()


def test_a_tls_handshake_that_does_not_begin_is_not_waited_for(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    limits = replace(STANDARD, handshake_seconds=SOON)
    with (
        relay_process(tmp_path, "127.0.0.1:0", chain, key, limits=limits) as process,
        socket.create_connection(("127.0.0.1", process.port), PATIENCE_SECONDS) as silent,
    ):
        assert silent.recv(1) == b""


async def test_bodies_that_take_all_the_room_give_way_to_one_that_is_through_in_a_moment(
    tmp_path: Path,
) -> None:
    limits = replace(STANDARD, body_bytes=2 * 16_384, body_grace_seconds=SOON)
    async with relay(tmp_path, limits=limits) as at, contextlib.AsyncExitStack() as stack:
        owned = await at.mailbox()
        raw = deposit(owned, envelope("slow")).encode()
        readers = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            stack.callback(writer.close)
            writer.write(raw[:-1])
            readers.append(reader)
        statuses = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while 204 not in statuses:
                statuses.append((await at.send(deposit(owned, envelope("quick")))).status)
            answer = await read_answer(readers[0])
        assert (answer.status, answer.json["title"]) == (503, "Busy")
        assert set(statuses) <= {503, 204}
        assert not readers[1].at_eof()


async def test_a_head_in_many_long_lines_is_dropped_before_it_is_whole(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        line = b"X-Filler: " + b"a" * 8_000 + b"\r\n"
        with socket.create_connection(("127.0.0.1", at.port), PATIENCE_SECONDS) as line_in:
            line_in.sendall(HEALTH.encode()[:-2] + 3 * line)
            await asyncio.to_thread(line_in.sendall, 2 * line)
            assert await asyncio.to_thread(dropped, [line_in]) == [line_in]
        assert (await at.send(HEALTH)).status == 200
        long = Request("GET", "/v1/health", headers={f"X-{n}": "a" * 8_000 for n in range(3)})
        assert (await at.send(long)).status == 200


async def test_requests_are_not_taken_ahead_of_answers_without_end(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        long = wait((owned, 0), seconds=30).encode(stays=True)
        more = deposit(owned, envelope("ahead")).encode()
        with socket.create_connection(("127.0.0.1", at.port), PATIENCE_SECONDS) as line:
            with contextlib.suppress(ConnectionError):
                await asyncio.to_thread(line.sendall, long + 40 * more)
            assert await asyncio.to_thread(dropped, [line]) == [line]
