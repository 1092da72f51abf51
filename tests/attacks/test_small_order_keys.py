"""Pitfall: small-order or all-zero keys."""

from __future__ import annotations

from typing import Self

import pytest

from e2etherapy.errors import EnvelopeRefused, InvalidKey, MalformedData
from e2etherapy.primitives import dh
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.signing import Ed25519Public
from e2etherapy.session import conversation, states
from e2etherapy.wire.invitation import Bundle
from tests.support.hostile import Hostility, craft, replaced
from tests.support.people import TODAY, connected, meet, seeded

P = 2**255 - 19
LOW_ORDER_POINTS = {
    "zero": bytes(32),
    "one": (1).to_bytes(32, "little"),
    "order 8, first": bytes.fromhex(
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
    ),
    "order 8, second": bytes.fromhex(
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"
    ),
    "p - 1": (P - 1).to_bytes(32, "little"),
    "p": P.to_bytes(32, "little"),
    "p + 1": (P + 1).to_bytes(32, "little"),
}
LOW_ORDER = [
    pytest.param(point[:31] + bytes([point[31] | top]), id=f"{name}, top bit {top >> 7}")
    for name, point in LOW_ORDER_POINTS.items()
    for top in (0, 0x80)
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_small_order_keys_are_no_public_keys(point: bytes) -> None:
    with pytest.raises(InvalidKey):
        X25519Public(point)


@pytest.mark.parametrize("point", LOW_ORDER)
def test_small_order_keys_agree_on_nothing_even_past_the_constructor(point: bytes) -> None:
    class Unchecked(X25519Public):
        def __new__(cls, value: bytes) -> Self:
            return bytes.__new__(cls, value)

    with pytest.raises(InvalidKey):
        dh.agree(X25519Secret.generate(seeded("scalar")), Unchecked(point))


@pytest.mark.parametrize("field", [0, 32, 64], ids=["identity", "one-time", "ratchet"])
@pytest.mark.parametrize("point", LOW_ORDER)
def test_small_order_keys_in_a_bundle_are_refused(point: bytes, field: int) -> None:
    packed = meet().bundle.pack()
    with pytest.raises(MalformedData):
        Bundle.unpack(replaced(field, point)(packed))


@pytest.mark.parametrize("field", [0, 32], ids=["identity", "ephemeral"])
@pytest.mark.parametrize("point", LOW_ORDER)
def test_small_order_keys_in_an_opening_change_nothing(point: bytes, field: int) -> None:
    pair = meet()
    forged = craft(
        pair.client.established, pair.client.draw, Hostility(opening=replaced(field, point))
    )
    before = states.dump(pair.therapist.state)
    with pytest.raises(EnvelopeRefused, match="key that is not valid"):
        conversation.unseal(pair.therapist.state, forged, TODAY)
    assert states.dump(pair.therapist.state) == before
    assert pair.therapist.open(pair.client.seal("genuine")) == "genuine"


@pytest.mark.parametrize("point", LOW_ORDER)
def test_small_order_keys_in_a_header_change_nothing(point: bytes) -> None:
    pair = connected(turns=3)
    forged = craft(
        pair.therapist.established, pair.therapist.draw, Hostility(header=replaced(0, point))
    )
    before = states.dump(pair.client.state)
    with pytest.raises(EnvelopeRefused, match="key that is not valid"):
        conversation.unseal(pair.client.state, forged, TODAY)
    assert states.dump(pair.client.state) == before
    assert pair.client.open(pair.therapist.seal("genuine")) == "genuine"


@pytest.mark.parametrize("point", LOW_ORDER)
def test_small_order_keys_in_a_stored_state_are_refused(point: bytes) -> None:
    stored = states.dump(connected(turns=3).client.state)
    state = states.load(stored)
    assert isinstance(state, states.Established)
    assert stored.count(bytes(state.therapist)) == 1
    with pytest.raises(MalformedData):
        states.load(stored.replace(bytes(state.therapist), point))


@pytest.mark.parametrize(
    "encoding",
    [
        bytes(32),
        (1).to_bytes(32, "little"),
        (2**255 - 20).to_bytes(32, "little"),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ],
    ids=["order 4", "neutral", "order 2", "order 8, first", "order 8, second"],
)
def test_small_order_keys_verify_no_signature(encoding: bytes) -> None:
    with pytest.raises(InvalidKey):
        Ed25519Public(encoding)
