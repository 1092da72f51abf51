"""Pitfall: post-quantum part that can be switched off."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import msgspec
import pytest

from e2etherapy.errors import EnvelopeRefused, InvalidKey
from e2etherapy.primitives.dh import X25519Shared
from e2etherapy.primitives.kem import Kem768Ciphertext, KemShared
from e2etherapy.session import conversation, handshake, ratchet, states
from e2etherapy.session.handshake import OpeningValues
from e2etherapy.session.message import Header
from e2etherapy.session.turn import OwnTurn, RootKey, TurnKeys, root_step
from e2etherapy.wire.envelope import OPENING_SIZE
from tests.support.hostile import Hostility, craft, replaced
from tests.support.people import TODAY, Pair, connected, meet, seeded

KEM_KEY = 32
CIPHERTEXT = 1216
OPENING_CIPHERTEXT = 64


def refuses(pair: Pair, forged: bytes) -> bool:
    """Say whether the client refuses an envelope and stays byte for byte what it was."""
    before = states.dump(pair.client.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.client.state, forged, TODAY)
    return states.dump(pair.client.state) == before


@pytest.mark.parametrize(
    "step", [handshake.begin, handshake.accept, ratchet.seal, ratchet.unseal, conversation.seal]
)
def test_no_step_takes_a_switch(step: Callable[..., object]) -> None:
    for name, parameter in inspect.signature(step).parameters.items():
        assert parameter.annotation not in {"bool", "str"}, name


def test_no_state_can_leave_the_kem_keys_out() -> None:
    for kind in (TurnKeys, OwnTurn):
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        assert fields["kem"].required
    assert Header.__annotations__.keys() >= {"kem", "ciphertext"}
    assert not Header._field_defaults


def test_the_kem_secret_alone_changes_every_key_of_a_turn() -> None:
    draw = seeded("turn")
    own, peer = OwnTurn.generate(draw), OwnTurn.generate(draw)
    shared, ciphertext = peer.keys.kem.encapsulate()
    agreement = X25519Shared(draw(32))
    keys = (own.keys, peer.keys)
    root = RootKey(draw(32))
    real = root_step(root, agreement, shared, keys, ciphertext)
    without = root_step(root, agreement, KemShared(bytes(32)), keys, ciphertext)
    assert not set(real) & set(without)


def test_an_all_zero_ciphertext_is_refused() -> None:
    pair = connected(turns=3)
    forged = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=replaced(CIPHERTEXT, bytes(1088))),
    )
    assert refuses(pair, forged)


def test_a_reflected_ciphertext_is_refused() -> None:
    """The ciphertext that the client itself sent comes back as the therapist's."""
    pair = connected(turns=3)
    sending = pair.client.established.ratchet.sending
    assert sending is not None
    forged = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=replaced(CIPHERTEXT, sending.ciphertext)),
    )
    assert refuses(pair, forged)


def test_a_reflected_kem_key_is_refused() -> None:
    pair = connected(turns=3)
    own = pair.client.established.ratchet.own
    assert own is not None
    forged = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=replaced(KEM_KEY, own.keys.kem)),
    )
    assert refuses(pair, forged)


def test_a_ciphertext_for_another_key_is_refused() -> None:
    """Decapsulation never fails openly (implicit rejection); the tag must."""
    pair = connected(turns=3)
    stranger = OwnTurn.generate(seeded("stranger"))
    _, ciphertext = stranger.keys.kem.encapsulate()
    forged = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=replaced(CIPHERTEXT, ciphertext)),
    )
    assert refuses(pair, forged)
    assert pair.client.open(pair.therapist.seal("genuine")) == "genuine"


@pytest.mark.parametrize("ciphertext", [bytes(1568), b"\xff" * 1568], ids=["zeros", "ones"])
def test_an_opening_without_a_real_ciphertext_is_refused(ciphertext: bytes) -> None:
    pair = meet()
    forged = craft(
        pair.client.established,
        pair.client.draw,
        Hostility(opening=replaced(OPENING_CIPHERTEXT, ciphertext)),
    )
    before = states.dump(pair.therapist.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.therapist.state, forged, TODAY)
    assert states.dump(pair.therapist.state) == before


@pytest.mark.parametrize("size", [0, 64, OPENING_SIZE - 1, OPENING_SIZE + 1])
def test_an_opening_cannot_leave_the_ciphertext_out(size: int) -> None:
    wrapping = meet().client.established.wrapping
    assert wrapping is not None
    with pytest.raises(InvalidKey):
        OpeningValues.unpack(wrapping.values.ljust(size, b"\x01")[:size])


def test_each_turn_uses_new_kem_keys_and_a_new_ciphertext() -> None:
    pair = meet()
    keys: set[bytes] = set()
    ciphertexts: set[Kem768Ciphertext] = set()
    turns = 6
    for turn in range(turns):
        author, reader = (
            (pair.client, pair.therapist) if turn % 2 == 0 else (pair.therapist, pair.client)
        )
        for _ in range(2):
            reader.open(author.seal("more than one in a turn"))
        sending, own = author.established.ratchet.sending, author.established.ratchet.own
        assert sending is not None
        assert own is not None
        keys.add(own.keys.kem)
        ciphertexts.add(sending.ciphertext)
    assert len(keys) == len(ciphertexts) == turns
