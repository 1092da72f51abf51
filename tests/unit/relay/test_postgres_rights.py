"""Two nodes over one PostgreSQL: rights that both use at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.relay.store import Contradiction, Invitation, PutMark, Refused
from e2etherapy.wire.locator import Locator
from tests.support.nodes import Nodes, two_nodes
from tests.support.postgres import Server
from tests.support.relays import TODAY, draw, envelope

ROUNDS = 15


@pytest.fixture
async def nodes(postgres_server: Server) -> AsyncIterator[Nodes]:
    async with two_nodes(postgres_server) as made:
        yield made


async def outcomes(*attempts: object) -> list[object]:
    return await asyncio.gather(*attempts, return_exceptions=True)  # type: ignore[call-overload,no-any-return]


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
