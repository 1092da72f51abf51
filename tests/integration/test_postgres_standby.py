"""A relay whose database waits for a standby: nothing is shown or answered that it has not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from e2etherapy.mailbox.capabilities import (
    Allowance,
    DepositKeyHash,
    MailboxId,
    OwnedMailbox,
    Ticket,
)
from e2etherapy.relay.postgres import commits
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.pool import POOL_SIZE
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.store import Busy, Deposit
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support import postgres
from tests.support.relays import PATIENCE_SECONDS, draw

_WAITING = "SELECT array(SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep')"


@dataclass
class Scene:
    """A store, a mailbox in it, and its server, whose only standby can be away."""

    server: postgres.Server
    store: PostgresStore
    mailbox: MailboxId
    key_hash: DepositKeyHash
    ticket: Ticket

    async def standby(self, *, away: bool) -> None:
        name = "nowhere" if away else ""
        await self.server.execute(
            f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", "SELECT pg_reload_conf()"
        )
        # The server's processes read that one after another.
        await asyncio.sleep(0.3)
        assert await self.server.value("SHOW synchronous_standby_names") == name

    async def hanging(self) -> list[int]:
        """Return the server's processes that wait for the standby."""
        found: list[int] = await self.server.value(_WAITING)
        return found

    def deposit(self) -> Deposit:
        return Deposit(self.mailbox, self.key_hash, draw(32), draw(ENVELOPE_SIZE), 20_000)

    async def positions(self) -> list[int]:
        return [item.position for item in await self.store.collect(self.mailbox, 0, 9)]

    async def create_again(self) -> None:
        await self.store.create_mailbox(self.mailbox, self.key_hash, self.ticket.hash())


@pytest.fixture(scope="module")
def own_server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture(params=[False, True], ids=["postgres", "spread"])
async def scene(
    own_server: postgres.Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[Scene]:
    place = await own_server.empty_relay(spread=request.param)
    store = await PostgresStore.open(place)
    owned, allowance, ticket = OwnedMailbox.generate(draw), Allowance(draw(32)), Ticket(draw(32))
    await store.grant(allowance.hash(), 9)
    await store.issue(allowance.hash(), [ticket.hash()])
    made = Scene(own_server, store, owned.owner_key.mailbox(), owned.deposit_key.hash(), ticket)
    await made.create_again()
    monkeypatch.setattr(commits, "WORK_SECONDS", 0.6)
    monkeypatch.setattr(commits, "LAST_SECONDS", 0.2)
    yield made
    await made.standby(away=False)
    await store.close()


async def test_what_no_standby_has_is_neither_answered_nor_shown(scene: Scene) -> None:
    await scene.standby(away=True)
    deposit = scene.deposit()
    for _ in range(3):
        with pytest.raises(Busy):
            await scene.store.deposit(deposit)
    assert await scene.positions() == []
    await scene.standby(away=False)
    await eventually(lambda: scene.store.deposit(deposit))
    assert await scene.positions() == [1]
    await scene.store.deposit(scene.deposit())
    assert await scene.positions() == [1, 2]


async def test_an_answer_that_is_repeated_waits_for_the_standby_too(scene: Scene) -> None:
    await scene.standby(away=True)
    deposit = scene.deposit()
    sending = asyncio.create_task(scene.store.deposit(deposit))
    # An operator who ends the waiting has it shown.
    await asyncio.sleep(0.3)
    (pid,) = await scene.hanging()
    await scene.server.execute(f"SELECT pg_cancel_backend({pid})")
    await asyncio.wait([sending])
    assert await scene.positions() == [1]
    for again in (scene.store.deposit(deposit), scene.create_again()):
        with pytest.raises(Busy):
            await again


async def test_who_goes_away_shows_nothing_to_the_next(scene: Scene) -> None:
    owned = OwnedMailbox.generate(draw)
    allowance, ticket = Allowance(draw(32)), Ticket(draw(32))
    await scene.store.grant(allowance.hash(), 1)
    await scene.store.issue(allowance.hash(), [ticket.hash()])
    await scene.standby(away=True)
    mailbox = owned.owner_key.mailbox()
    making = asyncio.create_task(
        scene.store.create_mailbox(mailbox, owned.deposit_key.hash(), ticket.hash())
    )
    await asyncio.sleep(0.3)
    making.cancel()
    await asyncio.wait([making])
    assert not await scene.store.has_mailbox(mailbox)


async def test_a_writer_that_is_cancelled_shows_nothing(scene: Scene) -> None:
    async def advance(connection: Connection) -> None:
        await connection.execute(
            "UPDATE mailbox SET last_position = 7 WHERE id = $1", bytes(scene.mailbox)
        )

    await scene.standby(away=True)
    writing = asyncio.create_task(scene.store._writing.commit(advance))
    await asyncio.sleep(0.3)
    writing.cancel()
    await asyncio.wait([writing])
    # Longer than the server would take to do what it were asked for.
    await asyncio.sleep(0.3)
    assert len(await scene.hanging()) == 1
    await scene.standby(away=False)


async def test_commits_that_hang_do_not_take_one_connection_after_another(scene: Scene) -> None:
    await scene.standby(away=True)
    for _ in range(4):
        grants = [scene.store.grant(Allowance(draw(32)).hash(), 1) for _ in range(8)]
        outcomes = await asyncio.gather(*grants, return_exceptions=True)
        assert {type(one) for one in outcomes} == {Busy}
    assert POOL_SIZE <= len(await scene.hanging()) < POOL_SIZE + 5
    await scene.standby(away=False)
    await eventually(lambda: scene.store.grant(Allowance(draw(32)).hash(), 1))
    await asyncio.gather(*(scene.store.grant(Allowance(draw(32)).hash(), 1) for _ in range(8)))


async def eventually(ask: Callable[[], Awaitable[None]]) -> None:
    """Ask as a device does, which tries again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await ask()
            except Busy:
                await asyncio.sleep(0.05)
