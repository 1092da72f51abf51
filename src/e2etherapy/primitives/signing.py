"""Ed25519 and ML-DSA-44 together: a signature holds only if both verify.

For credentials, the log and manifests, never for messages. Ed25519 is verified by libsodium,
which refuses small-order keys; ML-DSA-44 (FIPS 204) by `cryptography`, with a typed context.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
)
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

from e2etherapy.errors import AuthenticationFailed, InvalidKey
from e2etherapy.primitives.octets import Octets, SecretOctets
from e2etherapy.primitives.randomness import Entropy

_PREFIX = b"e2etherapy/1/"


class Ed25519Public(Octets):
    """An Ed25519 verification key, 32 bytes, on the main subgroup."""

    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        """Take 32 bytes.

        Raises:
            InvalidKey: wrong length, not a canonical point, or of small order.
        """
        key = super().__new__(cls, value)
        if not crypto_core_ed25519_is_valid_point(bytes(value)):
            raise InvalidKey("This Ed25519 public key is not a valid point.")
        return key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a 64-byte signature (RFC 8032).

        Raises:
            AuthenticationFailed: it does not verify.
        """
        if len(signature) != 64:  # noqa: PLR2004 - RFC 8032, section 5.1.6
            raise AuthenticationFailed("An Ed25519 signature has 64 bytes.")
        try:
            crypto_sign_open(signature + message, bytes(self))
        except CryptoError:
            raise AuthenticationFailed("The Ed25519 signature does not verify.") from None


class Ed25519Secret(SecretOctets):
    """An Ed25519 seed, 32 bytes."""

    __slots__ = ()

    def public(self) -> Ed25519Public:
        """Return the matching verification key."""
        return Ed25519Public(crypto_sign_seed_keypair(bytes(self))[0])

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return crypto_sign(message, crypto_sign_seed_keypair(bytes(self))[1])[:64]


class MlDsa44Public(Octets):
    """An ML-DSA-44 verification key, 1,312 bytes."""

    SIZE = 1312
    __slots__ = ()

    def verify(self, signature: bytes, message: bytes, context: bytes) -> None:
        """Check a 2,420-byte signature under a context of at most 255 bytes.

        Raises:
            AuthenticationFailed: it does not verify, or the key is not valid.
        """
        try:
            key = MLDSA44PublicKey.from_public_bytes(bytes(self))
            key.verify(signature, message, context)
        except (InvalidSignature, ValueError):
            raise AuthenticationFailed("The ML-DSA-44 signature does not verify.") from None


class MlDsa44Secret(SecretOctets):
    """An ML-DSA-44 seed, 32 bytes."""

    __slots__ = ()

    def public(self) -> MlDsa44Public:
        """Return the matching verification key."""
        key = MLDSA44PrivateKey.from_seed_bytes(bytes(self))
        return MlDsa44Public(key.public_key().public_bytes_raw())

    def sign(self, message: bytes, context: bytes) -> bytes:
        """Return the 2,420-byte signature of `message` under `context`."""
        return MLDSA44PrivateKey.from_seed_bytes(bytes(self)).sign(message, context)


@dataclass(frozen=True, slots=True)
class HybridPublic:
    """Both verification keys of one signer."""

    ed25519: Ed25519Public
    ml_dsa: MlDsa44Public

    def verify(self, signature: HybridSignature, message: bytes, purpose: str) -> None:
        """Check both signatures for one typed purpose.

        Raises:
            AuthenticationFailed: either does not verify.
        """
        context = _PREFIX + purpose.encode("ascii")
        self.ed25519.verify(signature.ed25519, context + b"\x00" + message)
        self.ml_dsa.verify(signature.ml_dsa, message, context)


@dataclass(frozen=True, slots=True)
class HybridSignature:
    """An Ed25519 signature of 64 bytes and an ML-DSA-44 signature of 2,420 bytes."""

    ed25519: bytes
    ml_dsa: bytes


@dataclass(frozen=True, slots=True)
class HybridSecret:
    """Both signing seeds of one signer."""

    ed25519: Ed25519Secret
    ml_dsa: MlDsa44Secret

    @classmethod
    def generate(cls, entropy: Entropy) -> HybridSecret:
        """Draw both seeds."""
        return cls(Ed25519Secret(entropy(32)), MlDsa44Secret(entropy(32)))

    def public(self) -> HybridPublic:
        """Return both verification keys."""
        return HybridPublic(self.ed25519.public(), self.ml_dsa.public())

    def sign(self, message: bytes, purpose: str) -> HybridSignature:
        """Sign `message` with both keys for one typed purpose."""
        context = _PREFIX + purpose.encode("ascii")
        return HybridSignature(
            self.ed25519.sign(context + b"\x00" + message),
            self.ml_dsa.sign(message, context),
        )
