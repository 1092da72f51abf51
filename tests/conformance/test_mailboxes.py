"""Envelopes in mailboxes: what every store does (relay/store.py)."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from e2etherapy.mailbox.capabilities import DepositKeyHash, MailboxId, TicketHash
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY, RETENTION_DAYS
from e2etherapy.relay.store import Contradiction, Deposit, MailboxFull, Refused
from tests.conformance.conftest import Bench, Mailbox
from tests.support.relays import TODAY, draw, envelope


async def expire(bench: Bench, today: int) -> tuple[int, int]:
    steps = [step async for step in bench.store.expire(today)]
    return sum(step.envelopes for step in steps), sum(step.invitations for step in steps)


async def test_envelopes_come_back_in_order_with_positions_from_one(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    for text in ("first", "second", "third"):
        await bench.store.deposit(mailbox.deposit(text))
    page = await bench.store.collect(mailbox.id, 0, 64)
    assert [(item.position, item.envelope) for item in page] == [
        (1, envelope("first")),
        (2, envelope("second")),
        (3, envelope("third")),
    ]


async def test_collecting_starts_after_a_position_and_stops_at_the_limit(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    for number in range(5):
        await bench.store.deposit(mailbox.deposit(f"{number}"))
    page = await bench.store.collect(mailbox.id, 1, 2)
    assert [item.position for item in page] == [2, 3]


async def test_collecting_deletes_nothing(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("kept"))
    first = await bench.store.collect(mailbox.id, 0, 64)
    assert await bench.store.collect(mailbox.id, 0, 64) == first


async def test_a_mailbox_is_empty_at_first_and_that_is_no_refusal(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    assert await bench.store.has_mailbox(mailbox.id)
    assert await bench.store.collect(mailbox.id, 0, 64) == []


async def test_parallel_deposits_get_distinct_consecutive_positions(bench: Bench) -> None:
    mailboxes = [await bench.mailbox() for _ in range(3)]
    deposits = [box.deposit(f"{number}") for number in range(40) for box in mailboxes]
    await asyncio.gather(*(bench.store.deposit(deposit) for deposit in deposits))
    for mailbox in mailboxes:
        assert await bench.positions(mailbox) == list(range(1, 41))


async def test_deposits_through_two_openings_get_distinct_positions(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    other = await bench.another()
    await asyncio.gather(
        *(
            store.deposit(mailbox.deposit(f"{number} {store is other}"))
            for number in range(20)
            for store in (bench.store, other)
        )
    )
    assert await bench.positions(mailbox) == list(range(1, 41))


async def test_an_envelope_that_waits_is_not_stored_twice(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("once"))
    await bench.store.deposit(mailbox.deposit("once"))
    await asyncio.gather(*(bench.store.deposit(mailbox.deposit("twin")) for _ in range(5)))
    assert await bench.positions(mailbox) == [1, 2]


async def test_the_same_envelope_in_two_mailboxes_is_stored_in_each(bench: Bench) -> None:
    mailboxes = [await bench.mailbox() for _ in range(2)]
    await asyncio.gather(*(bench.store.deposit(box.deposit("same")) for box in mailboxes))
    assert [await bench.positions(box) for box in mailboxes] == [[1], [1]]


async def test_positions_go_on_after_everything_was_acknowledged(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    for number in range(3):
        await bench.store.deposit(mailbox.deposit(f"{number}"))
    await bench.store.acknowledge(mailbox.id, 3)
    assert await bench.positions(mailbox) == []
    await bench.restart()
    await bench.store.deposit(mailbox.deposit("after"))
    assert await bench.positions(mailbox) == [4]


async def test_acknowledging_deletes_up_to_a_position_and_only_in_this_mailbox(
    bench: Bench,
) -> None:
    mailbox, other = await bench.mailbox(), await bench.mailbox()
    for number in range(3):
        await bench.store.deposit(mailbox.deposit(f"{number}"))
        await bench.store.deposit(other.deposit(f"{number}"))
    await bench.store.acknowledge(mailbox.id, 2)
    await bench.store.acknowledge(mailbox.id, 1)
    assert await bench.positions(mailbox) == [3]
    assert await bench.positions(other) == [1, 2, 3]


async def test_an_acknowledged_envelope_may_be_deposited_again(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("again"))
    await bench.store.acknowledge(mailbox.id, 1)
    await bench.store.deposit(mailbox.deposit("again"))
    assert await bench.positions(mailbox) == [2]


async def test_a_deposit_with_another_key_is_refused_and_takes_nobody_with_it(
    bench: Bench,
) -> None:
    mailbox, nowhere = await bench.mailbox(), Mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)))
    forged = Mailbox(mailbox.id, DepositKeyHash(draw(32)))
    deposits = [
        mailbox.deposit("a"),
        forged.deposit("b"),
        nowhere.deposit("c"),
        mailbox.deposit("d"),
    ]
    outcomes = await asyncio.gather(
        *(bench.store.deposit(deposit) for deposit in deposits), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), Refused, Refused, type(None)]
    assert await bench.positions(mailbox) == [1, 2]


async def test_all_zero_bytes_are_no_key_to_a_mailbox_that_does_not_exist(bench: Bench) -> None:
    nowhere = Mailbox(MailboxId(bytes(32)), DepositKeyHash(bytes(32)))
    with pytest.raises(Refused):
        await bench.store.deposit(nowhere.deposit("a"))
    assert not await bench.store.has_mailbox(MailboxId(bytes(32)))


async def test_a_full_mailbox_takes_nothing_until_something_is_acknowledged(bench: Bench) -> None:
    mailbox, other = await bench.mailbox(), await bench.mailbox()
    for start in range(0, MAILBOX_CAPACITY, 512):
        deposits = [mailbox.deposit(f"{start + number}") for number in range(512)]
        await asyncio.gather(*(bench.store.deposit(deposit) for deposit in deposits))
    full, elsewhere = await asyncio.gather(
        bench.store.deposit(mailbox.deposit("too many")),
        bench.store.deposit(other.deposit("fits")),
        return_exceptions=True,
    )
    assert isinstance(full, MailboxFull)
    assert elsewhere is None
    await bench.store.deposit(mailbox.deposit("0"))  # waits already, so that it needs no room
    await bench.store.acknowledge(mailbox.id, 1)
    await bench.store.deposit(mailbox.deposit("fits again"))
    with pytest.raises(MailboxFull):
        await bench.store.deposit(mailbox.deposit("too many"))
    assert await bench.positions(mailbox) == list(range(2, MAILBOX_CAPACITY + 2))


async def test_envelopes_survive_a_restart(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("kept"))
    await bench.restart()
    (item,) = await bench.store.collect(mailbox.id, 0, 64)
    assert item.envelope == envelope("kept")


async def test_a_mailbox_costs_a_ticket_and_a_ticket_makes_one_mailbox(bench: Bench) -> None:
    (ticket,) = await bench.tickets(1)
    boxes = [Mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32))) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(bench.store.create_mailbox(box.id, box.key_hash, ticket) for box in boxes),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(Refused) == 3
    assert [await bench.store.has_mailbox(box.id) for box in boxes].count(True) == 1


async def test_a_ticket_that_was_never_issued_makes_no_mailbox(bench: Bench) -> None:
    box = Mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)))
    with pytest.raises(Refused):
        await bench.store.create_mailbox(box.id, box.key_hash, TicketHash(draw(32)))
    assert not await bench.store.has_mailbox(box.id)


async def test_creating_the_same_mailbox_again_spends_nothing(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    first, second = await bench.tickets(2)
    await bench.store.create_mailbox(mailbox.id, mailbox.key_hash, first)
    other = Mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)))
    await bench.store.create_mailbox(other.id, other.key_hash, first)
    with pytest.raises(Contradiction):
        await bench.store.create_mailbox(mailbox.id, DepositKeyHash(draw(32)), second)
    await bench.store.deposit(mailbox.deposit("still its own key"))


async def test_closing_a_mailbox_deletes_what_is_in_it(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("gone"))
    await bench.store.close_mailbox(mailbox.id)
    for refused in (
        bench.store.close_mailbox(mailbox.id),
        bench.store.collect(mailbox.id, 0, 64),
        bench.store.acknowledge(mailbox.id, 1),
        bench.store.deposit(mailbox.deposit("too late")),
    ):
        with pytest.raises(Refused):
            await refused
    assert not await bench.store.has_mailbox(mailbox.id)


async def test_arrivals_are_the_mailboxes_with_something_above_the_position(bench: Bench) -> None:
    empty, filled, acknowledged = [await bench.mailbox() for _ in range(3)]
    for box in (filled, acknowledged):
        await bench.store.deposit(box.deposit("a"))
    await bench.store.acknowledge(acknowledged.id, 1)
    unknown = MailboxId(draw(32))
    waits = [(unknown, 0), (filled.id, 0), (empty.id, 0), (filled.id, 1), (acknowledged.id, 0)]
    assert await bench.store.arrived([*waits, (filled.id, 0)]) == [1, 5]
    assert await bench.store.arrived([]) == []


async def test_arrivals_are_told_once_they_are_stored(bench: Bench) -> None:
    mailbox, told = await bench.mailbox(), list[MailboxId]()
    bench.store.on_arrival(told.append)
    await bench.store.deposit(mailbox.deposit("a"))
    with pytest.raises(Refused):
        await bench.store.deposit(Mailbox(mailbox.id, DepositKeyHash(draw(32))).deposit("b"))
    assert told == [mailbox.id]


async def test_a_deposit_whose_sender_is_gone_is_stored_and_told_of(bench: Bench) -> None:
    mailbox, told = await bench.mailbox(), asyncio.Queue[MailboxId]()
    bench.store.on_arrival(told.put_nowait)
    sender = asyncio.create_task(bench.store.deposit(mailbox.deposit("a")))
    await asyncio.sleep(0)
    sender.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sender
    async with asyncio.timeout(30):
        assert await told.get() == mailbox.id
    assert await bench.positions(mailbox) == [1]


async def test_closing_a_store_finishes_what_it_accepted(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    senders = [
        asyncio.create_task(bench.store.deposit(mailbox.deposit(f"{number}")))
        for number in range(100)
    ]
    await asyncio.sleep(0)
    await bench.restart()
    await asyncio.gather(*senders)
    assert await bench.positions(mailbox) == list(range(1, 101))


async def test_envelopes_expire_thirty_days_after_the_day_of_their_arrival(bench: Bench) -> None:
    mailbox, other = await bench.mailbox(), await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("old", TODAY))
    await bench.store.deposit(mailbox.deposit("new", TODAY + 1))
    await bench.store.deposit(other.deposit("other", TODAY + 1))
    assert await expire(bench, TODAY + RETENTION_DAYS - 1) == (0, 0)
    assert await bench.positions(mailbox) == [1, 2]
    assert await expire(bench, TODAY + RETENTION_DAYS) == (1, 0)
    assert await bench.positions(mailbox) == [2]
    assert await bench.positions(other) == [1]


async def test_positions_go_on_after_an_expiry(bench: Bench) -> None:
    mailbox = await bench.mailbox()
    await bench.store.deposit(mailbox.deposit("old"))
    await expire(bench, TODAY + 100)
    await bench.store.deposit(mailbox.deposit("new", TODAY + 100))
    assert await bench.positions(mailbox) == [2]


async def test_an_expiry_of_many_envelopes_leaves_room_for_other_work(bench: Bench) -> None:
    mailboxes = [await bench.mailbox() for _ in range(70)]
    await asyncio.gather(
        *(bench.store.deposit(box.deposit(f"{number}")) for box in mailboxes for number in range(2))
    )
    await asyncio.gather(
        *(bench.store.deposit(mailboxes[0].deposit(f"more {number}")) for number in range(300))
    )
    between = 0
    async for _ in bench.store.expire(TODAY + RETENTION_DAYS):
        new = Deposit(mailboxes[1].id, mailboxes[1].key_hash, draw(32), envelope("new"), TODAY + 30)
        await bench.store.deposit(new)
        between += 1
    assert between > 3
    assert [len(await bench.positions(box)) for box in mailboxes] == [0, between] + [0] * 68
