"""Two stores over one PostgreSQL, as two relays have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.store import Deposit
from tests.support.postgres import Server
from tests.support.relays import TODAY, draw, envelope


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


@asynccontextmanager
async def two_nodes(server: Server, kind: str = "postgres") -> AsyncIterator[Nodes]:
    """Open two stores over an empty database of one of the server's kinds."""
    place = await server.relay(kind)
    made = Nodes(place, await PostgresStore.open(place), await PostgresStore.open(place))
    yield made
    await made.first.close()
    await made.second.close()
