from __future__ import annotations

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox import operations
from e2etherapy.mailbox.capabilities import DepositKey, OwnerKey
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.wire import base64url

ENVELOPE = bytes(16_384)
KEY = base64url.encode(bytes(32))


def record(position: int) -> bytes:
    return position.to_bytes(8, "big") + ENVELOPE


def test_a_page_is_positions_and_envelopes() -> None:
    page = [StoredEnvelope(1, ENVELOPE), StoredEnvelope(7, b"\x01" * 16_384)]
    packed = operations.pack_page(page)
    assert packed == record(1) + (7).to_bytes(8, "big") + b"\x01" * 16_384
    assert operations.unpack_page(packed) == page
    assert operations.unpack_page(b"") == []


def test_the_largest_page_is_read_and_one_more_record_is_not() -> None:
    records = [record(position) for position in range(1, operations.MAX_PAGE + 2)]
    assert len(operations.unpack_page(b"".join(records[:-1]))) == operations.MAX_PAGE
    with pytest.raises(MalformedData):
        operations.unpack_page(b"".join(records))


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        record(1)[:-1],
        record(1) + b"\x00",
        record(0),
        record(2) + record(2),
        record(2) + record(1),
        record(2**63),
        record(2**64 - 1),
    ],
)
def test_a_page_that_is_not_whole_or_does_not_rise_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        operations.unpack_page(data)


def test_the_highest_position_is_read() -> None:
    (item,) = operations.unpack_page(record(operations.MAX_POSITION))
    assert item.position == 2**63 - 1


def test_an_authorization_names_its_scheme_and_shows_the_keys_only() -> None:
    value = operations.authorization("Deposit", DepositKey(bytes(32)))
    assert value == f"Deposit {KEY}"
    assert operations.parse_authorization(value, "Deposit") == [bytes(32)]


def test_many_keys_of_a_kind_are_shown_at_once_up_to_the_limit() -> None:
    keys = [OwnerKey(bytes([number]) * 32) for number in range(operations.MAX_WAITED_MAILBOXES)]
    value = operations.authorization("Owner", *keys)
    assert operations.parse_authorization(value, "Owner") == [bytes(key) for key in keys]
    with pytest.raises(MalformedData, match="128"):
        operations.parse_authorization(f"{value},{KEY}", "Owner")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Owner",
        "Owner ",
        f"owner {KEY}",
        f"Deposit {KEY}",
        f" Owner {KEY}",
        f"Owner  {KEY}",
        f"Owner {KEY} ",
        f"Owner {KEY},",
        f"Owner ,{KEY}",
        f"Owner {KEY}, {KEY}",
        f"Owner {KEY}=",
        f"Owner {KEY[:-1]}",
        f"Owner {KEY}A",
        f"Owner {KEY[:-1]}B",
        f"Owner\t{KEY}",
        f"Owner {KEY[:-1]}é",
    ],
)
def test_any_other_authorization_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(MalformedData) as caught:
        operations.parse_authorization(value, "Owner")
    assert KEY[:-1] not in str(caught.value)
