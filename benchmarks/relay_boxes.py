"""Mailboxes for a benchmark, made in a relay's database before the relay starts."""

from __future__ import annotations

import asyncio

from benchmarks.relay_load import Box, box_of
from e2etherapy.mailbox.capabilities import Allowance, OwnedMailbox, Ticket
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace

_AT_ONCE = 256


def make_boxes(place: DatabasePlace, count: int) -> list[Box]:
    """Create mailboxes; return them with their keys."""
    return asyncio.run(_make(place, count))


async def _make(place: DatabasePlace, count: int) -> list[Box]:
    boxes: list[Box] = []
    async with opened_store(place) as store:
        allowance = Allowance(system_entropy(32)).hash()
        await store.grant(allowance, count)
        while len(boxes) < count:
            size = min(_AT_ONCE, count - len(boxes))
            tickets = [Ticket(system_entropy(32)).hash() for _ in range(size)]
            await store.issue(allowance, tickets)
            owned = [OwnedMailbox.generate(system_entropy) for _ in tickets]
            await asyncio.gather(
                *(
                    store.create_mailbox(box.owner_key.mailbox(), box.deposit_key.hash(), ticket)
                    for box, ticket in zip(owned, tickets, strict=True)
                )
            )
            boxes += [box_of(box.owner_key, box.deposit_key) for box in owned]
    return boxes
