"""A mailbox's envelopes lie side by side under its number, and say its last position themselves."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.mailbox.operations import COUNT_BITS, RETENTION_DAYS
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.sqlite.backup import mark_restored
from e2etherapy.relay.sqlite.places import draw_number
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Busy, Deposit, Refused
from tests.support.relays import TODAY, draw, envelope

KEY_HASH = DepositKeyHash(b"\x02" * 32)
ALLOWANCE = AllowanceHash(b"\x03" * 32)
_SPARE_TICKETS = 24


def a_deposit(mailbox: MailboxId, text: str, day: int = TODAY) -> Deposit:
    content = envelope(text)
    return Deposit(mailbox, KEY_HASH, sha256(content), content, day)


async def with_mailboxes(path: Path, count: int) -> tuple[SqliteStore, list[MailboxId]]:
    store = await SqliteStore.open(path)
    tickets = [TicketHash(draw(32)) for _ in range(count)]
    mailboxes = [MailboxId(draw(32)) for _ in range(count)]
    await store.grant(ALLOWANCE, count + _SPARE_TICKETS)
    for start in range(0, count, 256):
        await store.issue(ALLOWANCE, tickets[start : start + 256])
    for mailbox, ticket in zip(mailboxes, tickets, strict=True):
        await store.create_mailbox(mailbox, KEY_HASH, ticket)
    return store, mailboxes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[tuple[SqliteStore, list[MailboxId]]]:
    opened = await with_mailboxes(path, 2)
    yield opened
    await opened[0].close()


async def test_the_numbers_of_mailboxes_are_random_and_tell_no_order(path: Path) -> None:
    store, mailboxes = await with_mailboxes(path, 64)
    await store.close()
    with closing(sqlite3.connect(path)) as reader:
        found = dict(reader.execute("SELECT id, number FROM mailbox"))
    numbers = [found[mailbox] for mailbox in mailboxes]
    assert len(set(numbers)) == 64
    assert 2**30 < max(numbers) < 2**31
    rising = sum(first < second for first, second in pairwise(numbers))
    # 31.5 of 63 are expected, with a standard deviation of 2.3.
    assert 17 <= rising <= 46


def test_a_number_is_never_0_and_never_one_that_is_taken() -> None:
    drawn = iter([bytes(4), (5 << 1).to_bytes(4, "big"), (6 << 1).to_bytes(4, "big")])
    assert draw_number(lambda number: number == 5, lambda _: next(drawn)) == 6


async def test_an_envelopes_bytes_go_with_it_and_with_its_mailbox_and_with_no_other(
    store: tuple[SqliteStore, list[MailboxId]], path: Path
) -> None:
    opened, (one, other) = store
    for number in range(4):
        await opened.deposit(a_deposit(one, f"number {number}"))
        await opened.deposit(a_deposit(other, f"number {number}"))
    with closing(sqlite3.connect(path)) as reader:

        def stored() -> int:
            ((count,),) = reader.execute("SELECT count(*) FROM envelope")
            return int(count)

        await opened.acknowledge(one, 1)
        assert stored() == 7
        await opened.close_mailbox(one)
        assert stored() == 4
    assert [item.position for item in await opened.collect(other, 0, 64)] == [1, 2, 3, 4]


async def test_a_position_is_given_once_also_when_all_before_it_are_gone(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (mailbox, _) = store
    await opened.deposit(a_deposit(mailbox, "one"))
    await opened.deposit(a_deposit(mailbox, "two", TODAY + 1))
    await opened.acknowledge(mailbox, 1)
    async for _ in opened.expire(TODAY + 40):
        pass
    await opened.deposit(a_deposit(mailbox, "three"))
    assert [item.position for item in await opened.collect(mailbox, 0, 64)] == [3]
    await opened.acknowledge(mailbox, 2**63 - 1)
    await opened.deposit(a_deposit(mailbox, "four"))
    assert [item.position for item in await opened.collect(mailbox, 0, 64)] == [4]


async def test_what_failed_is_not_taken_for_what_waits(
    store: tuple[SqliteStore, list[MailboxId]], path: Path
) -> None:
    opened, (mailbox, _) = store
    await opened.deposit(a_deposit(mailbox, "before"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER no BEFORE INSERT ON envelope BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(Busy):
            await opened.deposit(a_deposit(mailbox, "once more"))
        other.execute("DROP TRIGGER no")
    for _ in range(2):
        await opened.deposit(a_deposit(mailbox, "once more"))
    contents = [item.envelope for item in await opened.collect(mailbox, 0, 64)]
    assert contents == [envelope("before"), envelope("once more")]


async def test_what_was_deleted_may_come_again(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (mailbox, _) = store
    for position in (1, 2):
        await opened.deposit(a_deposit(mailbox, "the same"))
        assert [item.position for item in await opened.collect(mailbox, 0, 64)] == [position]
        await opened.acknowledge(mailbox, position)


async def test_who_has_not_the_key_learns_nothing_and_changes_nothing(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (mailbox, _) = store
    await opened.deposit(a_deposit(mailbox, "one"))
    content = envelope("one")
    for wrong in (mailbox, MailboxId(draw(32))):
        forged = Deposit(wrong, DepositKeyHash(draw(32)), sha256(content), content, TODAY)
        with pytest.raises(Refused):
            await opened.deposit(forged)
    assert [item.position for item in await opened.collect(mailbox, 0, 64)] == [1]


async def test_an_acknowledgement_takes_nothing_that_came_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, (mailbox, _) = await with_mailboxes(path, 2)
    for number in range(200):
        await opened.deposit(a_deposit(mailbox, f"{number}"))
    run, steps = opened._writer.run, []

    async def with_a_deposit_between_steps(
        change: Callable[[sqlite3.Connection], object], changed: MailboxId | None
    ) -> object:
        steps.append(await run(change, changed))
        await opened.deposit(a_deposit(mailbox, f"after step {len(steps)}"))
        return steps[-1]

    monkeypatch.setattr(opened._writer, "run", with_a_deposit_between_steps)
    await opened.acknowledge(mailbox, 2**63 - 1)
    assert steps == [(128, 200), (72, 200)]
    assert [item.position for item in await opened.collect(mailbox, 0, 64)] == [201, 202]
    monkeypatch.undo()
    await opened.close()


STEPS = st.one_of(
    st.tuples(st.just("deposit"), st.integers(0, 12)),
    st.tuples(st.just("acknowledge"), st.integers(0, 14)),
    st.tuples(st.just("acknowledge anything"), st.integers(0, 2**63 - 1)),
    st.tuples(st.just("deposit with a wrong key"), st.integers(0, 12)),
    st.tuples(st.just("expire"), st.integers(0, 2)),
    st.tuples(st.just("close and make anew"), st.just(0)),
    st.tuples(st.just("restore"), st.just(0)),
    st.tuples(st.just("restore an older copy"), st.just(0)),
)


class Model:
    """What a mailbox holds, in the simplest words."""

    def __init__(self) -> None:
        self.waiting: dict[int, str] = {}
        self.last = 0

    def deposit(self, text: str) -> None:
        if text not in self.waiting.values():
            self.last += 1
            self.waiting[self.last] = text

    def expire(self, today: int) -> None:
        if today >= TODAY + RETENTION_DAYS:
            self.waiting.clear()

    def make_anew(self) -> None:
        self.waiting.clear()
        self.last = 0

    def acknowledge(self, through: int) -> None:
        self.waiting = {key: text for key, text in self.waiting.items() if key > through}


@settings(max_examples=40)
@given(steps=st.lists(STEPS, max_size=24), asked=st.lists(st.integers(0, 2**63 - 1), max_size=3))
def test_a_mailbox_is_like_the_simplest_one_also_across_restores(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], asked: list[int]
) -> None:
    path = tmp_path_factory.mktemp("places") / "relay.db"
    asyncio.run(_compare(path, steps, asked))


async def _compare(path: Path, steps: list[tuple[str, int]], asked: list[int]) -> None:
    store, (mailbox, _) = await with_mailboxes(path, 2)
    model = Model()
    minute = 29_000_000
    for step, number in steps:
        if step == "deposit":
            await store.deposit(a_deposit(mailbox, f"{number}"))
            model.deposit(f"{number}")
        elif step == "deposit with a wrong key":
            deposit = replace(a_deposit(mailbox, f"{number}"), key_hash=DepositKeyHash(bytes(32)))
            with pytest.raises(Refused):
                await store.deposit(deposit)
        elif step == "expire":
            today = TODAY + RETENTION_DAYS - 1 + number
            async for _ in store.expire(today):
                pass
            model.expire(today)
        elif step == "close and make anew":
            await store.close_mailbox(mailbox)
            ticket = TicketHash(draw(32))
            await store.issue(ALLOWANCE, [ticket])
            await store.create_mailbox(mailbox, KEY_HASH, ticket)
            model.make_anew()
        elif step.startswith("restore"):
            await store.close()
            if step == "restore an older copy":
                # The last envelope came after the copy was made.
                await _forget_newest(path, model)
            minute += 1
            mark_restored(path, minute)
            model.last = minute << COUNT_BITS | (model.last & (2**COUNT_BITS - 1))
            store = await SqliteStore.open(path)
        else:
            through = number if step.endswith("anything") else _nth(model, number)
            await store.acknowledge(mailbox, through)
            model.acknowledge(through)
        for after in (0, model.last - 1, model.last, *asked, *list(model.waiting)[:3]):
            expected = [key for key in sorted(model.waiting) if key > max(after, 0)]
            page = await store.collect(mailbox, max(after, 0), 5)
            assert [item.position for item in page] == expected[:5]
            assert [item.envelope for item in page] == [
                envelope(model.waiting[key]) for key in expected[:5]
            ]
            assert await store.arrived([(mailbox, max(after, 0))]) == ([0] if expected else [])
    await store.close()


def _nth(model: Model, number: int) -> int:
    return sorted(model.waiting)[number] if number < len(model.waiting) else model.last


async def _forget_newest(path: Path, model: Model) -> None:
    if model.waiting:
        newest = max(model.waiting)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM envelope WHERE position = ?", (newest,))
            database.execute("UPDATE mailbox SET last_position = max(last_position, ?)", (0,))
        del model.waiting[newest]
        # An older copy's own last position is that of its newest envelope, or what it wrote down.
        with closing(sqlite3.connect(path)) as database:
            ((written,),) = database.execute("SELECT max(last_position) FROM mailbox")
        model.last = max([written, *model.waiting])
