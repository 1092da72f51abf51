"""Other ratchets, each as two people who write to each other in memory."""

from __future__ import annotations

import asyncio
import json
import struct

import doubleratchet
import vodozemac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from doubleratchet.recommended import (
    HashFunction,
    aead_aes_hmac,
    diffie_hellman_ratchet_curve25519,
    kdf_hkdf,
    kdf_separate_hmacs,
)

from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.randomness import system_entropy

_MOST_SKIPPED = 1_000
_ASSOCIATED = b"benchmark"
_NUMBERS = struct.Struct(">II")
_CHAIN_CONSTANT = b"\x01\x02"


class _RootKdf(kdf_hkdf.KDF):
    @staticmethod
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_512

    @staticmethod
    def _get_info() -> bytes:
        return b"benchmark root"


class _ChainKdf(kdf_separate_hmacs.KDF):
    @staticmethod
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_256


class OwnAead(aead_aes_hmac.AEAD):
    """What the package recommends: AES-256-CBC with HMAC."""

    @staticmethod
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_512

    @staticmethod
    def _get_info() -> bytes:
        return b"benchmark message"


class AesGcm(doubleratchet.AEAD):
    """Faster than what the package recommends; each key seals one message."""

    @staticmethod
    async def encrypt(plaintext: bytes, key: bytes, associated_data: bytes) -> bytes:
        return AESGCM(key).encrypt(bytes(12), plaintext, associated_data)

    @staticmethod
    async def decrypt(ciphertext: bytes, key: bytes, associated_data: bytes) -> bytes:
        return AESGCM(key).decrypt(bytes(12), ciphertext, associated_data)


class _Ratchet(doubleratchet.DoubleRatchet):
    @staticmethod
    def _build_associated_data(associated_data: bytes, header: doubleratchet.Header) -> bytes:
        numbers = (header.previous_sending_chain_length, header.sending_chain_length)
        return bytes(associated_data + header.ratchet_pub + _NUMBERS.pack(*numbers))


class DoubleRatchetPair:
    """Two ratchets of the Python package doubleratchet: X25519, no post-quantum part."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, aead: type[doubleratchet.AEAD], plaintext: bytes
    ) -> None:
        self._loop = loop
        self._plaintext = plaintext
        self._settings = {
            "diffie_hellman_ratchet_class": diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet,
            "root_chain_kdf": _RootKdf,
            "message_chain_kdf": _ChainKdf,
            "message_chain_constant": _CHAIN_CONSTANT,
            "dos_protection_threshold": _MOST_SKIPPED,
            "max_num_skipped_message_keys": _MOST_SKIPPED,
            "aead": aead,
        }
        settings = {
            **self._settings,
            "shared_secret": system_entropy(32),
            "associated_data": _ASSOCIATED,
        }
        secret = X25519Secret.generate(system_entropy)
        author, first = loop.run_until_complete(
            _Ratchet.encrypt_initial_message(
                recipient_ratchet_pub=bytes(secret.public()), message=b"first", **settings
            )
        )
        reader, _ = loop.run_until_complete(
            _Ratchet.decrypt_initial_message(
                own_ratchet_priv=bytes(secret), message=first, **settings
            )
        )
        self._author, self._reader = author, reader

    def turns(self, count: int) -> None:
        """Seal and open `count` times, each time with the other one as the author."""
        self._loop.run_until_complete(self._exchange(count, alternating=True))

    def chain(self, count: int) -> None:
        """Seal and open `count` times with the same author."""
        self._loop.run_until_complete(self._exchange(count, alternating=False))

    def stored_turns(self, count: int) -> None:
        """Do the same as `turns`, with the state stored after each step and loaded before it."""
        for _ in range(count):
            self._author, self._reader = self._again(self._author), self._again(self._reader)
            self.turns(1)

    def _again(self, ratchet: _Ratchet) -> _Ratchet:
        stored = json.dumps(ratchet.json)
        loaded: _Ratchet = _Ratchet.from_json(json.loads(stored), **self._settings)
        return loaded

    async def _exchange(self, count: int, *, alternating: bool) -> None:
        for _ in range(count):
            if alternating:
                self._author, self._reader = self._reader, self._author
            sealed = await self._author.encrypt_message(self._plaintext, _ASSOCIATED)
            opened = await self._reader.decrypt_message(sealed, _ASSOCIATED)
            assert opened == self._plaintext


class OlmPair:
    """Two Olm sessions of vodozemac (Rust): X25519, no post-quantum part."""

    def __init__(self, plaintext: bytes) -> None:
        self._plaintext = plaintext
        alice, bob = vodozemac.Account(), vodozemac.Account()
        bob.generate_one_time_keys(1)
        one_time = next(iter(bob.one_time_keys.values()))
        self._author = alice.create_outbound_session(bob.curve25519_key, one_time)
        first = self._author.encrypt(b"first").to_pre_key()
        assert first is not None
        self._reader, _ = bob.create_inbound_session(alice.curve25519_key, first)

    def turns(self, count: int) -> None:
        """Seal and open `count` times, each time with the other one as the author."""
        for _ in range(count):
            self._author, self._reader = self._reader, self._author
            self.chain(1)

    def chain(self, count: int) -> None:
        """Seal and open `count` times with the same author."""
        for _ in range(count):
            kind, sealed = self._author.encrypt(self._plaintext).to_parts()
            opened = self._reader.decrypt(vodozemac.AnyOlmMessage.from_parts(kind, sealed))
            assert opened == self._plaintext

    def stored_turns(self, count: int) -> None:
        """Do the same as `turns`, with the state stored after each step and loaded before it."""
        for _ in range(count):
            self._author, self._reader = _again(self._author), _again(self._reader)
            self.turns(1)


def _again(session: vodozemac.Session) -> vodozemac.Session:
    key = bytes(32)
    return vodozemac.Session.from_pickle(session.pickle(key), key)
