"""HKDF-SHA-512 against Wycheproof and against RFC 5869 written out with the standard library."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from e2etherapy.primitives.kdf import MAX_LENGTH, derive, hkdf_sha512
from tests.support.published import octets, wycheproof

FILE = "Protocol/wycheproof/hkdf_sha512_test.json"


def rfc_5869(salt: bytes, ikm: bytes, info: bytes, length: int) -> bytes:
    """Return HKDF as sections 2.2 and 2.3 of the RFC write it."""
    pseudorandom = hmac.digest(salt or bytes(64), ikm, hashlib.sha512)
    block, output, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), hashlib.sha512)
        output += block
        counter += 1
    return output[:length]


def test_wycheproof() -> None:
    derived = refused = 0
    for _, test in wycheproof(FILE):
        salt, ikm, info = (octets(test, name) for name in ("salt", "ikm", "info"))
        if test["result"] == "valid":
            okm = hkdf_sha512(salt, ikm, info, test["size"])
            assert okm == octets(test, "okm"), test["tcId"]
            assert okm == rfc_5869(salt, ikm, info, test["size"])
            derived += 1
        else:
            with pytest.raises(ValueError, match="derive"):
                hkdf_sha512(salt, ikm, info, test["size"])
            refused += 1
    assert derived >= 80
    assert refused >= 3


def test_wycheproof_covers_the_empty_salt_and_the_longest_output() -> None:
    flags = [flag for _, test in wycheproof(FILE) for flag in test["flags"]]
    assert flags.count("EmptySalt") >= 22
    assert flags.count("MaximalOutputSize") >= 3
    assert len(hkdf_sha512(b"", b"ikm", b"", MAX_LENGTH)) == MAX_LENGTH


@pytest.mark.parametrize("salt", [b"", bytes(64), b"salt", b"s" * 200])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 96, 128, 1_000])
def test_a_labelled_derivation_is_the_rfc_s_with_the_label_in_front(
    salt: bytes, length: int
) -> None:
    info = b"e2etherapy/1/turn\x00context"
    okm = derive("turn", salt=salt, ikm=b"input", context=b"context", length=length)
    assert okm == rfc_5869(salt, b"input", info, length)
