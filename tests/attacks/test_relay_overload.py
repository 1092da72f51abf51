"""Threat R18: what a real relay holds, and whom it serves, while it is asked for too much.

Every flood here ends by itself: it is bounded in requests or in seconds, and stays on this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import (
    OwnedMailbox,
    Ticket,
)
from e2etherapy.relay.bounds import PROGRAM, most_memory
from e2etherapy.relay.limits import STANDARD, Limits
from tests.support.relays import (
    PATIENCE_SECONDS,
    Answer,
    RelayProcess,
    Request,
    collection,
    creation,
    deposit,
    draw,
    read_answer,
    relay_process,
    tickets_request,
)

# What a real relay holds and does while it is asked for too much

FEW, MANY = 16, 512
"""Twice as many as there are places for new things: some are turned away on any machine."""
SECONDS = 3.0
SHORT = replace(
    STANDARD,
    writes=32,
    write_seconds=0.2,
    connections=1_024,
    requests=512,
    body_bytes=8 * 2**20,
    head_bytes=2**20,
    untaken_bytes=4 * 2**20,
    waited_mailboxes=1_024,
    deposit_burst=1_000_000,
)
LATE_SECONDS = 3.0
FLOOR = 1 / 3
"""How much of what it stores for few it must still store for many. A refusal costs nearly half of a
deposit: of a machine of its own 0.6 to 0.7 are left, and of one that three others use 0.4 to 0.5. A
relay that breaks down stores nearly nothing in time, or refuses nobody.
"""
TRIES = 3


@dataclass
class Load:
    """What became of deposits."""

    statuses: Counter[int] = field(default_factory=Counter)
    late: int = 0
    """Stored ones that took longer than LATE_SECONDS."""


def test_many_more_than_it_can_serve_are_turned_away_and_the_rest_is_served(
    tmp_path: Path,
) -> None:
    with relay_process(tmp_path, limits=SHORT) as process:
        owned = made_mailboxes(process, MANY)
        # What else this machine does can spoil one of them; a relay that breaks down spoils all.
        shares = (flooded(process, owned) for _ in range(TRIES))
        assert any(share > FLOOR for share in shares)


def flooded(process: RelayProcess, owned: list[OwnedMailbox]) -> float:
    """Ask for twice what a relay can do; return how much it does of what it did for few."""
    few = asyncio.run(load(process.port, owned[:FEW]))
    twice = 2 * few.statuses[204] / SECONDS
    flood = asyncio.run(load(process.port, owned, pause=MANY / twice))
    assert memory(process) < most_memory(SHORT)
    assert asyncio.run(ask(process.port, collection(owned[0]))).status == 200
    assert few.statuses.keys() == {204}
    assert flood.statuses.keys() == {204, 503}
    assert flood.late < flood.statuses[204] / 100
    return flood.statuses[204] / few.statuses[204]


def test_heads_that_never_end_hold_a_bounded_memory(tmp_path: Path) -> None:
    with relay_process(tmp_path, limits=SHORT) as process:
        before = memory(process)
        asyncio.run(endless_heads(process.port, 800))
        assert memory(process) - before < SHORT.head_bytes + PROGRAM / 3
        assert asyncio.run(ask(process.port, Request("GET", "/v1/health"))).status == 200


async def endless_heads(port: int, count: int) -> None:
    """Begin heads of 400 KB, in lines that are not too long, and keep them open."""
    line = b"X-Filler: " + b"a" * 8_000 + b"\r\n"

    async def begin(stack: contextlib.AsyncExitStack) -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        try:
            writer.write(b"GET /v1/health HTTP/1.1\r\nHost: relay\r\n")
            for _ in range(50):
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            return False
        return True

    async with asyncio.timeout(2 * PATIENCE_SECONDS), contextlib.AsyncExitStack() as stack:
        await asyncio.gather(*(begin(stack) for _ in range(count)))


async def load(port: int, owned: list[OwnedMailbox], pause: float = 0) -> Load:
    """Have each mailbox get one deposit after another for some seconds.

    With a pause, one begins each time that it is over, or as soon as the one before is answered.
    """
    done, end = Load(), time.monotonic() + SECONDS
    async with asyncio.timeout(PATIENCE_SECONDS + SECONDS), asyncio.TaskGroup() as group:
        for each in owned:
            group.create_task(deposits(port, each, done, (end, pause)))
    return done


async def deposits(port: int, owned: OwnedMailbox, done: Load, rhythm: tuple[float, float]) -> None:
    request = deposit(owned, b"").encode(stays=True)
    head = request.replace(b"Content-Length: 0\r\n", b"Content-Length: 16384\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    end, pause = rhythm
    due = time.monotonic()
    while (begin := time.monotonic()) < end:
        due = max(due + pause, begin)
        writer.write(head + draw(16) * 1_024)
        answer = await read_answer(reader)
        done.statuses[answer.status] += 1
        late = time.monotonic() - begin > LATE_SECONDS
        done.late += answer.status == 204 and late
        await asyncio.sleep(due - time.monotonic())
    writer.close()


async def ask(port: int, request: Request) -> Answer:
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request.encode())
        answer = await read_answer(reader)
        writer.close()
        return answer


def made_mailboxes(process: RelayProcess, count: int) -> list[OwnedMailbox]:
    allowance = process.allowance(count)

    async def make() -> list[OwnedMailbox]:
        tickets = [Ticket(draw(32)) for _ in range(count)]
        for start in range(0, count, api.MAX_TICKETS):
            some = tickets[start : start + api.MAX_TICKETS]
            assert (await ask(process.port, tickets_request(allowance, *some))).status == 204
        owned = [OwnedMailbox.generate(draw) for _ in tickets]
        for each, ticket in zip(owned, tickets, strict=True):
            assert (await ask(process.port, creation(each, ticket))).status == 204
        return owned

    return asyncio.run(make())


def memory(process: RelayProcess) -> int:
    """Return the bytes of memory that a process really has."""
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4_096


def test_the_limits_of_these_floods_are_within_a_flood_of_the_standard_ones() -> None:
    assert isinstance(SHORT, Limits)
    assert most_memory(SHORT) < most_memory(STANDARD)
