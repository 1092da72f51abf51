"""XChaCha20-Poly1305 against draft-irtf-cfrg-xchacha-03 and Wycheproof."""

from __future__ import annotations

import pytest

from e2etherapy.errors import AuthenticationFailed
from e2etherapy.primitives import aead
from tests.support.published import octets, wycheproof

FILE = "Cipher/wycheproof/xchacha20_poly1305_test.json"
SUNSCREEN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    b"sunscreen would be it."
)


def test_the_example_of_the_draft_appendix_a_3_1() -> None:
    key = bytes(range(0x80, 0xA0))
    nonce = bytes(range(0x40, 0x58))
    associated = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    expected = bytes.fromhex(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49"
    )
    assert aead.seal(key, nonce, SUNSCREEN, associated) == expected
    assert aead.unseal(key, nonce, expected, associated) == SUNSCREEN


def test_wycheproof() -> None:
    opened = refused = 0
    for group, test in wycheproof(FILE):
        if group["ivSize"] != 8 * aead.NONCE_SIZE:
            continue
        key, nonce, associated = (octets(test, name) for name in ("key", "iv", "aad"))
        message, sealed = octets(test, "msg"), octets(test, "ct") + octets(test, "tag")
        if test["result"] == "valid":
            assert aead.seal(key, nonce, message, associated) == sealed, test["tcId"]
            assert aead.unseal(key, nonce, sealed, associated) == message, test["tcId"]
            opened += 1
        else:
            with pytest.raises(AuthenticationFailed):
                aead.unseal(key, nonce, sealed, associated)
            refused += 1
    assert opened >= 246
    assert refused >= 60


def test_no_nonce_of_another_size_is_taken() -> None:
    """A caller's mistake, not an adversary's: it is an error and never a shorter nonce."""
    ran = 0
    for group, test in wycheproof(FILE):
        if group["ivSize"] != 8 * aead.NONCE_SIZE:
            key, nonce = octets(test, "key"), octets(test, "iv")
            with pytest.raises((TypeError, ValueError)):
                aead.seal(key, nonce, octets(test, "msg"), octets(test, "aad"))
            ran += 1
    assert ran >= 9
