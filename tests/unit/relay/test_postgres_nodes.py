"""Two nodes over one PostgreSQL: what they do at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from e2etherapy.mailbox.capabilities import (
    DepositKeyHash,
    TicketHash,
)
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres import deposits as group
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.store import Busy, Deposit, Refused
from tests.support.nodes import Nodes, two_nodes
from tests.support.postgres import KINDS, Server
from tests.support.relays import PATIENCE_SECONDS, TODAY, draw, envelope

ROUNDS = 15


@pytest.fixture
async def nodes(postgres_server: Server) -> AsyncIterator[Nodes]:
    async with two_nodes(postgres_server) as made:
        yield made


@pytest.fixture(params=KINDS)
async def nodes_of_each_kind(
    request: pytest.FixtureRequest, postgres_server: Server
) -> AsyncIterator[Nodes]:
    async with two_nodes(postgres_server, request.param) as made:
        yield made


async def test_deposits_into_the_same_mailboxes_leave_no_gap_and_no_twin(
    nodes_of_each_kind: Nodes,
) -> None:
    nodes = nodes_of_each_kind
    boxes = [await nodes.mailbox() for _ in range(3)]
    await asyncio.gather(
        *(
            # Each text comes to both nodes, as when an answer was lost.
            node.deposit(box.deposit(f"{number}"))
            for number in range(60)
            for node in (nodes.first, nodes.second)
            for box in boxes
        )
    )
    for box in boxes:
        assert await nodes.positions(box) == list(range(1, 61))


async def test_who_was_overtaken_twice_takes_the_lock_and_is_not_overtaken_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, rivals = await nodes.mailbox(), list[asyncio.Task[None]]()
    look_up = group._look_up

    async def look_and_be_overtaken(connection: Connection, deposits: list[Deposit]) -> object:
        found = await look_up(connection, deposits)
        if deposits[0].digest == slow.digest:
            quick = box.deposit(f"quick {len(rivals) + 1}")
            rivals.append(asyncio.create_task(nodes.second.deposit(quick)))
            await done_or_waiting(rivals[-1], nodes.place)
        return found

    slow = box.deposit("slow")
    monkeypatch.setattr(group, "_look_up", look_and_be_overtaken)
    await nodes.first.deposit(slow)
    assert len(rivals) == 3
    await asyncio.gather(*rivals)
    page = await nodes.first.collect(box.id, 0, 64)
    texts = ("quick 1", "quick 2", "slow", "quick 3")
    assert [item.envelope for item in page] == [envelope(text) for text in texts]
    assert [item.position for item in page] == [1, 2, 3, 4]


async def test_who_is_overtaken_every_time_is_told_to_come_again_and_keeps_nobody_else(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = [await nodes.mailbox() for _ in range(2)]
    write = group._write

    async def overtaken(connection: Connection, *written: Any) -> set[bytes]:  # noqa: ANN401 - passed on
        return await write(connection, *written) - {boxes[0].id}

    monkeypatch.setattr(group, "_write", overtaken)
    outcomes = await asyncio.gather(
        *(nodes.first.deposit(box.deposit("text")) for box in boxes), return_exceptions=True
    )
    assert [type(one) for one in outcomes] == [Busy, type(None)]


async def done_or_waiting(task: asyncio.Task[None], place: PostgresDatabase) -> None:
    """Return when a task has ended, or when something in the database waits for a lock."""
    connection = await asyncpg.connect(place.url)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not task.done() and not await connection.fetchval(waiting):
            pass
    await connection.close()


async def test_a_key_that_was_changed_after_the_look_opens_nothing(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, changed = await nodes.mailbox(), list[bool]()
    (ticket,) = await nodes.tickets(1)
    look_up = group._look_up

    async def look_and_be_replaced(connection: Connection, deposits: list[Deposit]) -> object:
        found = await look_up(connection, deposits)
        if not changed:
            changed.append(True)
            await nodes.second.close_mailbox(box.id)
            await nodes.second.create_mailbox(box.id, DepositKeyHash(draw(32)), ticket)
        return found

    monkeypatch.setattr(group, "_look_up", look_and_be_replaced)
    with pytest.raises(Refused):
        await nodes.first.deposit(box.deposit("for the mailbox before"))
    assert changed
    assert await nodes.positions(box) == []


async def test_acknowledging_and_depositing_at_once_lose_nothing(nodes_of_each_kind: Nodes) -> None:
    nodes = nodes_of_each_kind
    box, collected = await nodes.mailbox(), list[int]()
    senders = [
        asyncio.create_task(nodes.first.deposit(box.deposit(f"{number}"))) for number in range(200)
    ]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(collected) < 200:
            page = await nodes.second.collect(box.id, 0, 64)
            if page:
                collected += [item.position for item in page]
                await nodes.second.acknowledge(box.id, page[-1].position)
    await asyncio.gather(*senders)
    assert collected == list(range(1, 201))
    assert await nodes.positions(box) == []


async def test_two_nodes_that_expire_at_once_delete_everything_once(
    nodes_of_each_kind: Nodes,
) -> None:
    nodes = nodes_of_each_kind
    boxes = [await nodes.mailbox() for _ in range(4)]
    await asyncio.gather(
        *(nodes.first.deposit(box.deposit(f"{number}")) for box in boxes for number in range(150))
    )

    async def expired(node: PostgresStore) -> int:
        return sum([step.envelopes async for step in node.expire(TODAY + 100)])

    counts = await asyncio.gather(expired(nodes.first), expired(nodes.second))
    assert sum(counts) <= 600
    assert sum(counts) + await expired(nodes.first) == 600
    assert [await nodes.positions(box) for box in boxes] == [[]] * 4


async def test_a_deadlock_is_resolved_by_doing_one_of_the_two_again(nodes: Nodes) -> None:
    first, second = await nodes.tickets(2)
    met, attempts = asyncio.Barrier(2), list[int]()

    async def one_after_the_other(
        connection: Connection, tickets: tuple[TicketHash, TicketHash], number: int
    ) -> None:
        attempts.append(number)
        lock = "SELECT 1 FROM ticket WHERE hash = $1 FOR UPDATE"
        await connection.execute("SET LOCAL deadlock_timeout = '10ms'")
        await connection.execute(lock, tickets[0])
        if attempts.count(number) == 1:
            await met.wait()
        await connection.execute(lock, tickets[1])

    async def there(connection: Connection) -> None:
        await one_after_the_other(connection, (first, second), 0)

    async def back(connection: Connection) -> None:
        await one_after_the_other(connection, (second, first), 1)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(
            nodes.first._database.transact(there), nodes.second._database.transact(back)
        )
    assert sorted(attempts) in ([0, 0, 1], [0, 1, 1])
