from __future__ import annotations

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.wire import envelope

ENVELOPE = bytes(range(256)) * 64


def test_a_message_is_cut_as_the_specification_says() -> None:
    parts = envelope.split_message(ENVELOPE)
    assert [len(part) for part in parts] == [32, 2_328, 32, 13_992]
    assert b"".join(parts) == ENVELOPE


def test_an_opening_is_cut_as_the_specification_says() -> None:
    parts = envelope.split_opening(ENVELOPE)
    assert [len(part) for part in parts] == [32, 1_648, 2_328, 32, 12_344]
    assert b"".join(parts) == ENVELOPE


def test_the_room_for_a_body_is_what_the_specification_says() -> None:
    assert envelope.MESSAGE_BODY_SIZE == 13_976
    assert envelope.OPENING_BODY_SIZE == 12_328
    assert (envelope.HEADER_SIZE, envelope.OPENING_SIZE) == (2_312, 1_632)


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_385, 32_768])
def test_only_16384_bytes_are_an_envelope(size: int) -> None:
    for check in (envelope.check_size, envelope.split_message, envelope.split_opening):
        with pytest.raises(MalformedData, match="16384"):
            check(bytes(size))
