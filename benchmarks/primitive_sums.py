"""Every primitive operation of one message, at its sizes, and nothing between them.

The order is that of `session.ratchet`, `turn` and `message`; the operations go through the same
modules of `e2etherapy.primitives`, so that only the protocol's own work is missing here.
"""

from __future__ import annotations

from typing import NamedTuple

from e2etherapy.primitives import aead, dh
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.kem import Kem768Ciphertext, Kem768Public, Kem768Secret
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.wire import envelope

_HEADER_LABEL = b"e2etherapy/1/header\x00"
_BODY_LABEL = b"e2etherapy/1/body\x00"
_HEADER = bytes(envelope.HEADER_SIZE)
_BODY = bytes(envelope.MESSAGE_BODY_SIZE)
_HEADER_ASSOCIATED = bytes(len(_HEADER_LABEL) + 32)
_BODY_ASSOCIATED = bytes(len(_BODY_LABEL) + 32 + 32 + envelope.SEALED_HEADER_SIZE + 32)


class _Keys(NamedTuple):
    """The key pairs of one turn."""

    x25519: X25519Secret
    x25519_public: X25519Public
    kem: Kem768Secret
    kem_public: Kem768Public

    @classmethod
    def generate(cls) -> _Keys:
        x25519 = X25519Secret.generate(system_entropy)
        return cls(x25519, x25519.public(), *Kem768Secret.generate(system_entropy))


class PrimitiveSum:
    """The latest turn's keys, and the operations that one message makes of them."""

    def __init__(self) -> None:
        self._key = system_entropy(32)
        self._latest = _Keys.generate()

    def turns(self, count: int) -> None:
        """Do what sealing and opening the first message of a turn does, `count` times."""
        for _ in range(count):
            own, peer = _Keys.generate(), self._latest
            shared, ciphertext = peer.kem_public.encapsulate()
            self._step_root(dh.agree(own.x25519, peer.x25519_public), shared, own, ciphertext)
            sealed = self._seal()
            agreement = dh.agree(peer.x25519, own.x25519_public)
            self._step_root(agreement, peer.kem.decapsulate(ciphertext), own, ciphertext)
            self._open(*sealed)
            self._latest = own

    def chain(self, count: int) -> None:
        """Do what sealing and opening a further message of a turn does, `count` times."""
        for _ in range(count):
            self._open(*self._seal())

    def _step_root(
        self, agreement: bytes, shared: bytes, own: _Keys, ciphertext: Kem768Ciphertext
    ) -> None:
        peer = self._latest
        public = labelled(
            "turn-keys",
            own.x25519_public,
            own.kem_public,
            ciphertext,
            peer.x25519_public,
            peer.kem_public,
        )
        derive("turn", salt=self._key, ikm=agreement + shared, context=public, length=96)

    def _seal(self) -> tuple[bytes, bytes, bytes]:
        salt = system_entropy(envelope.SALT_SIZE)
        derive("chain", salt=b"", ikm=self._key, length=64)
        header = aead.seal(self._key, salt[:24], _HEADER, _HEADER_ASSOCIATED)
        okm = derive("message", salt=salt, ikm=self._key, length=88)
        return salt, header, aead.seal(okm[:32], okm[32:56], _BODY, _BODY_ASSOCIATED)

    def _open(self, salt: bytes, header: bytes, body: bytes) -> None:
        aead.unseal(self._key, salt[:24], header, _HEADER_ASSOCIATED)
        derive("chain", salt=b"", ikm=self._key, length=64)
        okm = derive("message", salt=salt, ikm=self._key, length=88)
        aead.unseal(okm[:32], okm[32:56], body, _BODY_ASSOCIATED)
