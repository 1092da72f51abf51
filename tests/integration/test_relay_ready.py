"""A real relay says when nothing should be sent to it, and a crash hides nothing from a backup."""

from __future__ import annotations

import json
import resource
import socket
from pathlib import Path

from e2etherapy.relay.sqlite.inspection import statistics
from tests.integration.test_relay_process import mailbox, send, wait_until_stopping
from tests.support.command_line import run
from tests.support.operated import ask
from tests.support.relays import (
    PATIENCE_SECONDS,
    Request,
    collection,
    deposit,
    envelope,
    relay_process,
)

READY = Request("GET", "/v1/ready")


def test_a_relay_that_found_no_room_is_not_ready_but_lives(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        assert send(relay.port, deposit(owned, envelope("fits")))[0] == 204
        assert send(relay.port, READY)[0] == 200
        pid, unlimited = relay.process.pid, resource.RLIM_INFINITY
        # Less than a page of the log, whatever room the relay gives back.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, unlimited))
        assert send(relay.port, deposit(owned, envelope("too much")))[0] == 507
        status, body = send(relay.port, READY)
        assert (status, json.loads(body)["detail"]) == (503, "The disk has no room.")
        assert send(relay.port, Request("GET", "/v1/health"))[0] == 200
        assert send(relay.port, collection(owned))[0] == 200


def test_a_relay_that_drains_is_not_ready(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        raw = deposit(owned, envelope("in flight")).encode()
        address = ("127.0.0.1", relay.port)
        with (
            socket.create_connection(address, PATIENCE_SECONDS) as busy,
            socket.create_connection(address, PATIENCE_SECONDS) as proxy,
        ):
            assert ask(proxy, "/v1/ready") == 200
            busy.sendall(raw[:-1])
            assert ask(proxy, "/v1/ready") == 200
            relay.process.terminate()
            wait_until_stopping(relay)
            assert ask(proxy, "/v1/ready") == 503
            busy.sendall(raw[-1:])
            assert busy.recv(4_096).startswith(b"HTTP/1.1 204 ")
        assert relay.process.wait(PATIENCE_SECONDS) == 0


def test_a_backup_after_a_crash_has_what_was_only_in_the_log(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        for number in range(5):
            assert send(relay.port, deposit(owned, envelope(f"{number}")))[0] == 204
        relay.process.kill()
        relay.process.wait(PATIENCE_SECONDS)
    assert (tmp_path / "relay.db-wal").stat().st_size > 5 * 16_384
    made = run(tmp_path, "relay", "backup", "--database", "relay.db", "--to", "copy.db")
    assert made.code == 0, made.errors
    assert statistics(tmp_path / "copy.db").envelopes == 5
    with relay_process(tmp_path) as again:
        assert send(again.port, READY)[0] == 200
