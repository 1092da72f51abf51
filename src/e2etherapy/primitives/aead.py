"""XChaCha20-Poly1305-IETF (draft-irtf-cfrg-xchacha-03), from libsodium.

This construction does not commit to its key. Whoever opens something whose key an adversary
could choose checks an explicit commitment first (docs/protocol.md, section 6).
"""

from __future__ import annotations

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError

from e2etherapy.errors import AuthenticationFailed

NONCE_SIZE = 24
TAG_SIZE = 16


def seal(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Return ciphertext and tag, 16 bytes longer than `plaintext`.

    Args:
        key: 32 bytes.
        nonce: 24 bytes, never used twice with one key.
        plaintext: any length.
        associated: authenticated, not encrypted; any length.
    """
    return _encrypt(plaintext, associated, nonce, key)


def unseal(key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    """Return the plaintext, 16 bytes shorter than `ciphertext`.

    Raises:
        AuthenticationFailed: the tag does not verify, or there is no room for one.
    """
    if len(ciphertext) < TAG_SIZE:
        raise AuthenticationFailed("Sealed data is shorter than its tag.")
    try:
        return _decrypt(ciphertext, associated, nonce, key)
    except CryptoError:
        raise AuthenticationFailed("Sealed data does not verify.") from None
