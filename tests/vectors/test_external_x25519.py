"""X25519 against RFC 7748 and Wycheproof."""

from __future__ import annotations

import pytest

from e2etherapy.errors import InvalidKey
from e2etherapy.primitives.dh import X25519Public, X25519Secret, agree
from tests.support.published import octets, records, wycheproof

BASE_POINT = (9).to_bytes(32, "little")


def shared(secret: bytes, public: bytes) -> bytes:
    return bytes(agree(X25519Secret(secret), X25519Public(public)))


@pytest.mark.parametrize(
    ("scalar", "point", "expected"),
    [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ],
)
def test_single_results_of_rfc_7748_section_5_2(scalar: str, point: str, expected: str) -> None:
    assert shared(bytes.fromhex(scalar), bytes.fromhex(point)).hex() == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"),
        (1_000, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"),
    ],
)
def test_iterated_results_of_rfc_7748_section_5_2(times: int, expected: str) -> None:
    scalar = point = BASE_POINT
    for _ in range(times):
        scalar, point = shared(scalar, point), scalar
    assert scalar.hex() == expected


def test_the_agreement_of_rfc_7748_section_6_1() -> None:
    """Bob's side of it: his public key, and what he shares with Alice."""
    bob = X25519Secret(
        bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    )
    alice = X25519Public(
        bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    )
    expected = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert bob.public().hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert bytes(agree(bob, alice)).hex() == expected


def test_records_of_rfc_7748_in_the_vectors_of_cryptography() -> None:
    ran = 0
    for record in records("asymmetric/X25519/rfc7748.txt"):
        result = shared(octets(record, "INPUT_SCALAR"), octets(record, "INPUT_U"))
        assert result == octets(record, "OUTPUT_U")
        ran += 1
    assert ran >= 3


def test_wycheproof() -> None:
    """Every result, or a refusal exactly where the shared secret would be all zero."""
    agreed = refused = 0
    for _, test in wycheproof("Protocol/wycheproof/x25519_test.json"):
        if "ZeroSharedSecret" in test["flags"]:
            with pytest.raises(InvalidKey):
                shared(octets(test, "private"), octets(test, "public"))
            refused += 1
        else:
            result = shared(octets(test, "private"), octets(test, "public"))
            assert result == octets(test, "shared"), test["tcId"]
            agreed += 1
    assert agreed >= 480
    assert refused >= 31
