"""A log that cannot be written: the relay goes on, and stops in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.certificates import certificate
from tests.support.command_line import PROGRAM, environment
from tests.support.operated import ask, shake_hands, wait_for
from tests.support.relays import PATIENCE_SECONDS

TLS = ("--tls-certificate", "chain.pem", "--tls-key", "key.pem")


def without_a_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def on_a_full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def started(folder: Path, log: int) -> tuple[subprocess.Popen[str], int]:
    """Start a relay with such a log; return it and its port."""
    fixed = ("--listen", "127.0.0.1:0", "--database", "relay.db")
    process = subprocess.Popen(
        [*PROGRAM, "relay", "serve", *fixed, *TLS],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment(folder),
        cwd=folder,
    )
    os.close(log)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["port"]


def seen(port: int) -> bytes | None:
    with shake_hands(port) as line:
        return line.getpeercert(binary_form=True)


@pytest.mark.parametrize("log", [without_a_reader, on_a_full_disk])
def test_a_relay_whose_log_cannot_be_written_reloads_serves_and_stops(
    tmp_path: Path, log: Callable[[], int]
) -> None:
    certificate(tmp_path)
    process, port = started(tmp_path, log())
    with process:
        try:
            first = seen(port)
            certificate(tmp_path)
            process.send_signal(signal.SIGHUP)
            wait_for(lambda: seen(port) != first)
            with shake_hands(port) as line:
                assert ask(line) == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()
