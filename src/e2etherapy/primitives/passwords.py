"""Argon2id (RFC 9106) with named profiles, and a ceiling on what a file may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from e2etherapy.errors import UnsafeParameters

VERSION = 0x13
KIBI = 1024


@dataclass(frozen=True, slots=True)
class Argon2Profile:
    """Cost of one derivation: passes, memory in KiB, lanes."""

    time_cost: int
    memory_kib: int
    parallelism: int


PASSPHRASE = Argon2Profile(time_cost=3, memory_kib=64 * KIBI, parallelism=4)
"""RFC 9106 section 4, second recommended option: fits a small machine, below a quarter second."""

SAFETY_PHRASE = Argon2Profile(time_cost=3, memory_kib=64 * KIBI, parallelism=4)
"""The same cost makes each guess at a look-alike phrase as dear as a guess at a passphrase."""

_SALT_SIZES = range(16, 65)
_FLOOR = Argon2Profile(time_cost=1, memory_kib=8, parallelism=1)
_CEILING = Argon2Profile(time_cost=16, memory_kib=KIBI * KIBI, parallelism=16)
"""What a key slot may ask for: 1 GiB and 16 passes; more is a way to stall whoever opens it."""


def stretch(secret: bytes, salt: bytes, profile: Argon2Profile, length: int = 32) -> bytes:
    """Return `length` bytes of Argon2id over `secret` and a salt of at least 16 bytes.

    Raises:
        UnsafeParameters: the profile is outside of what this version accepts.
        MemoryError: this machine cannot give as much memory now.
    """
    _check(profile, salt)
    try:
        return hash_secret_raw(
            secret,
            salt,
            time_cost=profile.time_cost,
            memory_cost=profile.memory_kib,
            parallelism=profile.parallelism,
            hash_len=length,
            type=Type.ID,
            version=VERSION,
        )
    except HashingError:
        # With parameters within the range, the library's one reason is the allocation.
        raise MemoryError from None


def _check(profile: Argon2Profile, salt: bytes) -> None:
    within = (
        _FLOOR.time_cost <= profile.time_cost <= _CEILING.time_cost
        and 8 * profile.parallelism <= profile.memory_kib <= _CEILING.memory_kib
        and _FLOOR.parallelism <= profile.parallelism <= _CEILING.parallelism
    )
    if not within or len(salt) not in _SALT_SIZES:
        raise UnsafeParameters(
            "A key slot asks for Argon2id parameters outside of the accepted range. "
            "The file is damaged or was made to stall this program."
        )
