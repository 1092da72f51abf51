"""What an operator sees and does is the same whichever database is in use."""

from __future__ import annotations

import asyncio

import pytest

from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.relay import decisions
from e2etherapy.relay.database import mark_restored, statistics
from e2etherapy.relay.store import MailboxFull
from tests.conformance.conftest import Bench
from tests.support.relays import PATIENCE_SECONDS

MINUTE = 29_000_000


async def restore(bench: Bench, minute: int) -> None:
    """Say that the database was brought back, with no relay running on it."""
    await bench.store.close()
    await mark_restored(bench.place, minute)
    bench.store = await bench.open_store()


async def test_statistics_count_everything_and_name_nobody(bench: Bench) -> None:
    boxes = [await bench.mailbox() for _ in range(3)]
    await bench.tickets(2)
    for number in range(10):
        await bench.store.deposit(boxes[0].deposit(f"{number}"))
    await bench.store.deposit(boxes[1].deposit("one"))
    found = await statistics(bench.place)
    assert (found.mailboxes, found.envelopes, found.invitations) == (3, 11, 0)
    assert (found.tickets, found.allowances) == (2, [0, 0, 0, 0])
    assert found.waiting == [1, 1, 1, 0, 0]
    assert found.bytes > 11 * 16_384


async def test_statistics_of_nothing_are_zeros(bench: Bench) -> None:
    found = await statistics(bench.place)
    assert (found.mailboxes, found.envelopes, found.tickets, found.allowances) == (0, 0, 0, [])
    assert found.waiting == [0, 0, 0, 0, 0]


async def test_groups_are_counted_by_what_became_durable_in_them(bench: Bench) -> None:
    sizes: list[int] = []
    box = await bench.mailbox()
    bench.store.on_group(sizes.append)
    await asyncio.gather(*(bench.store.deposit(box.deposit(f"{n}")) for n in range(20)))
    assert sum(sizes) == 20
    assert len(sizes) < 20


async def test_what_waits_to_be_written_is_counted_until_it_is(bench: Bench) -> None:
    box = await bench.mailbox()
    deposits = [asyncio.ensure_future(bench.store.deposit(box.deposit(f"{n}"))) for n in range(5)]
    assert bench.store.pending() == 0
    await asyncio.sleep(0)
    assert bench.store.pending() == 5
    await asyncio.gather(*deposits)
    assert bench.store.pending() == 0


async def test_an_estimate_comes_near_to_the_number_of_envelopes(bench: Bench) -> None:
    box = await bench.mailbox()
    for number in range(40):
        await bench.store.deposit(box.deposit(f"{number}"))
    await bench.store.acknowledge(box.id, 10)
    # SQLite says it at once, a server of PostgreSQL once its sessions have told it.
    await bench.restart()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not 25 <= (await bench.store.space()).envelopes <= 40:
            await bench.store.scrub()


async def test_what_waited_before_a_restore_counts_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "MAILBOX_CAPACITY", 4)
    box = await bench.mailbox()
    for number in range(3):
        await bench.store.deposit(box.deposit(f"{number}"))
    await bench.store.acknowledge(box.id, 1)
    for minute in (MINUTE, MINUTE + 1):
        await restore(bench, minute)
        await bench.store.deposit(box.deposit(f"at {minute}"))
    first, second = (MINUTE << COUNT_BITS) + 4, (MINUTE + 1 << COUNT_BITS) + 5
    assert await bench.positions(box) == [2, 3, first, second]
    with pytest.raises(MailboxFull):
        await bench.store.deposit(box.deposit("too much"))
    await bench.store.acknowledge(box.id, 3)
    await bench.store.deposit(box.deposit("room again"))
    assert await bench.positions(box) == [first, second, second + 1]
