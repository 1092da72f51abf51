"""A relay in its own process: what it loads, prints and logs, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.wire import base64url
from tests.support.certificates import certificate
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayProcess,
    Request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    relay_process,
    tickets_request,
    wait,
)

FORBIDDEN_MODULES = (
    *("nacl", "cryptography", "argon2", "sqlcipher3", "e2etherapy.session", "e2etherapy.vault"),
    *("e2etherapy.messenger", "e2etherapy.journal", "e2etherapy.primitives.aead"),
    *("e2etherapy.primitives.dh", "e2etherapy.primitives.kem", "e2etherapy.primitives.kdf"),
    *("e2etherapy.cleaning", "PIL"),
)
FORBIDDEN_LIBRARIES = ("sodium", "cryptography", "argon2", "_rust", "sqlcipher")


def send(port: int, request: Request) -> tuple[int, bytes]:
    """Send a request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as line:
        headers = {"Authorization": request.authorization or ""}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        line.request(request.method, request.path, body=request.body, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read()


def mailbox(relay: RelayProcess) -> OwnedMailbox:
    ticket, owned = Ticket(draw(32)), OwnedMailbox.generate(draw)
    assert send(relay.port, tickets_request(relay.allowance(1), ticket))[0] == 204
    assert send(relay.port, creation(owned, ticket))[0] == 204
    return owned


def collected(port: int, owned: OwnedMailbox) -> dict[bytes, int]:
    """Return everything that waits, with its position."""
    found: dict[bytes, int] = {}
    while page := api.unpack_page(
        send(port, collection(owned, after=max(found.values(), default=0)))[1]
    ):
        found |= {item.envelope: item.position for item in page}
    return found


def stop(relay: RelayProcess, number: signal.Signals = signal.SIGTERM) -> int:
    relay.process.send_signal(number)
    return relay.process.wait(PATIENCE_SECONDS)


def test_it_says_where_it_listens_and_answers_there(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        assert relay.announced == {
            "event": "listening",
            "url": f"http://127.0.0.1:{relay.port}",
            "port": relay.port,
        }
        assert send(relay.port, Request("GET", "/v1/health"))[0] == 200


def test_a_relay_loads_nothing_that_could_open_an_envelope(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        assert send(relay.port, deposit(owned, envelope("a")))[0] == 204
        maps = Path(f"/proc/{relay.process.pid}/maps").read_text()
    libraries = {line.split("/", 1)[1].lower() for line in maps.splitlines() if "/" in line}
    assert any("sqlite" in library for library in libraries)
    assert not [name for name in libraries if any(word in name for word in FORBIDDEN_LIBRARIES)]


def test_importing_the_server_loads_no_module_that_could_open_an_envelope() -> None:
    program = "import sys, e2etherapy.relay.server, e2etherapy.relay.allowances\n"
    program += "import e2etherapy.relay.metrics, e2etherapy.relay.configuration\n"
    program += "import e2etherapy.relay.memory, e2etherapy.relay.sqlite.backup\n"
    program += "print(*sys.modules, sep='\\n')"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "e2etherapy.relay.routes" in printed
    for name in (*FORBIDDEN_MODULES, "asyncpg"):
        assert not [module for module in printed if f"{module}.".startswith(f"{name}.")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_relay_that_is_told_to_stop_answers_what_is_in_flight(
    tmp_path: Path, number: signal.Signals
) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        raw = deposit(owned, envelope("in flight")).encode()
        with socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) as line:
            line.sendall(raw[:-1])
            # Another request's answer shows that the relay has read as far as this one.
            assert send(relay.port, Request("GET", "/v1/health"))[0] == 200
            relay.process.send_signal(number)
            wait_until_stopping(relay)
            line.sendall(raw[-1:])
            assert line.recv(4_096).startswith(b"HTTP/1.1 204 ")
        assert relay.process.wait(PATIENCE_SECONDS) == 0
    with relay_process(tmp_path) as again:
        assert list(collected(again.port, owned)) == [envelope("in flight")]


def wait_until_stopping(relay: RelayProcess) -> None:
    """Return once the relay's log says that it takes no new requests."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "stopping" not in relay.log.read_text():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_a_relay_that_stops_wakes_whoever_waits(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        answers: list[tuple[int, bytes]] = []
        waiting = threading.Thread(
            target=lambda: answers.append(send(relay.port, wait((owned, 0), seconds=55)))
        )
        waiting.start()
        # A wait that begins later and ends at once: the first one has taken its seat by then.
        send(relay.port, wait((owned, 0), seconds=0.05))
        assert stop(relay) == 0
        waiting.join(PATIENCE_SECONDS)
    ((status, body),) = answers
    assert status == 503
    assert json.loads(body)["title"] == "Stopping"


async def deposit_until_it_breaks(port: int, owned: OwnedMailbox, label: str) -> list[bytes]:
    """Deposit one envelope after another; return those that were acknowledged."""
    acknowledged = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for number in range(2_000):
            content = envelope(f"{label} {number}")
            request = deposit(owned, content).encode()
            writer.write(request.replace(b"Connection: close\r\n", b""))
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 204 ")
            acknowledged.append(content)
    except (ConnectionError, asyncio.IncompleteReadError):
        return acknowledged
    finally:
        writer.close()
    raise AssertionError("The relay was to be killed by now.")


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_relay_has_lost_no_acknowledged_deposit(tmp_path: Path, round_: int) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)

        async def deposit_and_kill() -> list[bytes]:
            senders = [
                asyncio.create_task(deposit_until_it_breaks(relay.port, owned, f"{sender}"))
                for sender in range(4)
            ]
            async with asyncio.timeout(PATIENCE_SECONDS):
                # Kills in the middle of whatever happens after the first so many were stored.
                seen = 0
                while seen < 20 + 7 * round_:
                    body = (await asyncio.to_thread(send, relay.port, collection(owned)))[1]
                    seen = len(api.unpack_page(body))
                relay.process.kill()
                return [content for sent in await asyncio.gather(*senders) for content in sent]

        acknowledged = asyncio.run(deposit_and_kill())
        relay.process.wait(PATIENCE_SECONDS)
    with relay_process(tmp_path) as again:
        kept = collected(again.port, owned)
    assert len(acknowledged) >= 15
    assert set(acknowledged) <= set(kept)
    assert sorted(kept.values()) == list(range(1, len(kept) + 1))


def test_the_log_names_nobody_and_nothing(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        requests = [
            deposit(owned, envelope("a")),
            deposit(OwnedMailbox.generate(draw), envelope("a")),
            replace(collection(owned), headers={"User-Agent": "Robin's telephone"}),
            Request("GET", "/secret/path?of=Robin"),
        ]
        for request in requests:
            send(relay.port, request)
        with socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) as line:
            line.sendall(b"Robin\x00 calls\r\n\r\n")
            assert b" 400 " in line.recv(4_096)
        stop(relay)
        assert relay.process.stdout is not None
        printed = relay.process.stdout.read()
    written = relay.log.read_text()
    assert printed == ""
    names = [owned.owner_key, owned.owner_key.mailbox(), owned.deposit_key]
    for name in [*names, owned.deposit_key.hash()]:
        assert base64url.encode(name) not in written
        assert bytes(name).hex() not in written
    for word in ("Robin", "secret", "127.0.0.1", "mailboxes", str(relay.port)):
        assert word not in written
    events = [json.loads(line) for line in written.splitlines()]
    assert [event["event"] for event in events] == ["started", "expired", "stopping", "stopped"]
    assert {len(event["day"]) for event in events} == {len("2026-01-01")}


def test_a_full_disk_is_said_and_the_relay_goes_on(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        for number in range(3):
            assert send(relay.port, deposit(owned, envelope(f"{number}")))[0] == 204
        pid, unlimited = relay.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        # Less than a page of the log, whatever room the relay gives back.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
        status, body = send(relay.port, deposit(owned, envelope("too much")))
        assert (status, json.loads(body)["title"]) == (507, "Disk full")
        assert len(collected(relay.port, owned)) == 3
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        assert send(relay.port, deposit(owned, envelope("fits")))[0] == 204
        assert list(collected(relay.port, owned).values()) == [1, 2, 3, 4]
        assert stop(relay) == 0


def test_a_unix_socket_serves_too_and_is_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "relay.sock"
    with relay_process(tmp_path, f"unix:{path}") as relay:
        assert relay.announced == {"event": "listening", "url": f"unix:{path}", "port": None}
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(Request("GET", "/v1/health").encode())
            assert line.recv(4_096).startswith(b"HTTP/1.1 200 ")
        assert stop(relay) == 0
    assert not path.exists()


def test_with_a_certificate_it_speaks_nothing_but_tls(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    with relay_process(tmp_path, "127.0.0.1:0", chain, key) as relay:
        assert relay.announced["url"] == f"https://127.0.0.1:{relay.port}"
        trusting = ssl.create_default_context(cafile=str(chain))
        with (
            socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) as line,
            trusting.wrap_socket(line, server_hostname="localhost") as secured,
        ):
            assert secured.version() == "TLSv1.3"
            secured.sendall(Request("GET", "/v1/health").encode())
            assert secured.recv(4_096).startswith(b"HTTP/1.1 200 ")
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            send(relay.port, Request("GET", "/v1/health"))


@pytest.mark.parametrize(
    ("listen", "sentence"),
    [("0.0.0.0:0", "unencrypted"), ("nonsense", "HOST:PORT"), ("192.0.2.1:0", "unencrypted")],
)
def test_a_relay_that_cannot_run_says_why_in_a_sentence(
    tmp_path: Path, listen: str, sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence), relay_process(tmp_path, listen):
        pass
    assert "Traceback" not in (tmp_path / "relay.log").read_text()
    assert not (tmp_path / "relay.db").exists()
