from __future__ import annotations

from dataclasses import replace

import pytest

from e2etherapy.errors import InvalidKey
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.kem import Kem1024Public
from e2etherapy.session import handshake
from e2etherapy.session.handshake import OneTimeSecrets, OpeningValues
from e2etherapy.session.invitation import LinkKeys, PreSharedKey
from e2etherapy.wire.invitation import Bundle
from tests.support.people import details, seeded

IDENTITY = X25519Secret.generate(seeded("identity"))


def made(seed: str = "one-time") -> tuple[OneTimeSecrets, Bundle, PreSharedKey]:
    secrets = OneTimeSecrets.generate(seeded(seed))
    bundle = secrets.bundle(IDENTITY.public(), details(seeded(seed)))
    return secrets, bundle, LinkKeys.from_secret(bundle.secret()).pre_shared_key


def test_both_sides_come_to_the_same_keys() -> None:
    secrets, bundle, psk = made()
    agreed, values = handshake.begin(bundle, psk, seeded("client"))
    assert handshake.accept(bundle, psk, values, IDENTITY, secrets) == agreed


def test_each_handshake_comes_to_other_keys() -> None:
    secrets, bundle, psk = made()
    one, _ = handshake.begin(bundle, psk, seeded("one client"))
    two, _ = handshake.begin(bundle, psk, seeded("another client"))
    assert not set(one) & set(two)
    assert len(set(one)) == 3
    assert secrets.bundle(IDENTITY.public(), bundle.details) == bundle


@pytest.mark.parametrize("wrong", ["link", "identity", "one_time", "kem"])
def test_whoever_lacks_one_secret_comes_to_other_keys(wrong: str) -> None:
    secrets, bundle, psk = made()
    other, _, other_psk = made("other")
    agreed, values = handshake.begin(bundle, psk, seeded("client"))
    identity = X25519Secret.generate(seeded("impostor")) if wrong == "identity" else IDENTITY
    psk = other_psk if wrong == "link" else psk
    if wrong == "one_time":
        secrets = replace(secrets, one_time=other.one_time)
    if wrong == "kem":
        secrets = replace(secrets, kem=other.kem)
    theirs = handshake.accept(bundle, psk, values, identity, secrets)
    assert theirs.transcript == agreed.transcript
    assert theirs.root != agreed.root
    assert theirs.header_key != agreed.header_key


def test_the_four_one_time_keys_are_four_different_ones() -> None:
    secrets, bundle, _ = made()
    assert len({bytes(secrets.one_time), bytes(secrets.ratchet_x25519)}) == 2
    assert len({bytes(secrets.kem), bytes(secrets.ratchet_kem)}) == 2
    assert len({bundle.identity, bundle.one_time, bundle.ratchet_x25519}) == 3


def test_opening_values_come_back_as_they_were_and_have_1632_bytes() -> None:
    _, bundle, psk = made()
    _, values = handshake.begin(bundle, psk, seeded("client"))
    assert OpeningValues.unpack(values.pack()) == values
    assert len(values.pack()) == 1_632


def test_a_bundle_whose_kem_key_is_not_valid_cannot_be_joined() -> None:
    _, bundle, psk = made()
    with pytest.raises(InvalidKey):
        handshake.begin(replace(bundle, kem=Kem1024Public(b"\xff" * 1568)), psk, seeded("client"))
