"""A batch at a real relay: many operations, each with its own result."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.mailbox import batch
from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
)
from e2etherapy.mailbox.capabilities import DepositKey, OwnedMailbox, OwnerKey
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import DiskFull
from tests.support.relays import (
    REFUSAL,
    RelayAt,
    Request,
    acknowledgement,
    batch_request,
    collection,
    deposit,
    draw,
    envelope,
    relay,
)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


def depositing(owned: OwnedMailbox, text: str) -> BatchedDeposit:
    address = owned.address()
    return BatchedDeposit(address.key, address.mailbox, envelope(text))


async def results(at: RelayAt, *operations: BatchedOperation) -> list[BatchResult]:
    answer = await at.send(batch_request(*operations))
    assert answer.status == 200, answer.body
    assert answer.header("Content-Type") == api.BINARY
    return batch.unpack_results(answer.body, len(operations))


async def waiting(at: RelayAt, owned: OwnedMailbox) -> list[tuple[int, bytes]]:
    page = api.unpack_page((await at.send(collection(owned))).body)
    return [(stored.position, stored.envelope) for stored in page]


async def test_a_batch_deposits_in_order_collects_and_acknowledges(at: RelayAt) -> None:
    one, two = await at.mailbox(), await at.mailbox()
    done = await results(at, *(depositing(one, f"number {number}") for number in range(31)),
                         depositing(two, "for two"))  # fmt: skip
    assert {result.status for result in done} == {204}
    expected = [(number + 1, envelope(f"number {number}")) for number in range(31)]
    assert await waiting(at, one) == expected
    first, second = await results(
        at,
        BatchedCollection(one.owner_key, 29, 10),
        BatchedCollection(two.owner_key, 0, 10),
    )
    page = api.unpack_page(first.content)
    assert [stored.position for stored in page] == [30, 31]
    assert api.unpack_page(second.content)[0].envelope == envelope("for two")
    acknowledged = await results(
        at,
        BatchedAcknowledgement(one.owner_key, 30),
        BatchedAcknowledgement(two.owner_key, 1),
    )
    assert acknowledged == [BatchResult(204)] * 2
    assert [position for position, _ in await waiting(at, one)] == [31]
    assert await waiting(at, two) == []


async def test_what_one_operation_is_refused_fails_none_of_the_others(at: RelayAt) -> None:
    owned = await at.mailbox()
    stranger = OwnedMailbox.generate(draw)
    wrong_key = BatchedDeposit(DepositKey(draw(32)), owned.owner_key.mailbox(), envelope("forged"))
    done = await results(
        at,
        wrong_key,
        depositing(owned, "good"),
        depositing(stranger, "nowhere"),
        BatchedCollection(OwnerKey(draw(32)), 0, 1),
        BatchedAcknowledgement(stranger.owner_key, 1),
        depositing(owned, "good too"),
    )
    assert [result.status for result in done] == [404, 204, 404, 404, 404, 204]
    assert all(result.content == b"" for result in done)
    assert [content for _, content in await waiting(at, owned)] == [
        envelope("good"),
        envelope("good too"),
    ]


async def test_the_same_envelope_twice_in_a_batch_is_stored_once(at: RelayAt) -> None:
    owned = await at.mailbox()
    done = await results(at, depositing(owned, "twice"), depositing(owned, "twice"))
    assert [result.status for result in done] == [204, 204]
    assert len(await waiting(at, owned)) == 1


async def test_a_full_mailbox_and_a_fault_are_results_of_their_own(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned = await at.mailbox()

    async def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("words that must not be logged")

    monkeypatch.setattr(SqliteStore, "acknowledge", broken)
    done = await results(at, depositing(owned, "good"), BatchedAcknowledgement(owned.owner_key, 1))
    assert [result.status for result in done] == [204, 500]
    assert "ZeroDivisionError" in at.log.getvalue()
    assert "words" not in at.log.getvalue()


async def test_a_full_disk_is_a_result_and_is_logged(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned = await at.mailbox()

    async def full(*_arguments: object) -> None:
        raise DiskFull("The disk has no room; nothing was stored.")

    monkeypatch.setattr(SqliteStore, "deposit", full)
    done = await results(at, depositing(owned, "no room"))
    assert [result.status for result in done] == [507]
    assert "disk full" in at.log.getvalue()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request("POST", "/v1/batch", "Batch", b"x", api.BINARY), 400),
        (Request("POST", "/v1/batch", None, b"x", api.BINARY), 401),
        (Request("POST", "/v1/batch", f"Owner {'A' * 43}", b"x", api.BINARY), 401),
        (Request("POST", "/v1/batch", f"Batch {'A' * 43}", b"x", api.BINARY), 400),
        (Request("POST", "/v1/batch", f"Batch {'A' * 43}", b"", api.BINARY), 400),
        (Request("POST", "/v1/batch", f"Batch {'A' * 43}", b"x", api.JSON), 415),
        (
            Request(
                "POST",
                "/v1/batch",
                f"Batch {'A' * 43}",
                b"x" * (batch.MAX_REQUEST_SIZE + 1),
                api.BINARY,
            ),
            413,
        ),
        (Request("POST", "/v1/batch", f"Batch {','.join(['A' * 43] * 33)}", b"x", api.BINARY), 400),
    ],
)
async def test_a_batch_that_breaks_its_form_changes_nothing(
    at: RelayAt, request_: Request, status: int
) -> None:
    assert (await at.send(request_)).status == status


async def test_a_refusal_alone_and_in_a_batch_have_the_same_status(at: RelayAt) -> None:
    stranger = OwnedMailbox.generate(draw)
    alone = await at.send(acknowledgement(stranger, 1))
    assert (alone.status, alone.body) == (404, REFUSAL)
    (batched,) = await results(at, BatchedAcknowledgement(stranger.owner_key, 1))
    assert batched == BatchResult(404)


async def test_bodies_that_all_together_are_too_much_are_turned_away_unread(
    tmp_path: Path,
) -> None:
    async with relay(tmp_path, limits=Limits(body_bytes=16_384)) as at:
        owned = await at.mailbox()
        assert (await at.send(deposit(owned, envelope("fits")))).status == 204
        # More than the relay takes off a connection before it has begun to read a body.
        large = batch_request(*(depositing(owned, f"number {number}") for number in range(32)))
        answer = await at.send(large)
        assert answer.status == 503
        assert answer.header("Retry-After")
        assert (await at.send(deposit(owned, envelope("fits again")))).status == 204
        assert len(await waiting(at, owned)) == 2
