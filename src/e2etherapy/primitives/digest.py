"""SHA-256, the project's one hash, always with a label.

Imports nothing but the standard library, so that the relay may use it and stay blind.
"""

from __future__ import annotations

import hashlib
from functools import cache

SIZE = 32


def sha256(data: bytes) -> bytes:
    """Return the plain 32-byte SHA-256 of `data` (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


class Sha256:
    """The plain SHA-256 of bytes that come one after the other."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()

    def add(self, data: bytes | memoryview) -> None:
        """Go on with further bytes."""
        self._state.update(data)

    def digest(self) -> bytes:
        """Return the hash of all that were added, 32 bytes."""
        return self._state.digest()


@cache
def label(purpose: str) -> bytes:
    """Return ``e2etherapy/1/<purpose> 00``, which stands before whatever is hashed or derived."""
    return b"e2etherapy/1/" + purpose.encode("ascii") + b"\x00"


def labelled(purpose: str, *parts: bytes) -> bytes:
    """Return SHA-256 over ``e2etherapy/1/<purpose> 00`` and `parts` one after another (32 bytes).

    Every part but the last must have a length that the purpose fixes; then no two lists of
    parts give the same input.
    """
    state = hashlib.sha256(label(purpose))
    for part in parts:
        state.update(part)
    return state.digest()
