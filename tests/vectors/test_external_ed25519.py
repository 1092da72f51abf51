"""Ed25519 against RFC 8032 and Wycheproof."""

from __future__ import annotations

import pytest

from e2etherapy.errors import AuthenticationFailed, InvalidKey
from e2etherapy.primitives.signing import Ed25519Public, Ed25519Secret
from tests.support.published import fields, octets, wycheproof

FILE = "Signature/wycheproof/ed25519_test.json"


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519Public(public).verify(signature, message)
    except (AuthenticationFailed, InvalidKey):
        return False
    return True


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
    ],
)
def test_results_of_rfc_8032_section_7_1(
    secret: str, public: str, message: str, signature: str
) -> None:
    key = Ed25519Secret(bytes.fromhex(secret))
    assert key.public().hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    key.public().verify(bytes.fromhex(signature), bytes.fromhex(message))


def test_the_reference_implementation_s_own_vectors() -> None:
    """The 1,024 lines of sign.input by the authors of Ed25519."""
    ran = 0
    for secret_and_public, public, message, signed, *_ in fields("asymmetric/Ed25519/sign.input"):
        key = Ed25519Secret(bytes.fromhex(secret_and_public[:64]))
        said, signature = bytes.fromhex(message), bytes.fromhex(signed[:128])
        assert key.public().hex() == public
        assert key.sign(said) == signature
        assert verifies(bytes.fromhex(public), said, signature)
        assert not verifies(bytes.fromhex(public), said + b"\x00", signature)
        ran += 1
    assert ran >= 1_024


def test_wycheproof() -> None:
    """What must be refused is; what may be either way is about keys of mixed or small order."""
    accepted = refused = 0
    for group, test in wycheproof(FILE):
        public = octets(group["publicKey"], "pk")
        result = verifies(public, octets(test, "msg"), octets(test, "sig"))
        if test["result"] == "acceptable":
            assert set(test["flags"]) <= {"MixedOrderPublicKey", "SmallOrderPublicKey"} | {"Ktv"}
            continue
        assert result == (test["result"] == "valid"), (test["tcId"], test["comment"])
        accepted += result
        refused += not result
    assert accepted >= 117
    assert refused >= 64


@pytest.mark.parametrize(
    ("flag", "least"),
    [("SignatureMalleability", 8), ("SignatureWithGarbage", 5), ("TruncatedSignature", 3)],
)
def test_a_changed_signature_of_wycheproof_never_verifies(flag: str, least: int) -> None:
    ran = 0
    for group, test in wycheproof(FILE):
        if flag in test["flags"] and test["result"] == "invalid":
            public = octets(group["publicKey"], "pk")
            assert not verifies(public, octets(test, "msg"), octets(test, "sig"))
            ran += 1
    assert ran >= least


def test_no_key_of_small_order_verifies_anything() -> None:
    ran = 0
    for group, test in wycheproof(FILE):
        if "SmallOrderPublicKey" in test["flags"]:
            public = octets(group["publicKey"], "pk")
            assert not verifies(public, octets(test, "msg"), octets(test, "sig"))
            ran += 1
    assert ran >= 8


def test_the_universal_forgery_under_the_neutral_element_is_refused() -> None:
    """With A = R = the neutral element and S = 0 the equation holds for every message."""
    neutral = (1).to_bytes(32, "little")
    for message in (b"", b"anything", b"a licence for nobody"):
        assert not verifies(neutral, message, neutral + bytes(32))
