"""Pitfall: parameters taken from a hostile file without a ceiling."""

from __future__ import annotations

import pytest

from e2etherapy.errors import UnsafeParameters
from e2etherapy.primitives import passwords
from e2etherapy.primitives.passwords import PASSPHRASE, SAFETY_PHRASE, Argon2Profile, stretch

SALT = bytes(range(32))
GIBI_IN_KIB = 1024 * 1024


@pytest.mark.parametrize(
    "profile",
    [
        Argon2Profile(17, 64, 1),
        Argon2Profile(2**32 - 1, 64, 1),
        Argon2Profile(1, GIBI_IN_KIB + 1, 1),
        Argon2Profile(1, 2**32 - 1, 1),
        Argon2Profile(1, 2**63, 1),
        Argon2Profile(1, 1024, 17),
        Argon2Profile(1, GIBI_IN_KIB, 2**24 - 1),
        Argon2Profile(0, 64, 1),
        Argon2Profile(-1, 64, 1),
        Argon2Profile(1, 0, 1),
        Argon2Profile(1, 7, 1),
        Argon2Profile(1, 15, 2),
        Argon2Profile(1, -1024, 1),
        Argon2Profile(1, 64, 0),
        Argon2Profile(1, 64, -4),
    ],
    ids=str,
)
def test_parameters_outside_of_the_range_are_refused_before_any_work(
    profile: Argon2Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> bytes:
        pytest.fail("Argon2id was started")

    monkeypatch.setattr(passwords, "hash_secret_raw", work)
    with pytest.raises(UnsafeParameters):
        stretch(b"secret", SALT, profile)


@pytest.mark.parametrize("size", [0, 8, 15, 65, 1_000_000])
def test_a_salt_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(UnsafeParameters):
        stretch(b"secret", bytes(size), Argon2Profile(1, 64, 1))


@pytest.mark.parametrize(
    "profile",
    [Argon2Profile(1, 8, 1), Argon2Profile(16, 64, 1), Argon2Profile(1, 128, 16)],
    ids=str,
)
def test_parameters_at_the_edge_of_the_range_are_accepted(profile: Argon2Profile) -> None:
    assert len(stretch(b"secret", SALT, profile)) == 32


@pytest.mark.parametrize("profile", [PASSPHRASE, SAFETY_PHRASE])
def test_the_named_profiles_are_not_below_the_second_recommendation_of_rfc_9106(
    profile: Argon2Profile,
) -> None:
    assert profile.time_cost >= 3
    assert profile.memory_kib >= 64 * 1024
    assert profile.parallelism == 4
