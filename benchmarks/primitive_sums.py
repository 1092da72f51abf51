"""Every primitive operation of one message, at its sizes, and nothing between them.

The order is that of `session.ratchet`; the operations go through the same modules of
`e2etherapy.primitives`, so that only the protocol's own work is missing here.
"""

from __future__ import annotations

from e2etherapy.primitives import aead, dh
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.kem import Kem768Ciphertext, Kem768Secret
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.wire import envelope

_HEADER_LABEL = b"e2etherapy/1/header\x00"
_BODY_LABEL = b"e2etherapy/1/body\x00"
_HEADER = bytes(envelope.HEADER_SIZE)
_BODY = bytes(envelope.MESSAGE_BODY_SIZE)
_HEADER_ASSOCIATED = bytes(len(_HEADER_LABEL) + 32)
_BODY_ASSOCIATED = bytes(len(_BODY_LABEL) + 32 + 32 + envelope.SEALED_HEADER_SIZE + 32)


class PrimitiveSum:
    """Two people's keys, and the operations that one message makes of them."""

    def __init__(self) -> None:
        self._key = system_entropy(32)
        self._x25519 = X25519Secret.generate(system_entropy)
        self._x25519_public = self._x25519.public()
        self._kem, self._kem_public = Kem768Secret.generate(system_entropy)

    def turns(self, count: int) -> None:
        """Do what sealing and opening the first message of a turn does, `count` times."""
        for _ in range(count):
            ciphertext = self._begin_turn()
            sealed = self._seal()
            self._take_turn(ciphertext)
            self._open(*sealed)

    def chain(self, count: int) -> None:
        """Do what sealing and opening a further message of a turn does, `count` times."""
        for _ in range(count):
            self._open(*self._seal())

    def _begin_turn(self) -> Kem768Ciphertext:
        x25519 = X25519Secret.generate(system_entropy)
        public = x25519.public()
        _, kem_public = Kem768Secret.generate(system_entropy)
        shared, ciphertext = self._kem_public.encapsulate()
        self._step_root(
            dh.agree(x25519, self._x25519_public), shared, (public, kem_public), ciphertext
        )
        return ciphertext

    def _take_turn(self, ciphertext: Kem768Ciphertext) -> None:
        agreement = dh.agree(self._x25519, self._x25519_public)
        shared = self._kem.decapsulate(ciphertext)
        self._step_root(agreement, shared, (self._x25519_public, self._kem_public), ciphertext)

    def _step_root(
        self, agreement: bytes, shared: bytes, keys: tuple[bytes, bytes], ciphertext: bytes
    ) -> None:
        x25519, kem = keys
        public = labelled(
            "turn-keys", x25519, kem, ciphertext, self._x25519_public, self._kem_public
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
