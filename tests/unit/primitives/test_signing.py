from __future__ import annotations

from collections.abc import Callable

import pytest

from e2etherapy.errors import AuthenticationFailed, InvalidKey
from e2etherapy.primitives.signing import (
    Ed25519Public,
    HybridPublic,
    HybridSecret,
    HybridSignature,
)
from tests.support.people import seeded

SIGNER = HybridSecret.generate(seeded("signer"))
OTHER = HybridSecret.generate(seeded("other"))
MESSAGE, PURPOSE = b"a licence", "credential"
SIGNATURE = SIGNER.sign(MESSAGE, PURPOSE)
FORGED = OTHER.sign(MESSAGE, PURPOSE)


def test_a_signature_verifies_under_its_key_message_and_purpose() -> None:
    SIGNER.public().verify(SIGNATURE, MESSAGE, PURPOSE)
    assert (len(SIGNATURE.ed25519), len(SIGNATURE.ml_dsa)) == (64, 2420)


@pytest.mark.parametrize(
    "signature",
    [
        HybridSignature(SIGNATURE.ed25519, FORGED.ml_dsa),
        HybridSignature(FORGED.ed25519, SIGNATURE.ml_dsa),
        HybridSignature(b"", SIGNATURE.ml_dsa),
        HybridSignature(SIGNATURE.ed25519, b""),
        HybridSignature(bytes(64), SIGNATURE.ml_dsa),
        HybridSignature(SIGNATURE.ed25519, bytes(2420)),
        HybridSignature(SIGNATURE.ed25519 + b"\x00", SIGNATURE.ml_dsa),
        FORGED,
    ],
)
def test_one_good_half_is_not_enough(signature: HybridSignature) -> None:
    with pytest.raises(AuthenticationFailed):
        SIGNER.public().verify(signature, MESSAGE, PURPOSE)


def test_keys_of_two_signers_cannot_be_mixed() -> None:
    one, two = SIGNER.public(), OTHER.public()
    for mixed in (HybridPublic(one.ed25519, two.ml_dsa), HybridPublic(two.ed25519, one.ml_dsa)):
        with pytest.raises(AuthenticationFailed):
            mixed.verify(SIGNATURE, MESSAGE, PURPOSE)


@pytest.mark.parametrize(
    ("message", "purpose"),
    [(b"another licence", PURPOSE), (MESSAGE, "checkpoint"), (b"", PURPOSE), (MESSAGE, "")],
)
def test_a_signature_says_nothing_about_another_message_or_purpose(
    message: bytes, purpose: str
) -> None:
    with pytest.raises(AuthenticationFailed):
        SIGNER.public().verify(SIGNATURE, message, purpose)


def test_purpose_and_message_cannot_run_into_each_other() -> None:
    signature = SIGNER.sign(b"x" + MESSAGE, "credential")
    with pytest.raises(AuthenticationFailed):
        SIGNER.public().verify(signature, MESSAGE, "credentialx")


def test_the_ed25519_half_signs_the_purpose_a_zero_and_the_message() -> None:
    """The other half has a context of its own; this one has only what stands in front."""
    SIGNER.ed25519.public().verify(SIGNATURE.ed25519, b"e2etherapy/1/credential\x00a licence")


def test_a_byte_cannot_move_from_the_message_into_the_signature() -> None:
    key = SIGNER.ed25519
    signature = key.sign(MESSAGE)
    key.public().verify(signature, MESSAGE)
    for moved in (signature + MESSAGE[:1], signature + MESSAGE):
        with pytest.raises(AuthenticationFailed):
            key.public().verify(moved, MESSAGE[len(moved) - 64 :])
    with pytest.raises(AuthenticationFailed):
        key.public().verify(signature[:-1], signature[-1:] + MESSAGE)


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-1], lambda s: s + b"\x00", lambda s: bytes([s[0] ^ 1]) + s[1:]]
)
def test_a_damaged_half_is_refused(damage: Callable[[bytes], bytes]) -> None:
    for signature in (
        HybridSignature(damage(SIGNATURE.ed25519), SIGNATURE.ml_dsa),
        HybridSignature(SIGNATURE.ed25519, damage(SIGNATURE.ml_dsa)),
    ):
        with pytest.raises(AuthenticationFailed):
            SIGNER.public().verify(signature, MESSAGE, PURPOSE)


@pytest.mark.parametrize("value", [bytes(31), b"\xff" * 32, (2).to_bytes(32, "little")])
def test_what_is_no_point_is_no_key(value: bytes) -> None:
    with pytest.raises(InvalidKey):
        Ed25519Public(value)
