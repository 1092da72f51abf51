"""One message of a turn: its sealed header, commitment and sealed body.

    sealed header = AEAD(header key, salt[0:24], header, label | binding)
    body key 32 | nonce 24 | commitment 32 = HKDF(salt = salt, ikm = message secret)
    sealed body   = AEAD(body key, nonce, body,
                         label | binding | prefix | sealed header | commitment)

`binding` is the handshake's transcript, 32 bytes; `prefix` is everything before the sealed header,
of which the first 32 bytes are the salt (docs/protocol.md, section 6).
"""

from __future__ import annotations

import hmac
import struct
from typing import NamedTuple

from e2etherapy.errors import AuthenticationFailed, EnvelopeRefused, InvalidKey
from e2etherapy.primitives import aead
from e2etherapy.primitives.dh import X25519Public
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.kem import Kem768Ciphertext, Kem768Public
from e2etherapy.session.skipped_keys import HeaderKey, MessageSecret
from e2etherapy.wire.envelope import SALT_SIZE

_HEADER = struct.Struct(">32s1184s1088sII")
_HEADER_LABEL = b"e2etherapy/1/header\x00"
_BODY_LABEL = b"e2etherapy/1/body\x00"


class Header(NamedTuple):
    """What each envelope of a turn repeats: 2,312 bytes."""

    x25519: X25519Public
    kem: Kem768Public
    ciphertext: Kem768Ciphertext
    previous_length: int
    number: int

    def pack(self) -> bytes:
        """Return ``X25519 32 | ML-KEM key 1,184 | ciphertext 1,088 | u32 | u32``."""
        return _HEADER.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> Header:
        """Read 2,312 bytes.

        Raises:
            EnvelopeRefused: a key of low order, or another length.
        """
        try:
            x25519, kem, ciphertext, *numbers = _HEADER.unpack(data)
            return cls(
                X25519Public(x25519), Kem768Public(kem), Kem768Ciphertext(ciphertext), *numbers
            )
        except (InvalidKey, struct.error):
            raise EnvelopeRefused("An envelope's header holds a key that is not valid.") from None


class SealedMessage(NamedTuple):
    """The ratchet's part of an envelope: what follows the salt (and an opening's values).

    2,328 and 32 bytes, and 16 bytes more than the padded body.
    """

    sealed_header: bytes
    commitment: bytes
    sealed_body: bytes


def seal_header(key: HeaderKey, header: Header, prefix: bytes, binding: bytes) -> bytes:
    """Return the sealed header, 2,328 bytes; the nonce is the salt's first 24."""
    nonce = prefix[: aead.NONCE_SIZE]
    return aead.seal(key, nonce, header.pack(), _HEADER_LABEL + binding)


def try_header(
    key: HeaderKey, sealed_header: bytes, prefix: bytes, binding: bytes
) -> Header | None:
    """Open a header of 2,328 bytes; None if it was sealed with another key.

    Raises:
        EnvelopeRefused: whoever has the key put a key into it that is not valid.
    """
    nonce = prefix[: aead.NONCE_SIZE]
    try:
        return Header.unpack(aead.unseal(key, nonce, sealed_header, _HEADER_LABEL + binding))
    except AuthenticationFailed:
        return None


def seal_body(
    secret: MessageSecret, body: bytes, sealed_header: bytes, prefix: bytes, binding: bytes
) -> SealedMessage:
    """Seal a padded body under a secret that is used for nothing else."""
    key, nonce, commitment = body_keys(secret, prefix[:SALT_SIZE])
    associated = b"".join((_BODY_LABEL, binding, prefix, sealed_header, commitment))
    return SealedMessage(sealed_header, commitment, aead.seal(key, nonce, body, associated))


def open_body(secret: MessageSecret, sealed: SealedMessage, prefix: bytes, binding: bytes) -> bytes:
    """Return the padded body; the commitment is compared, in constant time, before it is opened.

    Raises:
        EnvelopeRefused: the commitment does not fit, or the body does not verify.
    """
    key, nonce, commitment = body_keys(secret, prefix[:SALT_SIZE])
    if not hmac.compare_digest(commitment, sealed.commitment):
        raise EnvelopeRefused("An envelope's commitment does not fit its key.")
    associated = b"".join((_BODY_LABEL, binding, prefix, sealed.sealed_header, commitment))
    try:
        return aead.unseal(key, nonce, sealed.sealed_body, associated)
    except AuthenticationFailed:
        raise EnvelopeRefused("An envelope's body does not verify.") from None


def body_keys(secret: MessageSecret, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Return body key 32, nonce 24 and commitment 32; the salt makes them fresh in a fork too."""
    okm = derive("message", salt=salt, ikm=secret, length=88)
    return okm[:32], okm[32:56], okm[56:]
