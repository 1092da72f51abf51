"""X25519 (RFC 7748), from libsodium; low-order points and all-zero results are errors."""

from __future__ import annotations

from typing import Self

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from e2etherapy.errors import InvalidKey
from e2etherapy.primitives.octets import Octets, SecretOctets
from e2etherapy.primitives.randomness import Entropy

_FIELD_PRIME = 2**255 - 19
_ORDER_8 = (
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
)
# RFC 7748 section 6.1 and 7; the coordinates of order 1, 2, 4 and 8 on the curve and its twist,
# and their non-canonical encodings p, p + 1. X25519 ignores the top bit, so each stands twice.
_LOW_ORDER = frozenset(
    (point | top_bit).to_bytes(32, "little")
    for point in (
        *(0, 1, _FIELD_PRIME - 1, _FIELD_PRIME, _FIELD_PRIME + 1),
        *(int.from_bytes(bytes.fromhex(point), "little") for point in _ORDER_8),
    )
    for top_bit in (0, 1 << 255)
)


class X25519Public(Octets):
    """A Montgomery u-coordinate, 32 bytes, known not to be of low order."""

    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        """Take 32 bytes.

        Raises:
            InvalidKey: wrong length, or a point of low order in any encoding.
        """
        key = super().__new__(cls, value)
        if value in _LOW_ORDER:
            raise InvalidKey("This X25519 public key has a low order.")
        return key


class X25519Secret(SecretOctets):
    """A scalar, 32 random bytes; libsodium clamps it when it is used."""

    __slots__ = ()

    @classmethod
    def generate(cls, entropy: Entropy) -> X25519Secret:
        """Draw a new scalar."""
        return cls(entropy(cls.SIZE))

    def public(self) -> X25519Public:
        """Return the matching public key."""
        return X25519Public(crypto_scalarmult_base(bytes(self)))


class X25519Shared(SecretOctets):
    """The 32-byte result of an agreement, never all zero."""

    __slots__ = ()


def agree(secret: X25519Secret, public: X25519Public) -> X25519Shared:
    """Return X25519(secret, public), 32 bytes.

    Raises:
        InvalidKey: the result would be all zero.
    """
    try:
        shared = crypto_scalarmult(bytes(secret), bytes(public))
    except CryptoError:
        raise InvalidKey("This X25519 public key gives an all-zero result.") from None
    if not any(shared):
        raise InvalidKey("This X25519 public key gives an all-zero result.")
    return X25519Shared(shared)
