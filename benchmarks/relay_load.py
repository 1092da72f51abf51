"""The load on a relay: bare HTTP over asyncio's protocols, in a process of its own.

A client library would be slower than what it is to measure. A plan comes as JSON on standard
input, and what was measured goes as JSON to standard output.

    python -m benchmarks.relay_load < plan.json
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import msgspec
import uvloop

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import BatchedDeposit, pack_operations, unpack_results
from e2etherapy.mailbox.capabilities import DepositKey, MailboxId, OwnerKey
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE

MOST_SECONDS = 120
_DONE = "204"
_FOUND = "200"


class Box(msgspec.Struct, frozen=True):
    """A mailbox with its keys, base64url."""

    mailbox: str
    deposit_key: str
    owner_key: str


class Plan(msgspec.Struct, frozen=True):
    """What is to be done.

    Attributes:
        kind: deposit, batch or drain.
        ports: of the relays; connections are spread over them.
        boxes: for deposits those of all connections together, each of which goes through its own
            in turn; for drains each connection's mailbox; for batches those of one batch.
        connections: how many at once.
        count: requests of each connection (for a drain: pages, at most).
        warm_up: requests of each connection before the clock starts.
        per_second: of all connections together; 0 for as many as the relay takes.
    """

    kind: str
    ports: list[int]
    boxes: list[Box]
    connections: int
    count: int
    warm_up: int = 0
    per_second: float = 0


class Measured(NamedTuple):
    """Envelopes a second, and percentiles of the time that a request took in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float


def generate(plan: Plan) -> Measured:
    """Run a plan in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.relay_load"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        check=True,
        timeout=2 * MOST_SECONDS + (plan.count * plan.connections / (plan.per_second or 1e9)),
    )
    return Measured(*json.loads(done.stdout))


def measured(latencies: Sequence[float], seconds: float, envelopes: int) -> Measured:
    """Return the figures of a run."""
    cuts = statistics.quantiles(latencies, n=100)
    return Measured(envelopes / seconds, cuts[49] * 1000, cuts[98] * 1000)


Requests = Callable[[int], bytes]
"""Returns the bytes of a connection's request with a number."""
Envelopes = Callable[[bytes, bytes], int]
"""Checks an answer, given its head and body, and returns how many envelopes it was about."""


class _Talker(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests: Requests, envelopes: Envelopes, times: Sequence[float]) -> None:
        self._requests = requests
        self._envelopes = envelopes
        self._times = times
        self._received = bytearray()
        self._started = 0.0
        self.latencies: list[float] = []
        self.envelopes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._next()

    def _next(self) -> None:
        number = len(self.latencies)
        if number == len(self._times):
            self._transport.close()
            self.done.set_result(None)
            return
        due, now = self._times[number], time.perf_counter()
        if due > now:
            asyncio.get_running_loop().call_later(due - now, self._send, due)
        else:
            self._send(due or now)

    def _send(self, started: float) -> None:
        # From when it was due: a relay that falls behind must not slow its clients unnoticed.
        self._started = started
        self._transport.write(self._requests(len(self.latencies)))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = bytes(self._received).partition(b"\r\n\r\n")
        if not blank or len(body) < _length(head):
            return
        self._received.clear()
        self.latencies.append(time.perf_counter() - self._started)
        self.envelopes += self._envelopes(head, body)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The relay closed the connection."))


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"Content-Length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _status(head: bytes) -> str:
    return head[9:12].decode()


def _head(line: str, scheme: str, keys: Sequence[str], size: int = 0) -> bytes:
    body = f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n" if size else ""
    return (
        f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {scheme} {','.join(keys)}\r\n{body}\r\n"
    ).encode()


def _depositing(boxes: Sequence[Box]) -> tuple[Requests, Envelopes]:
    rest = _random_rest()
    heads = [
        _head(
            f"POST /v1/mailboxes/{box.mailbox}/envelopes",
            api.DEPOSIT,
            [box.deposit_key],
            ENVELOPE_SIZE,
        )
        for box in boxes
    ]

    def checked(answer: bytes, _body: bytes) -> int:
        assert _status(answer) == _DONE, answer
        return 1

    return lambda number: b"".join((heads[number % len(heads)], _fresh(), rest)), checked


def _batching(boxes: Sequence[Box]) -> tuple[Requests, Envelopes]:
    rest = _random_rest()
    keys = [DepositKey(base64url.decode(box.deposit_key, 32)) for box in boxes]
    mailboxes = [MailboxId(base64url.decode(box.mailbox, 32)) for box in boxes]
    some = list(zip(keys, mailboxes, strict=True))
    size = len(boxes) * (1 + MailboxId.SIZE + ENVELOPE_SIZE)
    head = _head("POST /v1/batch", api.BATCH, [box.deposit_key for box in boxes], size)

    def request(_number: int) -> bytes:
        deposits = [BatchedDeposit(key, mailbox, _fresh() + rest) for key, mailbox in some]
        return head + pack_operations(deposits)

    def checked(answer: bytes, body: bytes) -> int:
        assert _status(answer) == _FOUND, answer
        results = unpack_results(body, len(some))
        assert all(result.status == int(_DONE) for result in results), results
        return len(results)

    return request, checked


def _draining(box: Box) -> tuple[Requests, Envelopes]:
    """Collect a page and acknowledge it, in turn; each envelope counts once."""
    path, owner = f"/v1/mailboxes/{box.mailbox}/envelopes", [box.owner_key]
    last = 0

    def request(number: int) -> bytes:
        if number % 2:
            return _head(f"DELETE {path}?through={last}", api.OWNER, owner)
        return _head(f"GET {path}?after={last}&limit={api.MAX_PAGE}", api.OWNER, owner)

    def checked(answer: bytes, body: bytes) -> int:
        nonlocal last
        assert _status(answer) in {_DONE, _FOUND}, answer
        if not body:
            return 0
        page = api.unpack_page(body)
        last = page[-1].position
        return len(page)

    return request, checked


def _random_rest() -> bytes:
    return os.urandom(ENVELOPE_SIZE - 8)


def _fresh() -> bytes:
    return os.urandom(8)


def _talks(plan: Plan) -> list[tuple[Requests, Envelopes]]:
    if plan.kind == "batch":
        return [_batching(plan.boxes) for _ in range(plan.connections)]
    enough = max(plan.connections, len(plan.boxes))
    boxes = list(itertools.islice(itertools.cycle(plan.boxes), enough))
    if plan.kind == "drain":
        return [_draining(box) for box in boxes[: plan.connections]]
    return [_depositing(boxes[place :: plan.connections]) for place in range(plan.connections)]


async def _run(plan: Plan) -> Measured:
    talks = _talks(plan)
    if plan.warm_up:
        await _talk(plan, talks, [[0.0] * plan.warm_up] * plan.connections)
    start = time.perf_counter()
    talkers = await _talk(plan, talks, _times(plan, start))
    latencies = [latency for talker in talkers for latency in talker.latencies]
    envelopes = sum(talker.envelopes for talker in talkers)
    return measured(latencies, time.perf_counter() - start, envelopes)


def _times(plan: Plan, start: float) -> list[list[float]]:
    """Return when each request of each connection is due; 0 for at once."""
    if not plan.per_second:
        return [[0.0] * plan.count] * plan.connections
    step = plan.connections / plan.per_second
    return [
        [start + (number + place / plan.connections) * step for number in range(plan.count)]
        for place in range(plan.connections)
    ]


async def _talk(
    plan: Plan, talks: list[tuple[Requests, Envelopes]], times: list[list[float]]
) -> list[_Talker]:
    loop = asyncio.get_running_loop()
    talkers = []
    for (requests, envelopes), due, port in zip(
        talks, times, itertools.cycle(plan.ports), strict=False
    ):
        talker = _Talker(requests, envelopes, due)
        talkers.append(talker)
        await loop.create_connection(lambda talker=talker: talker, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(talker.done for talker in talkers))
    return talkers


def box_of(owner_key: OwnerKey, deposit_key: DepositKey) -> Box:
    """Return a mailbox in a plan's form."""
    return Box(
        base64url.encode(owner_key.mailbox()),
        base64url.encode(deposit_key),
        base64url.encode(owner_key),
    )


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_run(plan))))


if __name__ == "__main__":
    main()
