"""What follows from a link alone: where the sealed bundle lies, and the keys around it.

(docs/protocol.md, section 3)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from e2etherapy.errors import AuthenticationFailed, InvitationMismatch, MalformedData
from e2etherapy.primitives import aead
from e2etherapy.primitives.digest import sha256
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.invitation import MAX_BUNDLE_SIZE, Bundle, LinkSecret
from e2etherapy.wire.locator import Locator

_LENGTH = struct.Struct(">I")
_PLAINTEXT_SIZE = ENVELOPE_SIZE - aead.NONCE_SIZE - aead.TAG_SIZE
_ASSOCIATED = b"e2etherapy/1/bundle\x00"


class BundleKey(SecretOctets):
    """Seals the bundle at the relay, 32 bytes."""

    __slots__ = ()


class OuterKey(SecretOctets):
    """Wraps the handshake values of opening envelopes, 32 bytes."""

    __slots__ = ()


class PreSharedKey(SecretOctets):
    """Salt of the handshake's key derivation, 32 bytes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Everything that is derived from L."""

    locator: Locator
    bundle_key: BundleKey
    outer_key: OuterKey
    pre_shared_key: PreSharedKey

    @classmethod
    def from_secret(cls, secret: LinkSecret) -> LinkKeys:
        """Derive the four values, 32 bytes each (docs/protocol.md, section 3.2)."""
        okm = derive("invitation", salt=b"", ikm=secret, length=128)
        return cls(
            Locator(okm[:32]), BundleKey(okm[32:64]), OuterKey(okm[64:96]), PreSharedKey(okm[96:])
        )


def seal_bundle(bundle: Bundle, entropy: Entropy) -> bytes:
    """Return the 16,384 bytes that the relay keeps: ``nonce 24 | sealed padded bundle``.

    Raises:
        MalformedData: the bundle has more than 16,340 bytes, or a text that is not valid Unicode.
    """
    packed = bundle.pack()
    if len(packed) > MAX_BUNDLE_SIZE:
        raise MalformedData("The invitation is too long: shorten the name or the credential.")
    plaintext = (_LENGTH.pack(len(packed)) + packed).ljust(_PLAINTEXT_SIZE, b"\x00")
    nonce = entropy(aead.NONCE_SIZE)
    key = LinkKeys.from_secret(bundle.secret()).bundle_key
    return nonce + aead.seal(key, nonce, plaintext, _ASSOCIATED)


def open_bundle(secret: LinkSecret, sealed: bytes) -> Bundle:
    """Open what the relay delivered and check that it is what the link names.

    Args:
        secret: L, 32 bytes.
        sealed: what the relay says it keeps; 16,384 bytes if it is right.

    Raises:
        InvitationMismatch: it is not, or breaks the form of a bundle.
    """
    key = LinkKeys.from_secret(secret).bundle_key
    nonce, ciphertext = sealed[: aead.NONCE_SIZE], sealed[aead.NONCE_SIZE :]
    mismatch = InvitationMismatch(
        "The relay delivered something else than this invitation. Nothing was sent. "
        "Ask for a new invitation, and tell the operator of the relay."
    )
    if len(sealed) != ENVELOPE_SIZE:
        raise mismatch
    try:
        plaintext = aead.unseal(key, nonce, ciphertext, _ASSOCIATED)
        (length,) = _LENGTH.unpack_from(plaintext)
        packed = plaintext[_LENGTH.size : _LENGTH.size + length]
        padding = plaintext[_LENGTH.size + length :]
        if LinkSecret(sha256(packed)) != secret or padding.strip(b"\x00"):
            raise mismatch
        return Bundle.unpack(packed)
    except (AuthenticationFailed, MalformedData):
        raise mismatch from None
