"""What opens a vault (section 13)."""

import base64
import hashlib
import unicodedata
from collections.abc import Callable

from tests.vectors.second_implementation.cryptography import KDF, argon2id, label, unseal
from tests.vectors.second_implementation.formats import cut
from tests.vectors.second_implementation.notation import Json, refuse


def unlock(keyslots: Json, slot_key: Callable[[Json], bytes | None]) -> bytes:
    """The data key from the first slot that opens with the key that `slot_key` gives for it."""
    for slot in keyslots["slots"]:
        key = slot_key(slot)
        nonce, wrapped = cut(base64.b64decode(slot["wrapped"]), 24)
        ad = label("keyslot") + base64.b64decode(keyslots["vault_id"]) + slot["kind"].encode()
        data_key = unseal(key, nonce, wrapped, ad) if key else None
        if data_key is not None:
            return data_key
    return refuse("wrong-passphrase")


def unlock_with_passphrase(keyslots: Json, passphrase: str) -> bytes:
    def slot_key(slot: Json) -> bytes | None:
        if slot["kind"] != "passphrase":
            return None
        cost = slot["argon2id"]
        t, m, p = cost["time_cost"], cost["memory_kib"], cost["parallelism"]
        if not (1 <= t <= 16 and 1 <= p <= 16 and 8 * p <= m <= 2**20):
            refuse("unsafe-parameters")
        normal = unicodedata.normalize("NFKC", passphrase).encode()
        return argon2id(normal, base64.b64decode(slot["salt"]), t, m, p)

    return unlock(keyslots, slot_key)


def recovery_entropy(phrase: list[str], words: list[str]) -> bytes:
    """BIP-39: 24 words are 256 bits and 8 bits of their SHA-256."""
    if len(phrase) != 24 or not set(phrase) <= set(words):
        refuse("wrong-passphrase")
    bits = 0
    for word in phrase:
        bits = bits << 11 | words.index(word)
    entropy, checksum = cut(bits.to_bytes(33, "big"), 32)
    return (
        entropy if hashlib.sha256(entropy).digest()[:1] == checksum else refuse("wrong-passphrase")
    )


def unlock_with_words(keyslots: Json, phrase: list[str], words: list[str]) -> bytes:
    entropy = recovery_entropy(phrase, words)

    def slot_key(slot: Json) -> bytes | None:
        salt = base64.b64decode(slot["salt"])
        is_recovery = slot["kind"] == "recovery"
        return KDF("recovery-key", salt, entropy, b"", 32) if is_recovery else None

    return unlock(keyslots, slot_key)
