"""ML-KEM-768 and ML-KEM-1024 (FIPS 203).

Private keys are kept as their 64-byte seed ``d || z``. Encapsulation draws its randomness inside
the cryptographic library, which offers no way to pass it in (docs/limitations.md).
"""

from __future__ import annotations

from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)

from e2etherapy.errors import InvalidKey
from e2etherapy.primitives.octets import Octets, SecretOctets
from e2etherapy.primitives.randomness import Entropy


class KemShared(SecretOctets):
    """A shared secret of 32 bytes."""

    __slots__ = ()


class Kem768Ciphertext(Octets):
    """An ML-KEM-768 ciphertext, 1,088 bytes."""

    SIZE = 1088
    __slots__ = ()


class Kem768Public(Octets):
    """An ML-KEM-768 encapsulation key, 1,184 bytes; `check` or its use finds out if it is one."""

    SIZE = 1184

    @cached_property
    def _key(self) -> MLKEM768PublicKey:
        """The expanded key: computed once for this object."""
        return MLKEM768PublicKey.from_public_bytes(bytes(self))

    def check(self) -> None:
        """Refuse what is no key.

        Raises:
            InvalidKey: it fails the modulus check of FIPS 203, section 7.2.
        """
        try:
            _ = self._key
        except ValueError:
            raise InvalidKey("This ML-KEM-768 public key is not valid.") from None

    def encapsulate(self) -> tuple[KemShared, Kem768Ciphertext]:
        """Return a fresh secret and the ciphertext that carries it.

        Raises:
            InvalidKey: the key fails the modulus check of FIPS 203, section 7.2.
        """
        self.check()
        shared, ciphertext = self._key.encapsulate()
        return KemShared(shared), Kem768Ciphertext(ciphertext)


class Kem768Secret(SecretOctets):
    """The seed ``d || z`` of an ML-KEM-768 key pair, 64 bytes."""

    SIZE = 64

    @cached_property
    def _key_pair(self) -> MLKEM768PrivateKey:
        """The expanded key pair: computed once for this object, and gone with it."""
        return MLKEM768PrivateKey.from_seed_bytes(bytes(self))

    @classmethod
    def generate(cls, entropy: Entropy) -> tuple[Kem768Secret, Kem768Public]:
        """Draw a new key pair."""
        secret = cls(entropy(cls.SIZE))
        return secret, secret.public()

    def public(self) -> Kem768Public:
        """Return the matching encapsulation key."""
        return Kem768Public(self._key_pair.public_key().public_bytes_raw())

    def decapsulate(self, ciphertext: Kem768Ciphertext) -> KemShared:
        """Return the secret; a damaged ciphertext gives an unrelated one (implicit rejection)."""
        return KemShared(self._key_pair.decapsulate(bytes(ciphertext)))


class Kem1024Ciphertext(Octets):
    """An ML-KEM-1024 ciphertext, 1,568 bytes."""

    SIZE = 1568
    __slots__ = ()


class Kem1024Public(Octets):
    """An ML-KEM-1024 encapsulation key, 1,568 bytes; checked when it is used."""

    SIZE = 1568
    __slots__ = ()

    def encapsulate(self) -> tuple[KemShared, Kem1024Ciphertext]:
        """Return a fresh secret and the ciphertext that carries it.

        Raises:
            InvalidKey: the key fails the modulus check of FIPS 203, section 7.2.
        """
        try:
            shared, ciphertext = MLKEM1024PublicKey.from_public_bytes(bytes(self)).encapsulate()
        except ValueError:
            raise InvalidKey("This ML-KEM-1024 public key is not valid.") from None
        return KemShared(shared), Kem1024Ciphertext(ciphertext)


class Kem1024Secret(SecretOctets):
    """The seed ``d || z`` of an ML-KEM-1024 key pair, 64 bytes."""

    SIZE = 64

    @cached_property
    def _key_pair(self) -> MLKEM1024PrivateKey:
        """The expanded key pair: computed once for this object, and gone with it."""
        return MLKEM1024PrivateKey.from_seed_bytes(bytes(self))

    @classmethod
    def generate(cls, entropy: Entropy) -> tuple[Kem1024Secret, Kem1024Public]:
        """Draw a new key pair."""
        secret = cls(entropy(cls.SIZE))
        return secret, secret.public()

    def public(self) -> Kem1024Public:
        """Return the matching encapsulation key."""
        return Kem1024Public(self._key_pair.public_key().public_bytes_raw())

    def decapsulate(self, ciphertext: Kem1024Ciphertext) -> KemShared:
        """Return the secret; a damaged ciphertext gives an unrelated one (implicit rejection)."""
        return KemShared(self._key_pair.decapsulate(bytes(ciphertext)))
