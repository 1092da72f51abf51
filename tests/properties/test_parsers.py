"""Every parser of the core: arbitrary and mutated bytes give a value or the documented error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import (
    EnvelopeRefused,
    InvalidKey,
    InvalidLink,
    InvitationMismatch,
    MalformedData,
)
from e2etherapy.mailbox import batch, operations
from e2etherapy.session import message
from e2etherapy.session.handshake import OpeningValues
from e2etherapy.wire import base64url, content, envelope
from e2etherapy.wire.body import unpack_body
from e2etherapy.wire.invitation import Bundle, InvitationLink
from tests.support.mutations import mutated, mutated_text, value_or_error
from tests.support.specimens import (
    AUTHORIZATION,
    BODY,
    BUNDLE,
    ITEM,
    LINK,
    OPENING_VALUES,
    PAGE,
    SEALED_BUNDLE,
    STATES,
    load_and_dump,
    open_sealed_bundle,
)

PARSERS: dict[str, tuple[Callable[[bytes], object], bytes, tuple[type[Exception], ...]]] = {
    "unpack_body": (unpack_body, BODY, (MalformedData,)),
    "decode_item": (content.decode_item, ITEM, (MalformedData,)),
    "Bundle.unpack": (Bundle.unpack, BUNDLE, (MalformedData,)),
    "open_bundle": (open_sealed_bundle, SEALED_BUNDLE, (InvitationMismatch,)),
    "split_message": (envelope.split_message, bytes(16_384), (MalformedData,)),
    "split_opening": (envelope.split_opening, bytes(16_384), (MalformedData,)),
    "unpack_page": (operations.unpack_page, PAGE, (MalformedData,)),
    "unpack_operations": (
        lambda data: batch.unpack_operations(data, [bytes(32)] * 2),
        b"\x03" + bytes(8) + b"\x02" + bytes(8) + b"\x01",
        (MalformedData,),
    ),
    "unpack_results": (
        lambda data: batch.unpack_results(data, 2),
        b"\x00\xcc" + bytes(4) + b"\x00\xc8" + b"\x00\x00\x00\x04page",
        (MalformedData,),
    ),
    "OpeningValues.unpack": (OpeningValues.unpack, OPENING_VALUES, (InvalidKey,)),
    "Header.unpack": (message.Header.unpack, b"\x09" * 2_312, (EnvelopeRefused,)),
    **{f"load {name}": (load_and_dump, data, (MalformedData,)) for name, data in STATES.items()},
}
TEXT_PARSERS: dict[str, tuple[Callable[[str], object], str, type[Exception]]] = {
    "InvitationLink.parse": (InvitationLink.parse, LINK.text(), InvalidLink),
    "base64url.decode": (lambda value: base64url.decode(value, 32), "A" * 43, MalformedData),
    "parse_authorization": (
        lambda value: operations.parse_authorization(value, "Owner"),
        AUTHORIZATION,
        MalformedData,
    ),
}


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_arbitrary_bytes_give_a_value_or_the_documented_error(
    name: str, data: st.DataObject
) -> None:
    parse, _, errors = PARSERS[name]
    value_or_error(parse, data.draw(st.binary(max_size=5_000)), errors)


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_mutated_bytes_give_a_value_or_the_documented_error(name: str, data: st.DataObject) -> None:
    parse, valid, errors = PARSERS[name]
    value_or_error(parse, data.draw(mutated(valid)), errors)


@pytest.mark.parametrize("name", PARSERS)
def test_the_value_that_mutations_start_from_is_accepted(name: str) -> None:
    parse, valid, _ = PARSERS[name]
    assert parse(valid) is not None


@pytest.mark.parametrize("name", PARSERS)
def test_every_prefix_gives_a_value_or_the_documented_error(name: str) -> None:
    parse, valid, errors = PARSERS[name]
    for end in range(0, len(valid), max(1, len(valid) // 200)):
        value_or_error(parse, valid[:end], errors)


@pytest.mark.parametrize("name", TEXT_PARSERS)
@given(data=st.data())
def test_arbitrary_text_gives_a_value_or_the_documented_error(
    name: str, data: st.DataObject
) -> None:
    parse, _, error = TEXT_PARSERS[name]
    anything = st.text(st.characters(exclude_categories=()), max_size=200)
    value_or_error(parse, data.draw(anything), error)


@pytest.mark.parametrize("name", TEXT_PARSERS)
@given(data=st.data())
def test_mutated_text_gives_a_value_or_the_documented_error(name: str, data: st.DataObject) -> None:
    parse, valid, error = TEXT_PARSERS[name]
    assert not isinstance(parse(valid), Exception)
    value_or_error(parse, data.draw(mutated_text(valid)), error)


@given(data=st.data())
def test_mutated_sealed_bundles_are_never_another_bundle(data: st.DataObject) -> None:
    forged = data.draw(mutated(SEALED_BUNDLE))
    if forged != SEALED_BUNDLE:
        with pytest.raises(InvitationMismatch):
            open_sealed_bundle(forged)


@given(encoded=st.text("ABab01-_", min_size=43, max_size=43))
def test_two_texts_never_decode_to_the_same_bytes(encoded: str) -> None:
    result = value_or_error(lambda value: base64url.decode(value, 32), encoded, MalformedData)
    if isinstance(result, bytes):
        assert base64url.encode(result) == encoded
