"""Every parser of the core: arbitrary and mutated bytes give a value or the documented error."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2etherapy.errors import (
    EnvelopeRefused,
    InvalidKey,
    InvalidLink,
    InvitationMismatch,
    MalformedData,
)
from e2etherapy.mailbox import batch, operations
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.session import conversation, invitation, ratchet, states
from e2etherapy.session.handshake import OpeningValues
from e2etherapy.wire import base64url, content, envelope
from e2etherapy.wire.content import KINDS
from e2etherapy.wire.invitation import Bundle, InvitationLink
from tests.support.hostile import Hostility, craft
from tests.support.people import REPLY_TO, TODAY, connected, meet, seeded, text
from tests.support.situations import SITUATIONS

PAIR = meet("parsers")
BUNDLE = PAIR.bundle.pack()
LINK = InvitationLink("relay.example:8700", PAIR.bundle.secret())
SEALED_BUNDLE = invitation.seal_bundle(PAIR.bundle, seeded("seal"))
BODY = content.pad_body(content.pack_body(text("words"), b"blob", REPLY_TO), 1_000)
ITEM = content.encode_item(text("words"))
PAGE = operations.pack_page([StoredEnvelope(n, bytes([n]) * 16_384) for n in (1, 2, 5)])
AUTHORIZATION = operations.authorization("Owner", OwnerKey(b"a" * 32), OwnerKey(b"b" * 32))
STATES = {
    "invited": states.dump(PAIR.invited),
    "joined": states.dump(PAIR.client.state),
    "ready": states.dump(connected(turns=4).client.state),
    "waiting": states.dump(connected(turns=3).client.state),
    "skipped": states.dump(SITUATIONS["from an old turn"]().reader.state),
    "closed": states.dump(conversation.close(PAIR.client.state)),
}
READERS = {name: build() for name, build in SITUATIONS.items()}
OPENING_VALUES = PAIR.client.established.wrapping
assert OPENING_VALUES is not None


def load_and_dump(data: bytes) -> bytes:
    return states.dump(states.load(data))


def open_sealed_bundle(data: bytes) -> Bundle:
    return invitation.open_bundle(LINK.secret, data)


PARSERS: dict[str, tuple[Callable[[bytes], object], bytes, tuple[type[Exception], ...]]] = {
    "unpack_body": (content.unpack_body, BODY, (MalformedData,)),
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
    "OpeningValues.unpack": (OpeningValues.unpack, OPENING_VALUES.values, (InvalidKey,)),
    "Header.unpack": (ratchet.Header.unpack, b"\x09" * 2_312, (EnvelopeRefused,)),
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


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """Return a valid value with some of its bytes changed, cut, doubled or put elsewhere."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["set", "insert", "delete", "cut", "move"])):
            case "set" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "insert":
                data[at:at] = draw(st.binary(max_size=40))
            case "delete":
                del data[at : at + draw(st.integers(1, 40))]
            case "cut":
                del data[at:]
            case "move":
                piece = data[at : at + 32]
                del data[at : at + 32]
                data += piece
            case _:
                pass
    return bytes(data)


@st.composite
def mutated_text(draw: st.DrawFn, valid: str) -> str:
    at = draw(st.integers(0, len(valid)))
    until = draw(st.integers(at, min(len(valid), at + 8)))
    return valid[:at] + draw(st.text(max_size=8)) + valid[until:]


def value_or_error(
    parse: Callable[[Any], object], data: object, errors: type[Exception] | tuple[Any, ...]
) -> object:
    """Return a value, or the documented error; anything else fails the test."""
    try:
        return parse(data)
    except errors as error:
        return error


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


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["kind", "id", "sequence", "written", "answers", "text", "items", "index", "other"]
        ),
        json_values | st.sampled_from([*KINDS, "2026-01-01T00:00:00Z", "AAAAAAAAAAAAAAAAAAAAAA=="]),
        max_size=4,
    )
)
@example({"sequence": 10**5_000})
@example({"kind": "newer", "other": 10**5_000})
@example({"kind": "newer", "other": float("inf")})
@example({"written": "9999-12-31T23:59:59.9999999Z"})
@example({"written": "0001-01-01T00:00:00+23:59"})
def test_json_of_the_wrong_shape_gives_an_item_or_the_documented_error(
    changes: dict[str, object],
) -> None:
    data = _json({**json.loads(ITEM), **changes})
    value_or_error(content.decode_item, data, MalformedData)
    packed = _json({"item": {**json.loads(ITEM), **changes}})
    value_or_error(content.unpack_body, len(packed).to_bytes(4, "big") + packed, MalformedData)


def _json(value: object) -> bytes:
    """Return JSON that the standard encoder would refuse: numbers of any length."""
    return _plain_json(value).encode()


def _plain_json(value: object) -> str:
    match value:
        case dict():
            members = (f"{json.dumps(str(k))}:{_plain_json(v)}" for k, v in value.items())
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(_plain_json(item) for item in value) + "]"
        case bool() | None | str() | float():
            return json.dumps(value)
        case int():
            return "9" * 5_000 if abs(value) >= 10**4_000 else json.dumps(value)
        case _:
            raise TypeError(type(value).__name__)


@pytest.mark.parametrize("depth", [10, 100, 1_000, 6_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_gives_an_item_or_the_documented_error(depth: int, brackets: str) -> None:
    opening = brackets[0] if brackets == "[]" else '{"a":'
    nested = opening * depth + ("1" if brackets == "{}" else "") + brackets[1] * depth
    data = ITEM[:-1].replace(b'"text"', b'"newer"', 1) + b',"other":' + nested.encode() + b"}"
    value_or_error(content.decode_item, data, MalformedData)
    packed = b'{"item":' + data + b"}"
    value_or_error(content.unpack_body, len(packed).to_bytes(4, "big") + packed, MalformedData)


msgpack_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.binary(max_size=70)
    | st.text(),
    lambda inner: st.lists(inner, max_size=33) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=40,
)


@pytest.mark.parametrize("name", STATES)
@given(data=st.data())
def test_a_stored_state_with_fields_of_the_wrong_kind_gives_the_documented_error(
    name: str, data: st.DataObject
) -> None:
    stored = msgspec.msgpack.decode(STATES[name])
    target = stored
    while isinstance(target, dict):
        key = data.draw(st.sampled_from(sorted(target, key=str)))
        if not isinstance(target[key], dict) or data.draw(st.booleans()):
            target[key] = data.draw(msgpack_values)
            break
        target = target[key]
    value_or_error(load_and_dump, msgspec.msgpack.encode(stored), MalformedData)


@pytest.mark.parametrize("field", ["root", "next_header_key", "binding", "receiving", "peer"])
@pytest.mark.parametrize(
    "nested",
    [b"\x91" * 5_000 + b"\xc0", b"\x81\xa1a" * 5_000 + b"\xc0", b"\xdd\xff\xff\xff\xff", b"\xc1"],
    ids=["deep lists", "deep maps", "endless list", "not msgpack"],
)
def test_a_stored_state_with_hostile_nesting_gives_the_documented_error(
    field: str, nested: bytes
) -> None:
    stored = msgspec.msgpack.decode(STATES["ready"])
    stored["ratchet"][field] = msgspec.Raw(nested)
    value_or_error(load_and_dump, msgspec.msgpack.encode(stored), MalformedData)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_arbitrary_envelopes_are_refused_and_change_nothing(name: str, data: st.DataObject) -> None:
    reader = READERS[name].reader.state
    start = data.draw(st.binary(max_size=4_200))
    before = states.dump(reader)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(reader, start.ljust(16_384, b"\x00"), TODAY)
    assert states.dump(reader) == before


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_mutated_envelopes_are_refused_and_change_nothing(name: str, data: st.DataObject) -> None:
    situation = READERS[name]
    reader, genuine = situation.reader.state, situation.genuine
    forged = data.draw(mutated(genuine))
    if forged == genuine:
        return
    before = states.dump(reader)
    with pytest.raises((EnvelopeRefused, MalformedData)):
        conversation.unseal(reader, forged, TODAY)
    assert states.dump(reader) == before


@given(packed=st.binary(max_size=13_976), ahead=st.integers(0, 3))
def test_a_hostile_author_can_put_anything_into_a_body(packed: bytes, ahead: int) -> None:
    """The envelope is authentic: the state moves on, whatever the body says."""
    situation = READERS["next turn"]
    author = situation.pair.therapist
    forged = craft(author.established, author.draw, Hostility(packed=packed, ahead=ahead))
    opened = conversation.unseal(situation.reader.state, forged, TODAY)
    assert (opened.body is None) == bool(opened.refusal)


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


@pytest.mark.parametrize("name", STATES)
def test_a_stored_state_comes_back_as_it_was(name: str) -> None:
    assert load_and_dump(STATES[name]) == STATES[name]
    assert states.load(STATES[name]) == states.load(load_and_dump(STATES[name]))
