"""A relay as an operator runs it: the command, a configuration file, certificates, metrics."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command_line import PROGRAM, environment
from tests.support.relays import PATIENCE_SECONDS


@dataclass(frozen=True)
class Operated:
    """A relay process that the command line started."""

    process: subprocess.Popen[str]
    announced: dict[str, Any]
    folder: Path

    @property
    def port(self) -> int:
        port: int = self.announced["port"]
        return port

    @property
    def database(self) -> Path:
        return self.folder / "relay.db"

    @property
    def metrics_socket(self) -> Path:
        return self.folder / "metrics.sock"

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "relay.log").read_text().splitlines()]

    def signal(self, number: int, event: str) -> dict[str, Any]:
        """Send a signal and return the event that the log says then."""
        before = len(self.log)
        self.process.send_signal(number)
        wait_for(lambda: any(line["event"].startswith(event) for line in self.log[before:]))
        return next(line for line in self.log[before:] if line["event"].startswith(event))

    def scrape(self, path: str = "/metrics") -> tuple[int, str]:
        """Read the counts."""
        with closing(_OverSocket(self.metrics_socket)) as line:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("metrics", timeout=PATIENCE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


@contextmanager
def operated(folder: Path, text: str = "", *arguments: str) -> Iterator[Operated]:
    """Run `relay serve --config` with some lines; it is killed unless it ended by itself."""
    config = folder / "relay.toml"
    config.write_text(text)
    listen = () if "--listen" in arguments else ("--listen", "127.0.0.1:0")
    database = () if "--database" in arguments else ("--database", str(folder / "relay.db"))
    fixed = (*database, *listen)
    with (folder / "relay.log").open("a") as log:
        process = subprocess.Popen(
            [*PROGRAM, "relay", "serve", "--config", str(config), *fixed, *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(folder),
        )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "relay.log").read_text()
            yield Operated(process, json.loads(line), folder)
        finally:
            if process.poll() is None:
                process.kill()


def shake_hands(port: int) -> ssl.SSLSocket:
    """Connect with TLS without asking whether the certificate is trusted."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    line = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    return context.wrap_socket(line, server_hostname="localhost")


def ask(line: socket.socket, path: str = "/v1/health") -> int:
    """Send a request on a connection that stays open, and return the answer's status."""
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: relay\r\n\r\n".encode())
    answer = http.client.HTTPResponse(line)
    answer.begin()
    answer.read()
    return answer.status
