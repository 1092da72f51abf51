"""Threat R10: who does not take what they asked for holds memory, or makes others wait."""

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
from tests.support.dropped_lines import dropped, still_dropped
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
)

SOON = 0.2
SLOW_READERS = 100
PAGE = api.MAX_PAGE * api.RECORD_SIZE
ROOM = 8 * PAGE
TLS_ROOM = 256 * 1_024
"""What TLS has for each connection: its state, and rooms for reading and writing."""
SPARE = 24 * 2**20
"""For pages that are being read, and for what the allocator does not give back at once."""


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
