"""Labels, hashes, seals and keys (sections 1 and 2)."""

import hashlib
import hmac
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric import mlkem
from nacl import bindings, exceptions

from tests.vectors.second_implementation.formats import is_low_order
from tests.vectors.second_implementation.notation import refuse

Encapsulation = tuple[bytes, bytes]  # ciphertext, shared secret


def label(purpose: str) -> bytes:
    return b"e2etherapy/1/" + purpose.encode() + b"\0"


def H(purpose: str, *parts: bytes) -> bytes:  # noqa: N802 - the name in the specification
    return hashlib.sha256(label(purpose) + b"".join(parts)).digest()


def KDF(purpose: str, salt: bytes, ikm: bytes, context: bytes, n: int) -> bytes:  # noqa: N802
    key = hmac.digest(salt or bytes(64), ikm, "sha512")
    out = block = b""
    for counter in range(1, -(-n // 64) + 1):
        block = hmac.digest(key, block + label(purpose) + context + bytes([counter]), "sha512")
        out += block
    return out[:n]


def seal(key: bytes, nonce: bytes, plaintext: bytes, ad: bytes) -> bytes:
    return bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, ad, nonce, key)


def unseal(key: bytes, nonce: bytes, sealed: bytes, ad: bytes) -> bytes | None:
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, ad, nonce, key)
    except exceptions.CryptoError:
        return None


def argon2id(secret: bytes, salt: bytes, t: int, m: int, p: int) -> bytes:
    return hash_secret_raw(secret, salt, t, m, p, 32, Type.ID, version=0x13)


def x25519_public(secret: bytes) -> bytes:
    return bindings.crypto_scalarmult_base(secret)


def x25519(secret: bytes, public: bytes) -> bytes:
    if len(public) != 32 or is_low_order(public):
        refuse("invalid-key")
    return bindings.crypto_scalarmult(secret, public)


PRIVATE: dict[int, Any] = {768: mlkem.MLKEM768PrivateKey, 1024: mlkem.MLKEM1024PrivateKey}
PUBLIC: dict[int, Any] = {768: mlkem.MLKEM768PublicKey, 1024: mlkem.MLKEM1024PublicKey}


def kem_public(size: int, seed: bytes) -> bytes:
    return bytes(PRIVATE[size].from_seed_bytes(seed).public_key().public_bytes_raw())


def is_kem_key(size: int, public: bytes) -> bool:
    try:
        PUBLIC[size].from_public_bytes(public)
    except (ValueError, InvalidKey):
        return False
    return True


def encapsulate(size: int, public: bytes) -> Encapsulation:
    if not is_kem_key(size, public):
        refuse("invalid-key")
    secret, ciphertext = PUBLIC[size].from_public_bytes(public).encapsulate()
    return ciphertext, secret


def decapsulate(size: int, seed: bytes, ciphertext: bytes) -> bytes:
    return bytes(PRIVATE[size].from_seed_bytes(seed).decapsulate(ciphertext))
