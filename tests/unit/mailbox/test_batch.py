from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox import batch
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
)
from e2etherapy.mailbox.capabilities import DepositKey, MailboxId, OwnerKey

KEY = b"\x07" * 32
MAILBOX = b"\x09" * 32
ENVELOPE = bytes(range(256)) * 64
DEPOSIT = BatchedDeposit(DepositKey(KEY), MailboxId(MAILBOX), ENVELOPE)
COLLECTION = BatchedCollection(OwnerKey(KEY), 2**40, 7)
ACKNOWLEDGEMENT = BatchedAcknowledgement(OwnerKey(KEY), 3)
ONE = batch.pack_operations([ACKNOWLEDGEMENT])

operations = st.one_of(
    st.just(DEPOSIT),
    st.builds(
        BatchedCollection, st.just(OwnerKey(KEY)), st.integers(0, 2**63 - 1), st.integers(1, 2)
    ),
    st.builds(BatchedAcknowledgement, st.just(OwnerKey(KEY)), st.integers(0, 2**63 - 1)),
)


def test_the_form_is_that_of_the_specification() -> None:
    packed = batch.pack_operations([DEPOSIT, COLLECTION, ACKNOWLEDGEMENT])
    assert packed == (
        b"\x01" + MAILBOX + ENVELOPE
        + b"\x02" + (2**40).to_bytes(8, "big") + b"\x07"
        + b"\x03" + (3).to_bytes(8, "big")
    )  # fmt: skip
    results = batch.pack_results([BatchResult(204), BatchResult(200, b"page"), BatchResult(404)])
    assert results == (
        b"\x00\xcc\x00\x00\x00\x00" + b"\x00\xc8\x00\x00\x00\x04page" + b"\x01\x94\x00\x00\x00\x00"
    )


@given(st.lists(operations, min_size=1, max_size=32))
def test_what_is_packed_is_read_as_it_was(some: list[BatchedOperation]) -> None:
    keys = [bytes(key) for key in batch.keys_of(some)]
    assert batch.unpack_operations(batch.pack_operations(some), keys) == some


@given(
    st.lists(
        st.builds(BatchResult, st.sampled_from((200, 204, 404)), st.binary(max_size=9)), max_size=9
    )
)
def test_results_are_read_as_they_were(results: list[BatchResult]) -> None:
    assert batch.unpack_results(batch.pack_results(results), len(results)) == results


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"", 0),
        (b"", 1),
        (ONE, 0),
        (ONE, 2),
        (ONE + ONE, 1),
        (ONE * 33, 33),
        (ONE[:-1], 1),
        (ONE + b"\x00", 2),
        (b"\x00" + ONE[1:], 1),
        (b"\x04" + ONE[1:], 1),
        (b"\x03" + b"\xff" * 8, 1),
        (b"\x02" + b"\xff" * 8 + b"\x01", 1),
        (b"\x02" + bytes(8) + b"\x00", 1),
        (b"\x02" + bytes(8) + b"\x41", 1),
        ((b"\x02" + bytes(8) + b"\x21") * 2, 2),
        (b"\x01" + MAILBOX + ENVELOPE[:-1], 1),
    ],
)
def test_what_breaks_the_form_of_a_batch_is_refused(data: bytes, keys: int) -> None:
    with pytest.raises(MalformedData):
        batch.unpack_operations(data, [KEY] * keys)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 1),
        (bytes(6), 0),
        (bytes(6), 2),
        (bytes(5), 1),
        (b"\x00\xc8\x00\x00\x00\x05page", 1),
        (bytes(7), 1),
    ],
)
def test_what_breaks_the_form_of_an_answer_is_refused(data: bytes, count: int) -> None:
    with pytest.raises(MalformedData):
        batch.unpack_results(data, count)


def test_no_key_is_part_of_a_body() -> None:
    packed = batch.pack_operations([DEPOSIT, COLLECTION, ACKNOWLEDGEMENT])
    assert KEY not in packed
