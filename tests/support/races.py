"""Two nodes over one database, and runners that start at the same moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.relay.store import Store
from tests.support.relays import draw

AT_ONCE = 16
Entry = Callable[[Store], Coroutine[object, object, object]]


@dataclass
class Course:
    """Two nodes, and what races need."""

    nodes: list[Store]
    chance: random.Random
    races: int

    async def run(self, race: Callable[[Course], Awaitable[None]]) -> None:
        """Run a race many times, some at the same moment so that groups mix."""
        for _ in range(self.races // AT_ONCE):
            await asyncio.gather(*(race(self) for _ in range(AT_ONCE)))

    async def both(self, *entries: Entry) -> list[object]:
        """Let each runner start at a node of its own; return results and refusals in order."""
        nodes = self.chance.sample(self.nodes, 2)
        runners = [self._start(entry, nodes[number % 2]) for number, entry in enumerate(entries)]
        results = await asyncio.gather(*runners, return_exceptions=True)
        return [type(one) if isinstance(one, BaseException) else one for one in results]

    async def _start(self, entry: Entry, node: Store) -> object:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        return await entry(node)

    async def tickets(self, count: int) -> list[TicketHash]:
        allowance, tickets = AllowanceHash(draw(32)), [TicketHash(draw(32)) for _ in range(count)]
        await self.nodes[0].grant(allowance, count)
        await self.nodes[0].issue(allowance, tickets)
        return tickets

    async def mailbox(self) -> tuple[MailboxId, DepositKeyHash]:
        (ticket,) = await self.tickets(1)
        made = MailboxId(draw(32)), DepositKeyHash(draw(32))
        await self.nodes[0].create_mailbox(*made, ticket)
        return made

    async def waiting(self, mailbox: MailboxId) -> list[tuple[int, bytes]]:
        """Return what waits, which both nodes must say alike."""
        pages = [await node.collect(mailbox, 0, 64) for node in self.nodes]
        assert pages[0] == pages[1]
        return [(item.position, item.envelope) for item in pages[0]]

    async def is_unspent(self, ticket: TicketHash) -> bool:
        """Say whether a ticket pays; spends it."""
        outcomes = await self.both(
            lambda node: node.create_mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)), ticket)
        )
        return outcomes == [None]
