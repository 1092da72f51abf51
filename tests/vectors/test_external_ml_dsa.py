"""ML-DSA-44 against Wycheproof, NIST's ACVP files and known answers."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from e2etherapy.errors import AuthenticationFailed, InvalidKey
from e2etherapy.primitives.signing import MlDsa44Public, MlDsa44Secret
from tests.support.published import WYCHEPROOF, octets, records, wycheproof


def verifies(public: bytes, message: bytes, context: bytes, signature: bytes) -> bool:
    try:
        MlDsa44Public(public).verify(signature, message, context)
    except (AuthenticationFailed, InvalidKey):
        return False
    return True


def test_verification_of_wycheproof() -> None:
    accepted = refused = 0
    for group, test in wycheproof("Signature/wycheproof/mldsa_44_verify_test.json"):
        context = bytes.fromhex(test.get("ctx", ""))
        public, signature = octets(group, "publicKey"), octets(test, "sig")
        result = verifies(public, octets(test, "msg"), context, signature)
        assert result == (test["result"] == "valid"), (test["tcId"], test["comment"])
        accepted += result
        refused += not result
    assert accepted >= 77
    assert refused >= 103


def test_keys_and_signatures_of_wycheproof_follow_from_their_seeds() -> None:
    """Signing may be randomised; the published signatures and ours must both verify."""
    ran = 0
    for group, test in wycheproof("Signature/wycheproof/mldsa_44_sign_seed_test.json"):
        if test["result"] != "valid" or "Internal" in test["flags"]:
            continue
        secret = MlDsa44Secret(octets(group, "privateSeed"))
        message, context = octets(test, "msg"), bytes.fromhex(test.get("ctx", ""))
        assert secret.public() == octets(group, "publicKey")
        assert verifies(secret.public(), message, context, octets(test, "sig")), test["tcId"]
        assert verifies(secret.public(), message, context, secret.sign(message, context))
        ran += 1
    assert ran >= 70


def test_known_answers() -> None:
    ran = 0
    for record in records("asymmetric/MLDSA/kat_MLDSA_44_det_pure.rsp"):
        secret = MlDsa44Secret(octets(record, "xi"))
        message, context = octets(record, "msg"), octets(record, "ctx")
        signature = octets(record, "sm")[:2420]
        assert secret.public() == octets(record, "pk")
        assert verifies(secret.public(), message, context, signature)
        assert not verifies(secret.public(), message + b"\x00", context, signature)
        assert not verifies(secret.public(), message, b"\x00" + context[:254], signature)
        ran += 1
    assert ran >= 100


def test_key_generation_of_acvp() -> None:
    path = "PublicKey/MLDSA/ML-DSA-keyGen-FIPS204.json"
    data = json.loads(files(WYCHEPROOF).joinpath(path).read_text(encoding="utf-8"))
    ran = 0
    for group in data["testGroups"]:
        if group["parameterSet"] == "ML-DSA-44":
            for test in group["tests"]:
                assert MlDsa44Secret(octets(test, "seed")).public() == octets(test, "pk")
                ran += 1
    assert ran >= 3


@pytest.mark.parametrize("size", [0, 1311, 1313])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(InvalidKey):
        MlDsa44Public(bytes(size))
