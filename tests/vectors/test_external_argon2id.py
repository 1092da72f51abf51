"""Argon2id against published results and, through RFC 9106, a second implementation.

RFC 9106 section 5.3 uses a secret and associated data, which our module does not offer. So a
second implementation first has to give the RFC's result; then ours must give the same as that.
"""

from __future__ import annotations

import itertools

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from e2etherapy.primitives.passwords import Argon2Profile, stretch
from tests.support.published import octets, records

FILE = "KDF/argon2id.txt"


def second_implementation(secret: bytes, salt: bytes, profile: Argon2Profile, length: int) -> bytes:
    return Argon2id(
        salt=salt,
        length=length,
        iterations=profile.time_cost,
        lanes=profile.parallelism,
        memory_cost=profile.memory_kib,
    ).derive(secret)


def test_published_results_that_use_no_secret_and_a_salt_of_our_size() -> None:
    ran = 0
    for record in records(FILE):
        salt = octets(record, "salt")
        if "secret" in record or len(salt) < 16:
            continue
        cost = (int(record[name]) for name in ("iter", "memcost", "lanes"))
        result = stretch(octets(record, "pass"), salt, Argon2Profile(*cost), int(record["length"]))
        assert result == octets(record, "output")
        ran += 1
    assert ran >= 2


def test_the_second_implementation_gives_the_result_of_rfc_9106_section_5_3() -> None:
    derived = Argon2id(
        salt=b"\x02" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        ad=b"\x04" * 12,
        secret=b"\x03" * 8,
    ).derive(b"\x01" * 32)
    expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    assert derived.hex() == expected


@pytest.mark.parametrize(
    ("time_cost", "memory_kib", "parallelism"),
    [*itertools.product((1, 3, 16), (32, 64, 1_000), (1, 2, 4)), (3, 65_536, 4)],
)
def test_ours_and_the_second_implementation_agree(
    time_cost: int, memory_kib: int, parallelism: int
) -> None:
    profile = Argon2Profile(time_cost, memory_kib, parallelism)
    for secret, salt, length in (
        (b"", b"s" * 16, 32),
        (b"correct horse battery staple", bytes(range(32)), 32),
        ("grüße \U0001f331".encode(), b"\xff" * 64, 64),
    ):
        expected = second_implementation(secret, salt, profile, length)
        assert stretch(secret, salt, profile, length) == expected
