"""Pitfall: KEM key missing from the transcript (re-encapsulation)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from e2etherapy.primitives import digest
from e2etherapy.primitives.dh import X25519Public, X25519Secret, X25519Shared
from e2etherapy.primitives.kem import (
    Kem768Ciphertext,
    Kem768Public,
    Kem768Secret,
    Kem1024Public,
    Kem1024Secret,
    KemShared,
)
from e2etherapy.session import handshake, turn
from e2etherapy.session.handshake import OpeningValues
from e2etherapy.session.invitation import LinkKeys, PreSharedKey
from e2etherapy.session.turn import RootKey, TurnKeys
from e2etherapy.wire.invitation import Bundle
from tests.support.people import details, meet, seeded

DRAW = seeded("transcript")


def x25519() -> X25519Public:
    return X25519Secret.generate(DRAW).public()


def kem_1024() -> Kem1024Public:
    return Kem1024Secret(DRAW(64)).public()


def kem_768() -> Kem768Public:
    return Kem768Secret(DRAW(64)).public()


BUNDLE = meet().bundle
VALUES = OpeningValues(x25519(), x25519(), kem_1024().encapsulate()[1])
DH = tuple(X25519Shared(DRAW(32)) for _ in range(3))
KEM = KemShared(DRAW(32))
PSK = LinkKeys.from_secret(BUNDLE.secret()).pre_shared_key

OTHER_BUNDLES: dict[str, Bundle] = {
    "therapist identity": replace(BUNDLE, identity=x25519()),
    "one-time": replace(BUNDLE, one_time=x25519()),
    "ratchet X25519": replace(BUNDLE, ratchet_x25519=x25519()),
    "ML-KEM-1024 key": replace(BUNDLE, kem=kem_1024()),
    "ML-KEM-768 key": replace(BUNDLE, ratchet_kem=kem_768()),
    "details": replace(BUNDLE, details=details(DRAW, "Dr. Someone Else")),
}
OTHER_VALUES: dict[str, OpeningValues] = {
    "client identity": VALUES._replace(identity=x25519()),
    "client ephemeral": VALUES._replace(ephemeral=x25519()),
    "ciphertext": VALUES._replace(ciphertext=kem_1024().encapsulate()[1]),
}


def root_of(bundle: Bundle, values: OpeningValues, psk: PreSharedKey = PSK) -> bytes:
    agreed = handshake._derive(bundle, psk, values, DH, KEM)
    return bytes(agreed.root) + bytes(agreed.header_key)


@pytest.mark.parametrize("changed", OTHER_BUNDLES)
def test_every_public_value_of_the_bundle_changes_the_root(changed: str) -> None:
    """The secrets stay the same here, so that only the transcript can make the difference."""
    assert root_of(OTHER_BUNDLES[changed], VALUES) != root_of(BUNDLE, VALUES)


@pytest.mark.parametrize("changed", OTHER_VALUES)
def test_every_public_value_of_the_opening_changes_the_root(changed: str) -> None:
    assert root_of(BUNDLE, OTHER_VALUES[changed]) != root_of(BUNDLE, VALUES)


def test_each_key_stands_in_the_transcript_itself_and_not_only_through_the_link() -> None:
    """Computed here byte for byte, so that no part can be dropped unnoticed."""
    expected = digest.labelled(
        "transcript",
        bytes(BUNDLE.secret()),
        VALUES.identity,
        VALUES.ephemeral,
        BUNDLE.identity,
        BUNDLE.one_time,
        BUNDLE.ratchet_x25519,
        BUNDLE.kem,
        VALUES.ciphertext,
        BUNDLE.ratchet_kem,
    )
    assert handshake.transcript_of(BUNDLE, VALUES) == expected


def test_the_link_changes_the_root() -> None:
    assert root_of(BUNDLE, VALUES, PreSharedKey(DRAW(32))) != root_of(BUNDLE, VALUES)


@pytest.mark.parametrize("secret", range(4))
def test_each_shared_secret_changes_the_root(secret: int) -> None:
    agreements = [*DH]
    kem = KEM
    if secret == len(DH):
        kem = KemShared(DRAW(32))
    else:
        agreements[secret] = X25519Shared(DRAW(32))
    agreed = handshake._derive(BUNDLE, PSK, VALUES, tuple(agreements), kem)
    assert bytes(agreed.root) + bytes(agreed.header_key) != root_of(BUNDLE, VALUES)


ROOT = RootKey(DRAW(32))
AUTHOR = TurnKeys(x25519(), kem_768())
RECEIVER = TurnKeys(x25519(), kem_768())
CIPHERTEXT = kem_768().encapsulate()[1]
TURN: dict[str, Any] = {
    "root": ROOT,
    "agreement": DH[0],
    "shared": KEM,
    "keys": (AUTHOR, RECEIVER),
    "ciphertext": CIPHERTEXT,
}
OTHER_TURNS: dict[str, dict[str, Any]] = {
    "root": {"root": RootKey(DRAW(32))},
    "X25519 result": {"agreement": X25519Shared(DRAW(32))},
    "KEM secret": {"shared": KemShared(DRAW(32))},
    "author's X25519 key": {"keys": (TurnKeys(x25519(), AUTHOR.kem), RECEIVER)},
    "author's ML-KEM key": {"keys": (TurnKeys(AUTHOR.x25519, kem_768()), RECEIVER)},
    "receiver's X25519 key": {"keys": (AUTHOR, TurnKeys(x25519(), RECEIVER.kem))},
    "receiver's ML-KEM key": {"keys": (AUTHOR, TurnKeys(RECEIVER.x25519, kem_768()))},
    "roles": {"keys": (RECEIVER, AUTHOR)},
    "ciphertext": {"ciphertext": Kem768Ciphertext(DRAW(1088))},
}


@pytest.mark.parametrize("changed", OTHER_TURNS)
def test_every_value_of_a_turn_changes_all_that_it_derives(changed: str) -> None:
    usual = turn.root_step(**TURN)
    other = turn.root_step(**{**TURN, **OTHER_TURNS[changed]})
    assert not set(usual) & set(other)


def test_the_three_results_of_a_root_step_differ_from_each_other_and_from_the_root() -> None:
    for one, two in itertools.combinations([ROOT, *turn.root_step(**TURN)], 2):
        assert bytes(one) != bytes(two)
