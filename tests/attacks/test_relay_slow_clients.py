"""Threat R10: whoever is slow, or silent, holds a bounded room for a bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import BatchedCollection
from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.relay.limits import STANDARD, Limits
from tests.support.certificates import certificate
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayAt,
    RelayProcess,
    Request,
    batch_request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    read_answer,
    relay,
    relay_process,
    tickets_request,
    wait,
)

HEALTH = Request("GET", "/v1/health")
SOON = 0.2
SLOW_READERS = 100
PAGE = api.MAX_PAGE * api.RECORD_SIZE
ROOM = 8 * PAGE
TLS_ROOM = 256 * 1_024
"""What TLS has for each connection: its state, and rooms for reading and writing."""
SPARE = 24 * 2**20
"""For pages that are being read, and for what the allocator does not give back at once."""


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, idle_seconds=SOON)) as at:
        assert await heard(at, b"") == b""


async def test_a_head_that_comes_a_byte_at_a_time_is_not_waited_for(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, idle_seconds=SOON)) as at:
        assert await heard(at, HEALTH.encode()[:-1], pause=SOON / 20) == b""
        assert (await at.send(HEALTH)).status == 200


async def test_a_second_head_has_no_more_time_than_the_first(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, idle_seconds=SOON)) as at:
        whole = HEALTH.encode().replace(b"Connection: close\r\n", b"")
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


async def test_an_answer_that_nobody_takes_is_dropped_after_its_time(tmp_path: Path) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, answer_seconds=SOON)) as at:
        owned = await full_mailbox(at)
        with slow_reader(at.port, collection(owned)) as line:
            assert await asyncio.to_thread(dropped, [line]) == [line]
        page = await at.send(collection(owned))
        assert len(page.body) == PAGE
        assert "fault" not in at.log.getvalue()


async def test_an_answer_that_is_taken_in_time_is_whole_however_slowly(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned = await full_mailbox(at)
        with slow_reader(at.port, collection(owned)) as line:
            line.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=line, limit=4_096)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert len((await read_answer(reader)).body) == PAGE
            writer.close()


async def test_whoever_is_dropped_for_room_is_the_one_who_has_taken_longest(
    tmp_path: Path,
) -> None:
    async with relay(tmp_path, limits=replace(STANDARD, untaken_bytes=2 * PAGE)) as at:
        owned = await full_mailbox(at)
        with contextlib.ExitStack() as stack:
            lines = []
            for _ in range(5):
                lines.append(stack.enter_context(slow_reader(at.port, collection(owned))))
                # Its answer has begun once something of it has come.
                await asyncio.to_thread(select.select, lines[-1:], [], [], PATIENCE_SECONDS)
                assert len((await at.send(collection(owned))).body) == PAGE
            gone = await asyncio.to_thread(dropped, lines[:3])
            assert gone == lines[:3]
            assert not still_dropped(lines[-1:])


def batched(owned: OwnedMailbox) -> Request:
    return batch_request(BatchedCollection(owned.owner_key, 0, api.MAX_PAGE))


@pytest.mark.parametrize("asking", [collection, batched])
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_slow_readers_hold_a_bounded_memory_and_stop_nobody(
    tmp_path: Path, secured: bool, asking: Callable[[OwnedMailbox], Request]
) -> None:
    """Python holds an answer twice: unread, 100 pages are 200 MiB, and 8 of them are 16."""
    limits = replace(STANDARD, untaken_bytes=ROOM)
    with a_process(tmp_path, limits, secured=secured) as process:
        owned = fill(process)
        before = memory(process.relay)
        with contextlib.ExitStack() as stack:
            lines = [
                stack.enter_context(slow_reader(process.relay.port, asking(owned), process.tls))
                for _ in range(SLOW_READERS)
            ]
            most = SLOW_READERS - ROOM // PAGE - 1
            gone = dropped(lines[:most])
            grown = memory(process.relay) - before
            assert gone == lines[:most]
            assert grown < 2 * ROOM + SPARE + secured * SLOW_READERS * TLS_ROOM
            assert ask(process, collection(owned)) > PAGE
            assert ask(process, deposit(owned, envelope("served"))) > 0


def test_with_tls_too_an_answer_that_nobody_takes_is_dropped(tmp_path: Path) -> None:
    """The system may not notice it: TLS keeps an answer in rooms of its own."""
    limits = replace(STANDARD, answer_seconds=SOON)
    with a_process(tmp_path, limits, secured=True) as process:
        owned = fill(process)
        with slow_reader(process.relay.port, collection(owned), process.tls) as line:
            assert dropped([line]) == [line]
        assert ask(process, collection(owned)) > PAGE


@dataclass(frozen=True)
class Process:
    """A relay process, and how to reach it."""

    relay: RelayProcess
    tls: ssl.SSLContext | None


@contextlib.contextmanager
def a_process(folder: Path, limits: Limits, *, secured: bool) -> Iterator[Process]:
    files = certificate(folder) if secured else ()
    tls = ssl.create_default_context(cafile=str(files[0])) if files else None
    with relay_process(folder, "127.0.0.1:0", *files, limits=limits) as process:
        yield Process(process, tls)


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


async def full_mailbox(at: RelayAt) -> OwnedMailbox:
    owned = await at.mailbox()
    for number in range(api.MAX_PAGE):
        assert (await at.send(deposit(owned, envelope(f"{number}")))).status == 204
    return owned


@contextlib.contextmanager
def slow_reader(
    port: int, request: Request, tls: ssl.SSLContext | None = None
) -> Iterator[socket.socket]:
    """Ask for something and read nothing of the answer."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.settimeout(PATIENCE_SECONDS)
        line.connect(("127.0.0.1", port))
        with secured_by(line, tls) as way:
            way.sendall(request.encode())
            yield way


def secured_by(line: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return line if tls is None else tls.wrap_socket(line, server_hostname="localhost")


def still_dropped(lines: list[socket.socket], milliseconds: int = 0) -> set[int]:
    """Return which connections the other side has ended for good."""
    watch = select.poll()
    for line in lines:
        watch.register(line, 0)  # that a connection is reset is told in any case
    return {number for number, _ in watch.poll(milliseconds)}


def dropped(lines: list[socket.socket]) -> list[socket.socket]:
    """Wait until connections are reset, and return those that are."""
    open_still, gone = list(lines), []
    while open_still:
        numbers = still_dropped(open_still, PATIENCE_SECONDS * 1_000)
        if not numbers:
            break
        gone += [line for line in open_still if line.fileno() in numbers]
        open_still = [line for line in open_still if line.fileno() not in numbers]
    return [line for line in lines if line in gone]


def ask(process: Process, request: Request) -> int:
    """Return how many bytes a successful answer has."""
    with (
        socket.create_connection(("127.0.0.1", process.relay.port), PATIENCE_SECONDS) as line,
        secured_by(line, process.tls) as way,
    ):
        way.sendall(request.encode())
        answer = b"".join(iter(lambda: way.recv(1_000_000), b""))
    assert answer.startswith(b"HTTP/1.1 20"), answer[:200]
    return len(answer)


def fill(process: Process) -> OwnedMailbox:
    ticket, owned = Ticket(draw(32)), OwnedMailbox.generate(draw)
    ask(process, tickets_request(process.relay.allowance(1), ticket))
    ask(process, creation(owned, ticket))
    for number in range(api.MAX_PAGE):
        ask(process, deposit(owned, envelope(f"{number}")))
    for _ in range(3):
        ask(process, collection(owned))
    return owned


def memory(process: RelayProcess) -> int:
    """Return the bytes of memory that a process really has."""
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4_096


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
        long = wait((owned, 0), seconds=30).encode().replace(b"Connection: close\r\n", b"")
        more = deposit(owned, envelope("ahead")).encode()
        with socket.create_connection(("127.0.0.1", at.port), PATIENCE_SECONDS) as line:
            with contextlib.suppress(ConnectionError):
                await asyncio.to_thread(line.sendall, long + 40 * more)
            assert await asyncio.to_thread(dropped, [line]) == [line]
