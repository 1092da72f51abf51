"""Two nodes over one PostgreSQL: what they do at the same moment, and how they wake each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.database import PostgresDatabase
from e2etherapy.relay.postgres import deposits as group
from e2etherapy.relay.postgres.arrivals import CHANNEL, Herald, Listener
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.store import Busy, Contradiction, Deposit, Invitation, PutMark, Refused
from e2etherapy.wire import base64url
from e2etherapy.wire.locator import Locator
from tests.support.postgres import Server
from tests.support.relays import PATIENCE_SECONDS, TODAY, draw, envelope

ROUNDS = 15


@dataclass
class Nodes:
    """Two stores over one database."""

    place: PostgresDatabase
    first: PostgresStore
    second: PostgresStore

    async def tickets(self, count: int) -> list[TicketHash]:
        allowance, tickets = AllowanceHash(draw(32)), [TicketHash(draw(32)) for _ in range(count)]
        await self.first.grant(allowance, count)
        await self.first.issue(allowance, tickets)
        return tickets

    async def mailbox(self) -> Box:
        (ticket,) = await self.tickets(1)
        box = Box(MailboxId(draw(32)), DepositKeyHash(draw(32)))
        await self.first.create_mailbox(box.id, box.key_hash, ticket)
        return box

    async def positions(self, box: Box) -> list[int]:
        found: list[int] = []
        while page := await self.second.collect(box.id, found[-1] if found else 0, 64):
            found += [item.position for item in page]
        return found


@dataclass(frozen=True)
class Box:
    id: MailboxId
    key_hash: DepositKeyHash

    def deposit(self, text: str) -> Deposit:
        content = envelope(text)
        return Deposit(self.id, self.key_hash, sha256(content), content, TODAY)


@pytest.fixture
async def nodes(postgres_server: Server) -> AsyncIterator[Nodes]:
    place = await postgres_server.empty_relay()
    made = Nodes(place, await PostgresStore.open(place), await PostgresStore.open(place))
    yield made
    await made.first.close()
    await made.second.close()


async def outcomes(*attempts: object) -> list[object]:
    return await asyncio.gather(*attempts, return_exceptions=True)  # type: ignore[call-overload,no-any-return]


# At the same moment


async def test_deposits_into_the_same_mailboxes_leave_no_gap_and_no_twin(nodes: Nodes) -> None:
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


async def test_acknowledging_and_depositing_at_once_lose_nothing(nodes: Nodes) -> None:
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


async def test_an_invitation_is_claimed_once(nodes: Nodes) -> None:
    for _ in range(ROUNDS):
        (ticket,) = await nodes.tickets(1)
        made = Invitation(Locator(draw(32)), envelope("bundle"), TODAY + 3)
        await nodes.first.put_invitation(ticket, PutMark(draw(32)), made)
        results = await outcomes(
            *(
                node.claim(made.locator, ClaimHash(draw(32)), TODAY)
                for node in (nodes.first, nodes.second)
                for _ in range(3)
            )
        )
        assert results.count(made.bundle) == 1
        assert [type(result) for result in results].count(Refused) == 5


async def test_a_ticket_makes_one_mailbox(nodes: Nodes) -> None:
    for _ in range(ROUNDS):
        (ticket,) = await nodes.tickets(1)
        results = await outcomes(
            *(
                node.create_mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)), ticket)
                for node in (nodes.first, nodes.second)
            )
        )
        assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]


async def test_a_mailbox_that_is_created_twice_spends_one_ticket(nodes: Nodes) -> None:
    for _ in range(ROUNDS):
        tickets = await nodes.tickets(2)
        mailbox, key_hash = MailboxId(draw(32)), DepositKeyHash(draw(32))
        pairs = zip((nodes.first, nodes.second), tickets, strict=True)
        results = await outcomes(
            *(node.create_mailbox(mailbox, key_hash, ticket) for node, ticket in pairs)
        )
        assert results == [None, None]
        again = await outcomes(
            *(
                nodes.first.create_mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)), ticket)
                for ticket in tickets
            )
        )
        assert sorted(type(result).__name__ for result in again) == ["NoneType", "Refused"]


async def test_a_mailbox_has_the_deposit_key_of_whoever_came_first(nodes: Nodes) -> None:
    for _ in range(ROUNDS):
        tickets, mailbox = await nodes.tickets(2), MailboxId(draw(32))
        pairs = zip((nodes.first, nodes.second), tickets, strict=True)
        results = await outcomes(
            *(
                node.create_mailbox(mailbox, DepositKeyHash(draw(32)), ticket)
                for node, ticket in pairs
            )
        )
        assert sorted(type(result).__name__ for result in results) == ["Contradiction", "NoneType"]


async def test_a_ticket_puts_one_invitation_and_a_locator_is_taken_once(nodes: Nodes) -> None:
    for _ in range(ROUNDS):
        (ticket,), locator = await nodes.tickets(1), Locator(draw(32))
        made = Invitation(locator, envelope("bundle"), TODAY + 3)
        results = await outcomes(
            *(
                node.put_invitation(ticket, PutMark(draw(32)), made)
                for node in (nodes.first, nodes.second)
            )
        )
        assert sorted(type(result).__name__ for result in results) == ["Contradiction", "NoneType"]
        first, second = await nodes.tickets(2)
        rival = Invitation(Locator(draw(32)), envelope("rival"), TODAY + 3)
        results = await outcomes(
            nodes.first.put_invitation(first, PutMark(draw(32)), rival),
            nodes.second.put_invitation(second, PutMark(draw(32)), rival),
        )
        assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]


async def test_an_allowance_is_never_overdrawn_and_a_repeated_request_costs_nothing(
    nodes: Nodes,
) -> None:
    for _ in range(ROUNDS):
        allowance, tickets = AllowanceHash(draw(32)), [TicketHash(draw(32)) for _ in range(6)]
        await nodes.first.grant(allowance, 3)
        same = await outcomes(
            *(node.issue(allowance, tickets[:2]) for node in (nodes.first, nodes.second))
        )
        assert same == [None, None]
        results = await outcomes(
            *(
                node.issue(allowance, [ticket])
                for ticket in tickets[2:4]
                for node in (nodes.first, nodes.second)
            )
        )
        assert [type(result) for result in results].count(Refused) == 2


async def test_an_allowance_is_granted_once(nodes: Nodes) -> None:
    allowance = AllowanceHash(draw(32))
    results = await outcomes(nodes.first.grant(allowance, 1), nodes.second.grant(allowance, 1))
    assert sorted(type(result).__name__ for result in results) == ["Contradiction", "NoneType"]
    with pytest.raises(Contradiction):
        await nodes.second.grant(allowance, 1)


async def test_two_nodes_that_expire_at_once_delete_everything_once(nodes: Nodes) -> None:
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


# Waking


async def heard(node: PostgresStore) -> tuple[asyncio.Queue[MailboxId], asyncio.Queue[None]]:
    """Return what a node hears of arrivals elsewhere, and of its own doubts."""
    arrivals, doubts = asyncio.Queue[MailboxId](), asyncio.Queue[None]()
    node.on_arrival_elsewhere(arrivals.put_nowait, lambda: doubts.put_nowait(None))
    return arrivals, doubts


async def test_a_deposit_at_one_node_is_heard_of_at_the_other(nodes: Nodes) -> None:
    arrivals, _ = await heard(nodes.second)
    boxes = [await nodes.mailbox() for _ in range(3)]
    await asyncio.gather(*(nodes.first.deposit(box.deposit("a")) for box in boxes))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert {await arrivals.get() for _ in boxes} == {box.id for box in boxes}


async def test_a_refused_deposit_is_not_heard_of(nodes: Nodes) -> None:
    arrivals, _ = await heard(nodes.second)
    box = await nodes.mailbox()
    with pytest.raises(Refused):
        await nodes.first.deposit(Box(box.id, DepositKeyHash(draw(32))).deposit("a"))
    other = await nodes.mailbox()
    await nodes.first.deposit(other.deposit("a"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await arrivals.get() == other.id


async def test_more_arrivals_than_one_notification_holds_are_all_heard_of(nodes: Nodes) -> None:
    arrivals, _ = await heard(nodes.second)
    mailboxes = {MailboxId(draw(32)) for _ in range(500)}
    nodes.first._herald.announce(mailboxes)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert {await arrivals.get() for _ in mailboxes} == mailboxes


@pytest.mark.parametrize("payload", ["", "nonsense", "A" * 42, "!" * 43, "A" * 43 + "B"])
async def test_what_others_send_on_the_channel_does_no_harm(nodes: Nodes, payload: str) -> None:
    arrivals, _ = await heard(nodes.second)
    connection = await asyncpg.connect(nodes.place.url)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
    box = MailboxId(draw(32))
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, base64url.encode(box))
    await connection.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await arrivals.get() != box:
            pass


async def test_a_node_that_lost_its_ear_lets_everybody_look_and_listens_again(
    nodes: Nodes,
) -> None:
    arrivals, doubts = await heard(nodes.second)
    box = await nodes.mailbox()
    killer = await asyncpg.connect(nodes.place.url)
    ended = await killer.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND starts_with(query, 'LISTEN')"
    )
    await killer.close()
    assert ended >= 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        await doubts.get()  # as the connection was lost
        await doubts.get()  # as it listens again
        await nodes.first.deposit(box.deposit("a"))
        assert await arrivals.get() == box.id


async def test_what_could_not_be_told_is_told_later() -> None:
    told, paused = list[object](), list[float]()

    class Unsteady:
        async def fetch(self, _statement: str, _channel: str, names: str) -> None:
            if len(paused) < 3:
                raise Busy("away")
            told.append(names)
            done.set()

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    done, mailbox = asyncio.Event(), MailboxId(draw(32))
    herald = Herald(Unsteady(), pause)  # type: ignore[arg-type] # as much of a database as it uses
    herald.announce({mailbox})
    async with asyncio.timeout(PATIENCE_SECONDS):
        await done.wait()
    await herald.close()
    assert told == [base64url.encode(mailbox)]
    assert paused == [0.25, 0.5, 1.0]


async def test_a_listener_without_a_database_tries_less_and_less_often() -> None:
    paused, doubts = list[float](), list[bool]()
    enough = asyncio.Event()

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 8:
            enough.set()
            await asyncio.Event().wait()

    listener = Listener(PostgresDatabase("postgresql://relay@/relay?host=/nowhere"), pause)
    listener.on_doubt = lambda: doubts.append(True)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await enough.wait()
    await listener.close()
    assert paused == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert len(doubts) == 7
