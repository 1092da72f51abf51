"""Pages are read two at a time, and nobody waits long for a turn behind a store that is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.mailbox import batch
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchResult,
)
from e2etherapy.mailbox.capabilities import MailboxId, OwnedMailbox
from e2etherapy.mailbox.operations import StoredEnvelope, unpack_page
from e2etherapy.relay.limits import PAGES_AT_ONCE
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Deposit
from tests.support.relays import (
    PATIENCE_SECONDS,
    Answer,
    RelayAt,
    batch_request,
    collection,
    deposit,
    envelope,
    relay,
)

MANY = 5
"""More than have a turn at the same moment."""


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


@dataclass
class Pages:
    """The reading of pages, which a test can hold up."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    now: int = 0
    most: int = 0


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    made, collect = Pages(), SqliteStore.collect

    async def held_up(
        store: SqliteStore, mailbox: MailboxId, after: int, limit: int
    ) -> list[StoredEnvelope]:
        made.now += 1
        made.most = max(made.most, made.now)
        made.begun.release()
        try:
            await made.go_on.wait()
            return await collect(store, mailbox, after, limit)
        finally:
            made.now -= 1

    monkeypatch.setattr(SqliteStore, "collect", held_up)
    return made


def depositing(owned: OwnedMailbox, text: str) -> BatchedDeposit:
    address = owned.address()
    return BatchedDeposit(address.key, address.mailbox, envelope(text))


def collecting(owned: OwnedMailbox) -> BatchedCollection:
    return BatchedCollection(owned.owner_key, 0, 1)


def results(answer: Answer, count: int) -> list[BatchResult]:
    assert answer.status == 200, answer.body
    return batch.unpack_results(answer.body, count)


async def test_two_pages_are_read_at_once_whoever_asks_for_them(at: RelayAt, pages: Pages) -> None:
    owned = await at.mailbox()
    await at.send(deposit(owned, envelope("a")))
    asked = [collection(owned), batch_request(collecting(owned), depositing(owned, "b"))] * MANY
    answers = [asyncio.create_task(at.send(one)) for one in asked]
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(PAGES_AT_ONCE):
            await pages.begun.acquire()
        pages.go_on.set()
        assert {answer.status for answer in await asyncio.gather(*answers)} == {200}
    assert pages.most == PAGES_AT_ONCE


async def test_who_waits_long_for_a_turn_is_told_to_come_back(
    at: RelayAt, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned = await at.mailbox()
    await at.send(deposit(owned, envelope("a")))
    first = [asyncio.create_task(at.send(collection(owned))) for _ in range(PAGES_AT_ONCE)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in first:
            await pages.begun.acquire()
    monkeypatch.setattr("e2etherapy.relay.reading.PAGE_SECONDS", 0.05)
    late = await at.send(collection(owned))
    assert (late.status, late.json["title"], bool(late.header("Retry-After"))) == (
        503,
        "Busy",
        True,
    )
    # What needs no turn is done: only the pages have to be asked for again.
    mixed = (collecting(owned), depositing(owned, "b"), BatchedAcknowledgement(owned.owner_key, 1))
    late_results = results(await at.send(batch_request(*mixed)), len(mixed))
    assert late_results == [BatchResult(503), BatchResult(204), BatchResult(204)]
    pages.go_on.set()
    assert {answer.status for answer in await asyncio.gather(*first)} == {200}
    (found,) = unpack_page((await at.send(collection(owned))).body)
    assert (found.position, found.envelope) == (2, envelope("b"))


async def test_a_batch_needs_no_turn_to_be_told_that_its_mailboxes_are_unknown(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of a store that answers only when all have asked: none of them waits for another."""
    owned, together = await at.mailbox(), asyncio.Barrier(MANY)

    async def nobody_knows(_store: SqliteStore, _mailbox: MailboxId) -> bool:
        await together.wait()
        return False

    monkeypatch.setattr(SqliteStore, "has_mailbox", nobody_knows)
    request = batch_request(collecting(owned))
    for answer in await asyncio.gather(*(at.send(request) for _ in range(MANY))):
        assert results(answer, 1) == [BatchResult(404)]


async def test_a_batch_has_no_turn_while_its_deposits_are_written(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned, together, store = await at.mailbox(), asyncio.Barrier(MANY), SqliteStore.deposit

    async def written_together(self: SqliteStore, one: Deposit) -> None:
        await together.wait()
        await store(self, one)

    monkeypatch.setattr(SqliteStore, "deposit", written_together)
    asked = [batch_request(depositing(owned, f"{each}"), collecting(owned)) for each in range(MANY)]
    for answer in await asyncio.gather(*map(at.send, asked)):
        assert [result.status for result in results(answer, 2)] == [204, 200]
