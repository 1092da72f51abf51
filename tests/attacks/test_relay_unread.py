"""Threat R18: what a real relay holds for whoever reads nothing, or sends behind a request."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.relay.limits import STANDARD
from tests.attacks.test_relay_overload import made_mailboxes, memory
from tests.support.certificates import certificate
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayProcess,
    Request,
    collection,
    deposit,
    draw,
    envelope,
    relay_process,
    wait,
    watching,
)

SHORT = replace(
    STANDARD,
    answer_seconds=2.0,
    untaken_bytes=2**20,
    head_bytes=2**20,
    deposit_burst=1_000_000,
    owner_burst=1_000_000,
)
MIB = 2**20
HEALTH = Request("GET", "/v1/health")


@contextlib.contextmanager
def connection(process: RelayProcess, taken: int | None = None) -> Iterator[socket.socket]:
    """Have a connection; `taken` is what its side of the system takes in without being read."""
    with socket.socket() as made:
        made.settimeout(PATIENCE_SECONDS)
        if taken is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, taken)
        made.connect(("127.0.0.1", process.port))
        yield made


def store(process: RelayProcess, box: OwnedMailbox, count: int) -> None:
    with connection(process) as sender:
        for number in range(count):
            sender.sendall(deposit(box, envelope(f"{number}")).encode(stays=True))
            assert sender.recv(4_096).startswith(b"HTTP/1.1 204")


def is_dropped(made: socket.socket) -> bool:
    """Say whether the other side ends the connection soon, whatever it had sent before."""
    made.settimeout(10)
    try:
        while made.recv(MIB):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def most_memory_of(process: RelayProcess) -> int:
    """Return the most bytes of memory that a process ever had."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1_024


def test_pages_that_nobody_reads_are_not_written_one_after_another(tmp_path: Path) -> None:
    with relay_process(tmp_path, limits=SHORT) as process:
        (box,) = made_mailboxes(process, 1)
        store(process, box, 3)
        before = memory(process)
        with connection(process, taken=2_048) as made:
            with contextlib.suppress(ConnectionResetError):
                made.sendall(
                    1_500 * collection(box, limit=3).encode(stays=True)
                )  # 72 MB of answers
            assert is_dropped(made)
        assert most_memory_of(process) - before < 8 * MIB


def test_events_that_nobody_reads_are_not_written_one_after_another(tmp_path: Path) -> None:
    with relay_process(tmp_path, limits=SHORT) as process, contextlib.ExitStack() as stack:
        (box,) = made_mailboxes(process, 1)
        watch = watching(*[(box, 0)] * 100).encode()
        for _ in range(30):
            stack.enter_context(connection(process, taken=2_048)).sendall(watch)
        before = memory(process)
        store(process, box, 900)
        assert most_memory_of(process) - before < 8 * MIB


def test_the_beginning_of_a_second_head_is_counted_behind_a_whole_request(tmp_path: Path) -> None:
    lines = b"".join(b"X%02d: " % number + 7_000 * b"v" + b"\r\n" for number in range(8))
    half = b"GET /v1/health HTTP/1.1\r\nHost: relay\r\n" + lines
    with relay_process(tmp_path, limits=SHORT) as process, contextlib.ExitStack() as stack:
        many = range(1 + SHORT.head_bytes // len(half))
        made = [stack.enter_context(connection(process)) for _ in many]
        for one in made:
            one.sendall(HEALTH.encode(stays=True) + half)  # in one piece
        assert is_dropped(made[-1])


@pytest.mark.parametrize("behind", ["many requests", "a long body"])
def test_what_comes_behind_a_request_is_not_taken_in_by_tls(tmp_path: Path, behind: str) -> None:
    chain, key = certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(chain))
    waiting = wait((OwnedMailbox.generate(draw), 0), seconds=30).encode(stays=True)
    more = 64 * HEALTH.encode(stays=True)
    if behind == "a long body":
        more = (
            b"POST /v1/batch HTTP/1.1\r\nHost: r\r\nContent-Length: 500000\r\n\r\n" + 90_000 * b"x"
        )
    at = ("127.0.0.1:0", chain, key)
    with (
        relay_process(tmp_path, *at, limits=SHORT) as process,
        connection(process) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as made,
    ):
        made.sendall(waiting)
        made.sendall(more)
        assert is_dropped(made)
