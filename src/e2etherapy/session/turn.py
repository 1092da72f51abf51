"""The keys of one turn, and the root step that they make (docs/protocol.md, sections 5.1 and 5.2).

turn t     new X25519 and ML-KEM-768 keys; SS encapsulated to the peer's latest ML-KEM key
root step  root' 32 | chain 32 | next header key 32 = HKDF(
               salt = root, ikm = DH | SS, info = label | H(all public values of the turn))
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from e2etherapy.primitives.dh import X25519Public, X25519Secret, X25519Shared
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.kem import Kem768Ciphertext, Kem768Public, Kem768Secret, KemShared
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey


class RootKey(SecretOctets):
    """Salt of the next root step, 32 bytes."""

    __slots__ = ()


class TurnKeys(msgspec.Struct, frozen=True):
    """The public ratchet keys of one turn: X25519 of 32 bytes, ML-KEM-768 of 1,184."""

    x25519: X25519Public
    kem: Kem768Public


class OwnTurn(msgspec.Struct, frozen=True):
    """The only private ratchet keys there are; the peer's next turn uses and deletes them.

    An X25519 scalar of 32 bytes and an ML-KEM-768 seed of 64, with the public keys of both.
    """

    keys: TurnKeys
    x25519: X25519Secret
    kem: Kem768Secret

    @classmethod
    def generate(cls, entropy: Entropy) -> OwnTurn:
        """Draw both key pairs of a turn: 96 bytes of entropy."""
        x25519 = X25519Secret.generate(entropy)
        kem, kem_public = Kem768Secret.generate(entropy)
        return cls(TurnKeys(x25519.public(), kem_public), x25519, kem)


class RootStep(NamedTuple):
    """What a root step gives, 32 bytes each."""

    root: RootKey
    chain: ChainKey
    next_header_key: HeaderKey


def root_step(
    root: RootKey,
    agreement: X25519Shared,
    shared: KemShared,
    keys: tuple[TurnKeys, TurnKeys],
    ciphertext: Kem768Ciphertext,
) -> RootStep:
    """Step the root.

    Args:
        root: as it was before the turn.
        agreement: X25519 of the turn's key and the other side's latest, 32 bytes.
        shared: what `ciphertext` carries, 32 bytes.
        keys: those of the turn's author, and of the one who receives it.
        ciphertext: 1,088 bytes.
    """
    author, receiver = keys
    public = labelled(
        "turn-keys", author.x25519, author.kem, ciphertext, receiver.x25519, receiver.kem
    )
    okm = derive("turn", salt=root, ikm=agreement + shared, context=public, length=96)
    return RootStep(RootKey(okm[:32]), ChainKey(okm[32:64]), HeaderKey(okm[64:]))
