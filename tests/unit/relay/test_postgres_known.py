"""What a node knows of mailboxes spares it a look, and never decides what another node changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from e2etherapy.mailbox.capabilities import DepositKeyHash, MailboxId
from e2etherapy.relay import decisions
from e2etherapy.relay.postgres import deposits as group
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.store import Deposit, MailboxFull, Refused
from tests.support.nodes import Nodes, two_nodes
from tests.support.postgres import Server
from tests.support.relays import TODAY, draw


@pytest.fixture
async def nodes(postgres_server: Server) -> AsyncIterator[Nodes]:
    async with two_nodes(postgres_server) as made:
        yield made


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many deposits each look was about."""
    counted: list[int] = []
    look_up = group._look_up

    async def counting(connection: Connection, deposits: Sequence[Deposit]) -> object:
        counted.append(len(deposits))
        return await look_up(connection, deposits)

    monkeypatch.setattr(group, "_look_up", counting)
    return counted


async def test_a_known_mailbox_is_not_looked_at(nodes: Nodes, looks: list[int]) -> None:
    box = await nodes.mailbox()
    for number in range(4):
        await nodes.first.deposit(box.deposit(f"{number}"))
    assert looks == [1]
    assert await nodes.positions(box) == [1, 2, 3, 4]


async def test_what_another_node_stored_is_counted(nodes: Nodes, looks: list[int]) -> None:
    box = await nodes.mailbox()
    for number in range(3):
        await nodes.first.deposit(box.deposit(f"first {number}"))
        await nodes.second.deposit(box.deposit(f"second {number}"))
    assert await nodes.positions(box) == [1, 2, 3, 4, 5, 6]
    # Both look at first, and after each time that the other was quicker.
    assert looks == [1] * 6


@pytest.mark.parametrize("stored_by", ["first", "second"])
async def test_an_envelope_that_waits_in_a_known_mailbox_is_not_stored_twice(
    nodes: Nodes, looks: list[int], stored_by: str
) -> None:
    box = await nodes.mailbox()
    await nodes.first.deposit(box.deposit("before"))
    for node in (getattr(nodes, stored_by), nodes.first, nodes.first):
        await node.deposit(box.deposit("twin"))
    assert await nodes.positions(box) == [1, 2]
    assert looks[0] == 1
    await nodes.first.deposit(box.deposit("after"))
    assert await nodes.positions(box) == [1, 2, 3]


async def test_a_known_mailbox_that_was_emptied_elsewhere_is_not_full(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "MAILBOX_CAPACITY", 3)
    box = await nodes.mailbox()
    for number in range(3):
        await nodes.first.deposit(box.deposit(f"{number}"))
    with pytest.raises(MailboxFull):
        await nodes.first.deposit(box.deposit("too much"))
    await nodes.second.acknowledge(box.id, 2)
    await nodes.first.deposit(box.deposit("room again"))
    assert await nodes.positions(box) == [3, 4]


async def test_a_known_mailbox_that_was_closed_elsewhere_is_gone(nodes: Nodes) -> None:
    box = await nodes.mailbox()
    await nodes.first.deposit(box.deposit("before"))
    await nodes.second.close_mailbox(box.id)
    with pytest.raises(Refused):
        await nodes.first.deposit(box.deposit("after"))


async def test_a_mailbox_that_was_made_anew_elsewhere_holds_nothing_twice(nodes: Nodes) -> None:
    box = await nodes.mailbox()
    await nodes.first.deposit(box.deposit("before"))
    (ticket,) = await nodes.tickets(1)
    await nodes.second.close_mailbox(box.id)
    await nodes.second.create_mailbox(box.id, box.key_hash, ticket)
    await nodes.second.deposit(box.deposit("twin"))
    # Its last position is the one that the first node knows.
    for text in ("twin", "after"):
        await nodes.first.deposit(box.deposit(text))
    assert await nodes.positions(box) == [1, 2]


async def test_a_wrong_key_makes_a_look_at_any_mailbox(nodes: Nodes, looks: list[int]) -> None:
    known, unknown = await nodes.mailbox(), await nodes.mailbox()
    await nodes.first.deposit(known.deposit("first"))
    looks.clear()
    right = known.deposit("second")
    for mailbox in (known.id, unknown.id, MailboxId(draw(32))):
        key_hash = DepositKeyHash(draw(32))
        with pytest.raises(Refused):
            await nodes.first.deposit(
                Deposit(mailbox, key_hash, right.digest, right.envelope, TODAY)
            )
    assert looks == [1, 1, 1]
    await nodes.first.deposit(right)
    assert looks == [1, 1, 1]


async def test_a_vacuum_comes_with_forgetting_who_was_written_to(
    nodes: Nodes, looks: list[int]
) -> None:
    box = await nodes.mailbox()
    await nodes.first.deposit(box.deposit("first"))
    await nodes.first.scrub()
    await nodes.first.deposit(box.deposit("second"))
    assert looks == [1, 1]
