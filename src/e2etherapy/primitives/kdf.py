"""HKDF-SHA-512 (RFC 5869), the project's one key derivation, always with a label."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from e2etherapy.primitives.digest import label

_ALGORITHM = SHA512()
MAX_LENGTH = 255 * 64


def hkdf_sha512(salt: bytes, ikm: bytes, info: bytes, length: int) -> bytes:
    """Return `length` bytes (at most 16,320) of HKDF-SHA-512; an empty salt means 64 zero bytes."""
    return HKDF(_ALGORITHM, length, salt or None, info).derive(ikm)


def derive(purpose: str, *, salt: bytes, ikm: bytes, context: bytes = b"", length: int) -> bytes:
    """Derive `length` bytes for one purpose.

    The info string is ``e2etherapy/1/<purpose> 00 <context>`` (docs/protocol.md, section 2).
    """
    return hkdf_sha512(salt, ikm, label(purpose) + context, length)
