"""Two nodes over one PostgreSQL: how they wake each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from e2etherapy.mailbox.capabilities import DepositKeyHash, MailboxId
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.arrivals import CHANNEL, Herald, Listener, _named
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.store import Busy, Refused
from e2etherapy.wire import base64url
from tests.support.nodes import Box, Nodes, two_nodes
from tests.support.postgres import Server
from tests.support.relays import PATIENCE_SECONDS, draw


@pytest.fixture
async def nodes(postgres_server: Server) -> AsyncIterator[Nodes]:
    async with two_nodes(postgres_server) as made:
        yield made


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


@pytest.mark.parametrize(
    ("problem", "reports"),
    [(Busy("away"), 0), (ValueError("a password file half written"), 3), (KeyError("driver"), 3)],
)
async def test_what_could_not_be_told_is_told_later(problem: Exception, reports: int) -> None:
    told, paused, reported = list[object](), list[float](), reported_problems()

    class Unsteady:
        async def fetch(self, _statement: str, _channel: str, names: str) -> None:
            if len(paused) < 3:
                raise problem
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
    assert reported == [problem] * reports


async def test_what_arrives_soon_after_a_notification_is_told_of_together() -> None:
    told, paused = asyncio.Queue[str](), asyncio.Queue[float]()
    over = asyncio.Event()
    first, meanwhile, *soon_after = (MailboxId(draw(32)) for _ in range(4))

    class Steady:
        async def fetch(self, _statement: str, _channel: str, names: str) -> None:
            told.put_nowait(names)
            if [*_named(names)] == [first]:
                herald.announce({meanwhile})

    async def pause(seconds: float) -> None:
        paused.put_nowait(seconds)
        await over.wait()

    herald = Herald(Steady(), pause)  # type: ignore[arg-type] # as much of a database as it uses
    async with asyncio.timeout(PATIENCE_SECONDS):
        herald.announce({first})
        assert [*_named(await told.get())] == [first]
        for mailbox in soon_after:
            herald.announce({mailbox})
        assert 0 < await paused.get() <= 0.03
        assert told.empty()
        over.set()
        assert {*_named(await told.get())} == {meanwhile, *soon_after}
    await herald.close()
    assert told.empty()
    assert paused.empty()


def reported_problems() -> list[object]:
    """Collect what is handed to the event loop's handler, which has it logged."""
    found = list[object]()
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: found.append(context["exception"])
    )
    return found


async def test_each_notification_names_mailboxes_in_the_order_of_their_ids() -> None:
    told = list[str]()

    class Steady:
        async def fetch(self, _statement: str, _channel: str, names: str) -> None:
            told.append(names)

    mailboxes = [MailboxId(draw(32)) for _ in range(500)]
    herald = Herald(Steady())  # type: ignore[arg-type] # as much of a database as it uses
    herald.announce(set(mailboxes))
    await herald.close()
    named = [[*_named(names)] for names in told]
    assert [len(some) for some in named] == [186, 186, 128]
    assert all(some == sorted(some) for some in named)
    assert {mailbox for some in named for mailbox in some} == set(mailboxes)


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


async def test_a_listener_goes_on_after_problems_that_nobody_expected(
    postgres_server: Server,
) -> None:
    problems = [KeyError("as it listens"), KeyError("as it has none")]
    left, looked, reported = [*problems], asyncio.Event(), reported_problems()

    def look() -> None:
        if left:
            raise left.pop(0)
        looked.set()

    listener = Listener(await postgres_server.empty_relay())
    listener.on_doubt = look
    async with asyncio.timeout(PATIENCE_SECONDS):
        await looked.wait()
    await listener.close()
    assert reported == problems
