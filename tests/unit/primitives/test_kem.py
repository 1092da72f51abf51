from __future__ import annotations

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
from tests.support.people import Recorder, seeded


def test_a_768_pair_carries_a_secret_of_32_bytes() -> None:
    secret, public = Kem768Secret.generate(seeded("768"))
    shared, ciphertext = public.encapsulate()
    assert secret.decapsulate(ciphertext) == shared
    assert (len(public), len(ciphertext), len(shared)) == (1184, 1088, 32)


def test_a_1024_pair_carries_a_secret_of_32_bytes() -> None:
    secret, public = Kem1024Secret.generate(seeded("1024"))
    shared, ciphertext = public.encapsulate()
    assert secret.decapsulate(ciphertext) == shared
    assert (len(public), len(ciphertext), len(shared)) == (1568, 1568, 32)


def test_a_pair_is_drawn_from_the_entropy_that_is_handed_in() -> None:
    small, large = Recorder(seeded("a")), Recorder(seeded("a"))
    assert small.drawn == []
    assert Kem768Secret.generate(small)[0] == small.drawn[0]
    assert Kem1024Secret.generate(large)[0] == large.drawn[0]
    assert len(small.drawn[0]) == len(large.drawn[0]) == 64


def test_each_encapsulation_is_a_fresh_one() -> None:
    _, public = Kem768Secret.generate(seeded("fresh"))
    drawn = [public.encapsulate() for _ in range(8)]
    assert len({bytes(shared) for shared, _ in drawn}) == 8
    assert len({ciphertext for _, ciphertext in drawn}) == 8


def test_a_damaged_ciphertext_gives_an_unrelated_secret_and_always_the_same() -> None:
    secret, public = Kem768Secret.generate(seeded("damage"))
    shared, ciphertext = public.encapsulate()
    damaged = Kem768Ciphertext(ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]))
    assert secret.decapsulate(damaged) != shared
    assert secret.decapsulate(damaged) == secret.decapsulate(damaged)


def test_a_key_whose_coefficients_are_too_large_is_refused_when_it_is_used() -> None:
    """FIPS 203 section 7.2: each of the 12-bit coefficients must be below 3,329."""
    with pytest.raises(InvalidKey, match="768"):
        Kem768Public(b"\xff" * 1184).encapsulate()
    with pytest.raises(InvalidKey, match="1024"):
        Kem1024Public(b"\xff" * 1568).encapsulate()


def test_a_1024_key_and_its_ciphertext_are_different_types_of_one_length() -> None:
    assert Kem1024Public.SIZE == Kem1024Ciphertext.SIZE
    assert not issubclass(Kem1024Public, Kem1024Ciphertext)
