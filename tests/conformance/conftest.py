"""The stores that every test of this folder runs against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.database import open_store
from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.relay.store import Deposit, Store
from tests.support.postgres import KINDS
from tests.support.relays import TODAY, draw, envelope


@dataclass
class Bench:
    """A store that can be closed and opened again, and what tests need in it."""

    place: DatabasePlace
    open_store: Callable[[], Awaitable[Store]]
    store: Store
    opened: list[Store] = field(default_factory=list)

    async def restart(self) -> None:
        await self.store.close()
        self.store = await self.open_store()

    async def another(self) -> Store:
        """Open the same data a second time, as another process would."""
        self.opened.append(await self.open_store())
        return self.opened[-1]

    async def tickets(self, count: int) -> list[TicketHash]:
        allowance = AllowanceHash(draw(32))
        tickets = [TicketHash(draw(32)) for _ in range(count)]
        await self.store.grant(allowance, count)
        await self.store.issue(allowance, tickets)
        return tickets

    async def mailbox(self) -> Mailbox:
        (ticket,) = await self.tickets(1)
        made = Mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)))
        await self.store.create_mailbox(made.id, made.key_hash, ticket)
        return made

    async def positions(self, mailbox: Mailbox) -> list[int]:
        found: list[int] = []
        while page := await self.store.collect(mailbox.id, found[-1] if found else 0, 64):
            found += [item.position for item in page]
        return found


@dataclass(frozen=True)
class Mailbox:
    """A mailbox as the store knows it."""

    id: MailboxId
    key_hash: DepositKeyHash

    def deposit(self, text: str, day: int = TODAY) -> Deposit:
        content = envelope(text)
        return Deposit(self.id, self.key_hash, sha256(content), content, day)


@pytest.fixture(params=["sqlite", *KINDS])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    place: DatabasePlace = tmp_path / "relay.db"
    if request.param in KINDS:
        place = await request.getfixturevalue("postgres_server").relay(request.param)
    open_one = partial(open_store, place)
    made = Bench(place, open_one, await open_one())
    yield made
    for store in (made.store, *made.opened):
        await store.close()
