"""ML-KEM-768 and ML-KEM-1024 against Wycheproof and the known-answer file of cryptography."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from e2etherapy.errors import InvalidKey
from e2etherapy.primitives.kem import (
    Kem768Ciphertext,
    Kem768Public,
    Kem768Secret,
    Kem1024Ciphertext,
    Kem1024Public,
    Kem1024Secret,
)
from tests.support.published import octets, records, wycheproof


class Parameters(NamedTuple):
    """One parameter set, as our modules offer it."""

    name: str
    secret: type[Kem768Secret | Kem1024Secret]
    public: type[Kem768Public | Kem1024Public]

    def decapsulate(self, seed: bytes, ciphertext: bytes) -> bytes:
        if self.secret is Kem768Secret:
            shared = Kem768Secret(seed).decapsulate(Kem768Ciphertext(ciphertext))
        else:
            shared = Kem1024Secret(seed).decapsulate(Kem1024Ciphertext(ciphertext))
        return bytes(shared)


SETS = [
    pytest.param(Parameters("768", Kem768Secret, Kem768Public), id="ML-KEM-768"),
    pytest.param(Parameters("1024", Kem1024Secret, Kem1024Public), id="ML-KEM-1024"),
]


def file(kind: Parameters, name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return wycheproof(f"Protocol/wycheproof/mlkem_{kind.name}{name}_test.json")


@pytest.mark.parametrize("kind", SETS)
def test_keys_follow_from_their_seeds(kind: Parameters) -> None:
    ran = 0
    for _, test in file(kind, "_keygen_seed"):
        assert test["result"] == "valid"
        assert kind.secret(octets(test, "seed")).public() == octets(test, "ek"), test["tcId"]
        ran += 1
    assert ran >= 100


@pytest.mark.parametrize("kind", SETS)
def test_decapsulation_gives_the_published_secret(kind: Parameters) -> None:
    """With damaged ciphertexts among them, for which it gives the implicit rejection's secret."""
    valid = refused = 0
    for _, test in file(kind, ""):
        seed, ciphertext = octets(test, "seed"), octets(test, "c")
        if test["result"] == "valid":
            assert kind.decapsulate(seed, ciphertext) == octets(test, "K"), test["tcId"]
            assert kind.secret(seed).public() == octets(test, "ek")
            valid += 1
        else:
            with pytest.raises(InvalidKey):
                kind.decapsulate(seed, ciphertext)
            refused += 1
    assert valid >= 161
    assert refused >= 40


@pytest.mark.parametrize("kind", SETS)
def test_encapsulation_refuses_a_key_that_fails_the_modulus_check(kind: Parameters) -> None:
    overflows = wrong_lengths = 0
    for _, test in file(kind, "_encaps"):
        key = octets(test, "ek")
        if test["result"] == "valid":
            shared, ciphertext = kind.public(key).encapsulate()
            assert (len(shared), len(ciphertext)) == (32, len(octets(test, "c")))
        elif len(key) == kind.public.SIZE:
            with pytest.raises(InvalidKey):
                kind.public(key).encapsulate()
            overflows += 1
        else:
            with pytest.raises(InvalidKey):
                kind.public(key)
            wrong_lengths += 1
    assert overflows >= 12
    assert overflows + wrong_lengths >= 12


@pytest.mark.parametrize("kind", SETS)
def test_known_answers(kind: Parameters) -> None:
    """Each record's key pair; its ciphertext; and the secret of a random ciphertext."""
    ran = 0
    for record in records(f"asymmetric/MLKEM/kat_MLKEM_{kind.name}.rsp")[:200]:
        seed = octets(record, "d") + octets(record, "z")
        assert kind.secret(seed).public() == octets(record, "pk")
        assert kind.decapsulate(seed, octets(record, "ct")) == octets(record, "ss")
        assert kind.decapsulate(seed, octets(record, "ct_n")) == octets(record, "ss_n")
        ran += 1
    assert ran >= 200


@pytest.mark.parametrize("kind", SETS)
def test_what_is_encapsulated_here_is_decapsulated_here(kind: Parameters) -> None:
    seed = bytes(range(64))
    shared, ciphertext = kind.secret(seed).public().encapsulate()
    assert kind.decapsulate(seed, ciphertext) == bytes(shared)
