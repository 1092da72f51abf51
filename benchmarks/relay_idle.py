"""Ten thousand devices that wait: what they cost a relay, and how they come back after a restart.

Each waits on a stream of its own. The relay is then ended and started again on the same port; the
devices ask again after a random delay, as the messenger does. Memory is the relay process's own.

    python -m benchmarks.relay_idle < plan.json     (the devices, in a process of their own)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from benchmarks.relay_boxes import make_boxes
from benchmarks.relay_load import Box
from benchmarks.relay_process import relay_process
from benchmarks.results import Row

TITLE = "10,000 devices wait on streams of their own"
DEVICES = 10_000
SPREAD_SECONDS = 30.0
"""Devices that lose a relay ask again at a random moment within this time."""
_AT_ONCE = 256
_FIRST_EVENT = b"data: []\n\n"
_MEGABYTE = 1_000_000
_SPARE_FILES = 256


class Crowd(msgspec.Struct, frozen=True):
    """Where the devices connect, and their mailboxes."""

    port: int
    boxes: list[Box]


def run() -> list[Row]:
    """Measure memory with nobody and with everybody waiting, and the return after a restart."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = Path(folder) / "relay.db"
        boxes = make_boxes(place, DEVICES)
        with relay_process(place) as relay:
            port, empty = relay.port, relay.memory()
            crowd = stack.enter_context(_crowd(Crowd(port, boxes)))
            first = _seconds_until_all_wait(crowd)
            full = relay.memory()
        with relay_process(place, port=port) as relay:
            again = _seconds_until_all_wait(crowd)
            after = relay.memory()
        return [
            Row("relay, nobody waits", empty / _MEGABYTE, "MB"),
            Row(
                f"relay, {DEVICES:,} wait",
                full / _MEGABYTE,
                "MB",
                goal="< 400 MB",
                key="idle_10000_mb",
            ),
            Row("a device that waits", (full - empty) / DEVICES / 1_000, "KB"),
            Row("until all wait", first, "s"),
            Row(
                "until all wait again after a restart",
                again,
                "s",
                goal="< 60 s",
                key="reconnect_10000_s",
            ),
            Row("relay, all are back", after / _MEGABYTE, "MB"),
        ]


@contextlib.contextmanager
def _crowd(crowd: Crowd) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.relay_idle"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(crowd).decode() + "\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _seconds_until_all_wait(crowd: subprocess.Popen[str]) -> float:
    assert crowd.stdout is not None
    told = json.loads(crowd.stdout.readline())
    assert told["failures"] == 0, told
    return float(told["seconds"])


# The devices


class _Device(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes, crowd: _Crowd) -> None:
        self._request = request
        self._crowd = crowd
        self._received = b""
        self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.WriteTransport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._waits:
            return
        self._received += data
        if _FIRST_EVENT in self._received:
            assert self._received.startswith(b"HTTP/1.1 200 ")
            self._waits, self._received = True, b""
            self._crowd.waits()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._crowd.lost(self._request, waited=self._waits)


class _Crowd:
    """All devices."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._port = port
        self._requests = requests
        self._waiting = self._failures = 0
        self._since = time.perf_counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    def begin(self) -> None:
        for request in self._requests:
            self._start(request, 0)

    def waits(self) -> None:
        self._waiting += 1
        if self._waiting == len(self._requests):
            told = {"seconds": time.perf_counter() - self._since, "failures": self._failures}
            print(json.dumps(told), flush=True)
            self._failures = 0

    def lost(self, request: bytes, *, waited: bool) -> None:
        if waited:
            if self._waiting == len(self._requests):
                self._since = time.perf_counter()
            self._waiting -= 1
        else:
            self._failures += 1
        self._start(request, random.uniform(1, SPREAD_SECONDS))

    def _start(self, request: bytes, delay: float) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(request, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, request: bytes, delay: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(delay)
        async with self._room:
            while True:
                try:
                    await loop.create_connection(
                        lambda: _Device(request, self), "127.0.0.1", self._port
                    )
                except OSError:
                    # Nobody listens yet: that is the restart itself, and no failure.
                    await asyncio.sleep(random.uniform(0, 1))
                else:
                    return


async def _wait_all(crowd: Crowd) -> None:
    body = b'{"after":[0]}'
    requests = [
        (
            f"POST /v1/arrivals HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Owner {box.owner_key}"
            f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        + body
        for box in crowd.boxes
    ]
    _Crowd(crowd.port, requests).begin()
    await asyncio.Event().wait()


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DEVICES + _SPARE_FILES
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f"ulimit -n must allow {wanted} files"
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    crowd = msgspec.json.decode(sys.stdin.readline(), type=Crowd)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_wait_all(crowd))


if __name__ == "__main__":
    main()
