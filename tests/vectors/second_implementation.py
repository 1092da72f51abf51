"""A second implementation of the e2etherapy protocol, written from docs/protocol.md alone.

The layouts without cryptography (sections 3, 7 and 9) are in second_formats.py.

It is an oracle for tests: plain, mutable, without any care for timing or for secrets in memory.
It shares no code with the package. Comments name the sections of docs/protocol.md.
"""

import base64
import copy
import datetime as dt
import hashlib
import hmac
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric import mlkem
from nacl import bindings, exceptions

from tests.vectors.second_formats import (
    BUNDLE_LIMIT,
    ENVELOPE,
    Bundle,
    cut,
    is_low_order,
    pack_bundle,
    u32,
    u64,
    unpack_bundle,
)
from tests.vectors.second_notation import Json, Refused, refuse

Draw = Callable[[int], bytes]
Encapsulation = tuple[bytes, bytes]  # ciphertext, shared secret
RecordEntry = tuple[bytes | None, bytes | None, bytes, bytes]  # salt, content, commitment, head

SEALED_HEADER = 2_328
SEALED_OPENING = 1_648
BODY, OPENING_BODY = 13_976, 12_328
KEPT_IN_CHAIN, OLD_CHAINS, KEPT_IN_ALL, KEPT_DAYS, TURN_LIMIT = 2_048, 4, 4_096, 45, 8_192
GRACE_DAYS = 30
DAY_0 = dt.date(1970, 1, 1)


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


def link_keys(hash_of_bundle: bytes) -> list[bytes]:
    """Locator, bundle key, outer key, psk."""
    return cut(KDF("invitation", b"", hash_of_bundle, b"", 128), 32, 32, 32)


def seal_bundle(bundle: bytes, nonce: bytes) -> bytes:
    if len(bundle) > BUNDLE_LIMIT:
        refuse("malformed")
    _, key, _, _ = link_keys(hashlib.sha256(bundle).digest())
    plaintext = (u32(len(bundle)) + bundle).ljust(BUNDLE_LIMIT + 4, b"\0")
    return nonce + seal(key, nonce, plaintext, label("bundle"))


def open_bundle(sealed: bytes, hash_of_bundle: bytes) -> Bundle:
    _, key, _, _ = link_keys(hash_of_bundle)
    plaintext = unseal(key, sealed[:24], sealed[24:], label("bundle"))
    if len(sealed) != ENVELOPE or plaintext is None:
        refuse("invitation-mismatch")
    bundle, padding = cut(plaintext[4:], int.from_bytes(plaintext[:4], "big"))
    if any(padding) or not hmac.compare_digest(hashlib.sha256(bundle).digest(), hash_of_bundle):
        refuse("invitation-mismatch")
    try:
        return unpack_bundle(bundle)
    except Refused:
        refuse("invitation-mismatch")


@dataclass
class Chain:
    header_key: bytes
    key: bytes | None  # None once the chain is closed
    number: int = 0  # the next one
    opening: bool = False  # the chain of turn 1, at the therapist's
    kept: dict[int, tuple[bytes, int]] = field(default_factory=dict)  # number: secret, day

    def step(self) -> bytes:
        assert self.key is not None
        self.key, secret = cut(KDF("chain", b"", self.key, b"", 64), 32)
        self.number += 1
        return secret

    def keep_below(self, number: int, today: int) -> None:
        if number > TURN_LIMIT:
            refuse("too-many-skipped")
        while self.number < number:
            at = self.number
            self.kept[at] = (self.step(), today)
        for at in sorted(self.kept)[:-KEPT_IN_CHAIN]:
            del self.kept[at]


@dataclass
class Session:
    therapist: bool
    transcript: bytes
    root: bytes
    next_header_key: bytes
    turn: int = 0  # the latest
    own_x: bytes | None = None
    own_k: bytes | None = None
    their_x: bytes = b""
    their_k: bytes = b""
    sending: Chain | None = None
    sending_keys: bytes = b""  # X, K, CT, previous length
    chains: list[Chain] = field(default_factory=list)  # the other side's, newest first
    outer_key: bytes | None = None
    opening: bytes = b""  # client: opening values; therapist: their hash
    identities: tuple[bytes, bytes] = (b"", b"")  # client, therapist

    @property
    def own_turn(self) -> bool:
        return self.therapist == (self.turn % 2 == 0)


def begin_turn(s: Session, x: bytes, k: bytes, encapsulation: Encapsulation | None = None) -> None:
    """Section 5.1; `encapsulation` repeats a recorded one."""
    ciphertext, secret = encapsulation or encapsulate(768, s.their_k)
    shared = x25519(x, s.their_x) + secret
    keys = x25519_public(x) + kem_public(768, k) + ciphertext
    previous = s.sending.number if s.sending else 0
    context = H("turn-keys", keys, s.their_x, s.their_k)
    s.root, chain_key, after = cut(KDF("turn", s.root, shared, context, 96), 32, 32)
    s.sending, s.next_header_key = Chain(s.next_header_key, chain_key), after
    s.sending_keys = keys + u32(previous)
    s.own_x, s.own_k = x, k
    s.turn += 1


def receive_turn(s: Session, header: bytes, today: int) -> Chain:
    """Section 5.2."""
    x, k, ciphertext, previous, _ = cut(header, 32, 1_184, 1_088, 4)
    if is_low_order(x) or not is_kem_key(768, k):
        refuse("refused")
    assert s.own_x is not None
    assert s.own_k is not None
    shared = x25519(s.own_x, x) + decapsulate(768, s.own_k, ciphertext)
    own = x25519_public(s.own_x) + kem_public(768, s.own_k)
    if s.chains:
        if int.from_bytes(previous, "big") < s.chains[0].number:
            refuse("refused")
        s.chains[0].keep_below(int.from_bytes(previous, "big"), today)
        s.chains[0].key = None
    context = H("turn-keys", x, k, ciphertext, own)
    s.root, chain_key, after = cut(KDF("turn", s.root, shared, context, 96), 32, 32)
    chain = Chain(s.next_header_key, chain_key, opening=s.turn == 0)
    s.chains.insert(0, chain)
    s.next_header_key, s.their_x, s.their_k = after, x, k
    s.own_x = s.own_k = None
    s.turn += 1
    return chain


def secret_for(chain: Chain, number: int, today: int) -> bytes:
    if number in chain.kept:
        return chain.kept.pop(number)[0]
    if number < chain.number:
        refuse("replay")
    if chain.key is None:
        refuse("refused")
    chain.keep_below(number, today)
    if number >= TURN_LIMIT:
        refuse("too-many-skipped")
    return chain.step()


def forget(s: Session, today: int) -> None:
    """Section 5.5."""
    for chain in s.chains:
        chain.kept = {n: k for n, k in chain.kept.items() if today - k[1] <= KEPT_DAYS}
    del s.chains[1 + OLD_CHAINS :]
    excess = sum(len(chain.kept) for chain in s.chains) - KEPT_IN_ALL
    for chain in reversed(s.chains):
        for number in sorted(chain.kept)[: max(excess, 0)]:
            del chain.kept[number]
            excess -= 1
    s.chains = [chain for chain in s.chains if chain.kept or chain.key]


def seal_envelope(s: Session, body: bytes, draw: Draw, kem: Encapsulation | None = None) -> bytes:
    """Begins a turn if needed: draws x 32 and k 64, then in any case the salt 32."""
    if not s.own_turn:
        begin_turn(s, draw(32), draw(64), kem)
    assert s.sending is not None
    if s.sending.number >= TURN_LIMIT:
        refuse("turn-full")
    prefix = salt = draw(32)
    if s.outer_key is not None and not s.therapist:
        prefix += seal(s.outer_key, salt[:24], s.opening, label("opening"))
    if len(body) != BODY + 32 - len(prefix):
        refuse("malformed")
    header = s.sending_keys + u32(s.sending.number)
    sealed_header = seal(s.sending.header_key, salt[:24], header, label("header") + s.transcript)
    values = KDF("message", salt, s.sending.step(), b"", 88)
    key, nonce, commitment = cut(values, 32, 24)
    ad = label("body") + s.transcript + prefix + sealed_header + commitment
    return prefix + sealed_header + commitment + seal(key, nonce, body, ad)


def open_message(s: Session, envelope: bytes, prefix_size: int, today: int) -> bytes:
    prefix, sealed_header, commitment, sealed_body = cut(envelope, prefix_size, SEALED_HEADER, 32)
    salt = prefix[:32]
    may_begin = s.own_turn and (prefix_size == 32 or s.turn == 0)
    forget(s, today)

    def header_by(key: bytes) -> bytes | None:
        return unseal(key, salt[:24], sealed_header, label("header") + s.transcript)

    for chain in s.chains:
        header = header_by(chain.header_key)
        if header is not None and (prefix_size == 32 or chain.opening):
            break
    else:
        header = header_by(s.next_header_key) if may_begin else None
        if header is None:
            refuse("refused")
        chain = receive_turn(s, header, today)
    secret = secret_for(chain, int.from_bytes(header[-4:], "big"), today)
    key, nonce, expected = cut(KDF("message", salt, secret, b"", 88), 32, 24)
    if not hmac.compare_digest(commitment, expected):
        refuse("refused")
    ad = label("body") + s.transcript + prefix + sealed_header + commitment
    body = unseal(key, nonce, sealed_body, ad)
    if body is None:
        refuse("refused")
    forget(s, today)
    if not any(chain.opening for chain in s.chains):
        s.outer_key = None
    return body


def open_envelope(s: Session, envelope: bytes, today: int) -> bytes:
    """Sections 5.4 and 6: the body; a refusal changes nothing."""
    if len(envelope) != ENVELOPE:
        refuse("malformed")
    trial = copy.deepcopy(s)
    try:
        body = open_message(trial, envelope, 32, today)
    except Refused as refusal:
        values = open_opening(s.outer_key, envelope) if s.therapist and s.outer_key else None
        if values is None:
            raise
        if H("opening-values", values) != s.opening:
            raise Refused("invitation-used") from refusal
        trial = copy.deepcopy(s)
        body = open_message(trial, envelope, 32 + SEALED_OPENING, today)
    vars(s).update(vars(trial))
    return body


def open_opening(outer_key: bytes, envelope: bytes) -> bytes | None:
    salt, sealed, _ = cut(envelope, 32, SEALED_OPENING)
    return unseal(outer_key, salt[:24], sealed, label("opening"))


def transcript(link_hash: bytes, values: bytes, b: Bundle) -> bytes:
    identities, ciphertext = values[:64], values[64:]
    therapist = b.identity + b.one_time + b.ratchet_x + b.kem
    return H("transcript", link_hash, identities, therapist, ciphertext, b.ratchet_k)


def handshake(link_hash: bytes, values: bytes, b: Bundle, shared: bytes) -> Session:
    """The state after the handshake; `shared` is DH1, DH2, DH3, SS."""
    _, _, outer, psk = link_keys(link_hash)
    script = transcript(link_hash, values, b)
    root, header_key = cut(KDF("handshake", psk, shared, script, 64), 32)
    s = Session(False, script, root, header_key, outer_key=outer, opening=values)
    s.identities = values[:32], b.identity
    return s


def join(
    bundle: bytes, identity: bytes, ephemeral: bytes, kem: Encapsulation | None = None
) -> Session:
    """The client's side; `identity` and `ephemeral` are X25519 secrets."""
    b = unpack_bundle(bundle)
    if not is_kem_key(768, b.ratchet_k):
        refuse("invalid-key")
    ciphertext, secret = kem or encapsulate(1024, b.kem)
    pairs = ((identity, b.one_time), (ephemeral, b.identity), (ephemeral, b.one_time))
    shared = b"".join(x25519(own, theirs) for own, theirs in pairs) + secret
    values = x25519_public(identity) + x25519_public(ephemeral) + ciphertext
    s = handshake(hashlib.sha256(bundle).digest(), values, b, shared)
    s.their_x, s.their_k = b.ratchet_x, b.ratchet_k
    return s


@dataclass
class Invitation:
    """The therapist's side until the opening: secrets behind a bundle."""

    bundle: bytes
    identity: bytes
    one_time: bytes
    ratchet_x: bytes
    kem: bytes  # seed of ML-KEM-1024
    ratchet_k: bytes  # seed of ML-KEM-768


def invite(identity: bytes, draw: Draw, details: Json) -> Invitation:
    one_time, ratchet_x, kem, ratchet_k = draw(32), draw(32), draw(64), draw(64)
    public, once, x = (x25519_public(secret) for secret in (identity, one_time, ratchet_x))
    bundle = Bundle(public, once, x, kem_public(1024, kem), kem_public(768, ratchet_k), details)
    return Invitation(pack_bundle(bundle), identity, one_time, ratchet_x, kem, ratchet_k)


def answer(invitation: Invitation, values: bytes) -> Session:
    """The therapist's side of the handshake."""
    client, ephemeral, ciphertext = cut(values, 32, 32)
    shared = x25519(invitation.one_time, client)
    shared += x25519(invitation.identity, ephemeral)
    shared += x25519(invitation.one_time, ephemeral)
    shared += decapsulate(1024, invitation.kem, ciphertext)
    link_hash = hashlib.sha256(invitation.bundle).digest()
    s = handshake(link_hash, values, unpack_bundle(invitation.bundle), shared)
    s.therapist, s.opening = True, H("opening-values", values)
    return s


def accept(invitation: Invitation, envelope: bytes, today: int) -> tuple[Session, bytes]:
    """The therapist's session and the body of the opening that made it."""
    b, link_hash = unpack_bundle(invitation.bundle), hashlib.sha256(invitation.bundle).digest()
    if len(envelope) != ENVELOPE:
        refuse("malformed")
    values = open_opening(link_keys(link_hash)[2], envelope)
    if values is None:
        refuse("refused")
    if today > (dt.date.fromisoformat(b.details["expires"]) - DAY_0).days + GRACE_DAYS:
        refuse("invitation-expired")
    if any(map(is_low_order, cut(values, 32, 32)[:2])):
        refuse("refused")
    s = answer(invitation, values)
    s.own_x, s.own_k = invitation.ratchet_x, invitation.ratchet_k
    return s, open_message(s, envelope, 32 + SEALED_OPENING, today)


def safety_phrase(client: bytes, therapist: bytes, script: bytes, words: list[str]) -> list[str]:
    secret = H("safety-phrase", client, therapist, script)
    bits = int.from_bytes(argon2id(secret, H("safety-phrase-salt", script), 3, 65_536, 4), "big")
    return [words[bits >> 256 - 11 * group & 2_047] for group in range(1, 7)]


def entry_commitment(salt: bytes, content: bytes) -> bytes:
    return H("journal-entry", salt, content)


def chain_heads(book_id: bytes, commitments: list[bytes]) -> list[bytes]:
    """Section 12: head(0), head(1) and so on."""
    heads = [H("journal-book", book_id)]
    for i, commitment in enumerate(commitments, 1):
        heads.append(H("journal-chain", heads[-1], u64(i), commitment))
    return heads


def verify_record(book_id: bytes, entries: list[RecordEntry]) -> bytes:
    """The last head, if every entry is the one that was appended in its place."""
    heads = chain_heads(book_id, [commitment for _, _, commitment, _ in entries])
    for (salt, content, commitment, head), expected in zip(entries, heads[1:], strict=True):
        if (salt is None) != (content is None) or head != expected:
            refuse("record-broken")
        if salt and content is not None and entry_commitment(salt, content) != commitment:
            refuse("record-broken")
    return heads[-1]


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
