from __future__ import annotations

import itertools

from e2etherapy.primitives.passwords import PASSPHRASE, Argon2Profile, stretch

CHEAP = Argon2Profile(1, 8, 1)


def test_every_input_of_a_stretch_counts() -> None:
    results = [
        stretch(secret, salt, Argon2Profile(time_cost, memory, 1))
        for secret, salt, time_cost, memory in itertools.product(
            (b"one", b"two"), (bytes(16), bytes(32)), (1, 2), (8, 16)
        )
    ]
    assert len(set(results)) == len(results)


def test_a_stretch_gives_as_many_bytes_as_are_asked_for_and_the_same_each_time() -> None:
    assert len(stretch(b"secret", bytes(32), CHEAP)) == 32
    assert len(stretch(b"secret", bytes(32), CHEAP, 64)) == 64
    assert stretch(b"secret", bytes(32), CHEAP) == stretch(b"secret", bytes(32), CHEAP)


def test_the_profile_for_passphrases_is_the_second_of_rfc_9106() -> None:
    assert Argon2Profile(time_cost=3, memory_kib=65_536, parallelism=4) == PASSPHRASE
