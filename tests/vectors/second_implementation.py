"""A second implementation of the e2etherapy protocol, written from docs/protocol.md alone.

It is an oracle for tests: plain, mutable, without any care for timing or for secrets in memory.
It shares no code with the package. Comments name the sections of docs/protocol.md.
"""

import base64
import copy
import datetime as dt
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric import mlkem
from nacl import bindings, exceptions

Json = dict[str, Any]
Draw = Callable[[int], bytes]
Encapsulation = tuple[bytes, bytes]  # ciphertext, shared secret

ENVELOPE = 16_384
SEALED_HEADER = 2_328
SEALED_OPENING = 1_648
BODY, OPENING_BODY = 13_976, 12_328
BUNDLE_LIMIT = 16_340
KEPT_IN_CHAIN, OLD_CHAINS, KEPT_IN_ALL, KEPT_DAYS, TURN_LIMIT = 2_048, 4, 4_096, 45, 80_000
DAY_0 = dt.date(1970, 1, 1)


class Refused(Exception):
    """The input is refused; `reason` is the failure class that the vectors name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def refuse(reason: str) -> NoReturn:
    raise Refused(reason)


# Section 1: notation


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


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


def cut(data: bytes, *sizes: int) -> list[bytes]:
    """Pieces of the given sizes and, last, what is left."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def seal(key: bytes, nonce: bytes, plaintext: bytes, ad: bytes) -> bytes:
    return bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, ad, nonce, key)


def unseal(key: bytes, nonce: bytes, sealed: bytes, ad: bytes) -> bytes | None:
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, ad, nonce, key)
    except exceptions.CryptoError:
        return None


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str, size: int) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        refuse("encoding")
    if len(data) != size or b64url(data) != text:
        refuse("encoding")
    return data


def argon2id(secret: bytes, salt: bytes, t: int, m: int, p: int) -> bytes:
    return hash_secret_raw(secret, salt, t, m, p, 32, Type.ID, version=0x13)


# Section 1 and 2: keys

P = 2**255 - 19
ORDER_8 = (
    0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
)


def x25519_public(secret: bytes) -> bytes:
    return bindings.crypto_scalarmult_base(secret)


def checked_public(public: bytes) -> bytes:
    if int.from_bytes(public, "little") % 2**255 in {0, 1, P - 1, P, P + 1, *ORDER_8}:
        refuse("low-order key")
    return public


def x25519(secret: bytes, public: bytes) -> bytes:
    try:
        return bindings.crypto_scalarmult(secret, public)
    except (exceptions.RuntimeError, RuntimeError):
        refuse("low-order key")


PRIVATE: dict[int, Any] = {768: mlkem.MLKEM768PrivateKey, 1024: mlkem.MLKEM1024PrivateKey}
PUBLIC: dict[int, Any] = {768: mlkem.MLKEM768PublicKey, 1024: mlkem.MLKEM1024PublicKey}


def kem_public(size: int, seed: bytes) -> bytes:
    return bytes(PRIVATE[size].from_seed_bytes(seed).public_key().public_bytes_raw())


def encapsulate(size: int, public: bytes) -> Encapsulation:
    try:
        secret, ciphertext = PUBLIC[size].from_public_bytes(public).encapsulate()
    except (ValueError, InvalidKey):
        refuse("KEM key")
    return ciphertext, secret


def decapsulate(size: int, seed: bytes, ciphertext: bytes) -> bytes:
    return bytes(PRIVATE[size].from_seed_bytes(seed).decapsulate(ciphertext))


# Section 3: invitation


@dataclass
class Bundle:
    identity: bytes
    one_time: bytes
    ratchet_x: bytes
    kem: bytes  # ML-KEM-1024
    ratchet_k: bytes  # ML-KEM-768
    details: Json


def load_json(data: bytes) -> Json:
    try:
        value = json.loads(data.decode(), parse_constant=refuse)
    except ValueError:
        refuse("content")
    if not isinstance(value, dict):
        refuse("content")
    return value


def dump_json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def is_base64(size: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            data = base64.b64decode(value if isinstance(value, str) else "!", validate=True)
        except ValueError:
            return False
        return len(data) == size and base64.b64encode(data).decode() == value

    return check


def is_text(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def is_bytes(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value.encode()) <= limit


def is_int(least: int, below: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and least <= value < below


def is_time(value: object) -> bool:
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_date(value: object) -> bool:
    return isinstance(value, str) and is_time(value + "T00:00:00Z")


def is_ids(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 256 and all(map(is_base64(16), value))


Members = dict[str, Callable[[Any], bool]]


def check_members(value: object, required: Members, optional: Members | None = None) -> Json:
    members = {**required, **(optional or {})}
    if not isinstance(value, dict) or not required.keys() <= value.keys() <= members.keys():
        refuse("content")
    if not all(members[name](member) for name, member in value.items()):
        refuse("content")
    return value


DETAILS: Members = {
    "name": is_text(200),
    "mailbox": is_base64(32),
    "deposit_key": is_base64(32),
    "ticket": is_base64(32),
    "expires": is_date,
}


def pack_bundle(bundle: Bundle) -> bytes:
    details = dump_json(bundle.details)
    keys = bundle.identity + bundle.one_time + bundle.ratchet_x + bundle.kem + bundle.ratchet_k
    return keys + u32(len(details)) + details


def unpack_bundle(data: bytes) -> Bundle:
    identity, one_time, ratchet_x, kem, ratchet_k, n, details = cut(
        data, 32, 32, 32, 1_568, 1_184, 4
    )
    if len(n) != 4 or int.from_bytes(n, "big") != len(details) or len(data) > BUNDLE_LIMIT:
        refuse("length")
    for public in (identity, one_time, ratchet_x):
        checked_public(public)
    optional = {"credential": is_text(8_000), "log_proof": is_text(8_000)}
    members = check_members(load_json(details), DETAILS, optional)
    return Bundle(identity, one_time, ratchet_x, kem, ratchet_k, members)


def make_link(relay: str, hash_of_bundle: bytes) -> str:
    return f"e2etherapy://{relay}/#{b64url(hash_of_bundle)}"


def read_link(link: str) -> tuple[str, bytes]:
    found = re.fullmatch(r"e2etherapy://([^/#?@]+)/#([^/]*)", link)
    if not found:
        refuse("link")
    return found[1], from_b64url(found[2], 32)


def link_keys(hash_of_bundle: bytes) -> list[bytes]:
    """Locator, bundle key, outer key, psk."""
    return cut(KDF("invitation", b"", hash_of_bundle, b"", 128), 32, 32, 32)


def seal_bundle(bundle: bytes, nonce: bytes) -> bytes:
    _, key, _, _ = link_keys(hashlib.sha256(bundle).digest())
    plaintext = (u32(len(bundle)) + bundle).ljust(BUNDLE_LIMIT + 4, b"\0")
    return nonce + seal(key, nonce, plaintext, label("bundle"))


def open_bundle(sealed: bytes, hash_of_bundle: bytes) -> Bundle:
    _, key, _, _ = link_keys(hash_of_bundle)
    plaintext = unseal(key, sealed[:24], sealed[24:], label("bundle"))
    if len(sealed) != ENVELOPE or plaintext is None:
        refuse("not what the link names")
    bundle, padding = cut(plaintext[4:], int.from_bytes(plaintext[:4], "big"))
    if any(padding) or not hmac.compare_digest(hashlib.sha256(bundle).digest(), hash_of_bundle):
        refuse("not what the link names")
    try:
        return unpack_bundle(bundle)
    except Refused:
        refuse("not what the link names")


# Section 5: ratchet (the state; the handshake below makes it)


@dataclass
class Chain:
    header_key: bytes
    key: bytes | None  # None once the chain is closed
    number: int = 0  # the next one
    kept: dict[int, tuple[bytes, int]] = field(default_factory=dict)  # number: secret, day

    def step(self) -> bytes:
        assert self.key is not None
        self.key, secret = cut(KDF("chain", b"", self.key, b"", 64), 32)
        self.number += 1
        return secret

    def keep_below(self, number: int, today: int) -> None:
        if number > TURN_LIMIT or len(self.kept) + number - self.number > KEPT_IN_CHAIN:
            refuse("too many skipped")
        while self.number < number:
            at = self.number
            self.kept[at] = (self.step(), today)


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
    assert s.own_x is not None
    assert s.own_k is not None
    shared = x25519(s.own_x, checked_public(x)) + decapsulate(768, s.own_k, ciphertext)
    own = x25519_public(s.own_x) + kem_public(768, s.own_k)
    if s.chains:
        if int.from_bytes(previous, "big") < s.chains[0].number:
            refuse("previous length")
        s.chains[0].keep_below(int.from_bytes(previous, "big"), today)
        s.chains[0].key = None
    context = H("turn-keys", x, k, ciphertext, own)
    s.root, chain_key, after = cut(KDF("turn", s.root, shared, context, 96), 32, 32)
    chain = Chain(s.next_header_key, chain_key)
    s.chains.insert(0, chain)
    s.next_header_key, s.their_x, s.their_k = after, x, k
    s.own_x = s.own_k = None
    s.turn += 1
    return chain


def secret_for(chain: Chain, number: int, today: int) -> bytes:
    if number in chain.kept:
        return chain.kept.pop(number)[0]
    if number < chain.number or chain.key is None:
        refuse("replay")
    if number >= TURN_LIMIT:
        refuse("too many skipped")
    chain.keep_below(number, today)
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


# Section 6: envelope


def seal_envelope(s: Session, body: bytes, draw: Draw, kem: Encapsulation | None = None) -> bytes:
    """Begins a turn if needed: draws x 32 and k 64, then in any case the salt 32."""
    if not s.own_turn:
        begin_turn(s, draw(32), draw(64), kem)
    assert s.sending is not None
    if s.sending.number >= TURN_LIMIT:
        refuse("turn is full")
    prefix = salt = draw(32)
    if s.outer_key is not None and not s.therapist:
        prefix += seal(s.outer_key, salt[:24], s.opening, label("opening"))
    if len(body) != BODY + 32 - len(prefix):
        refuse("length")
    header = s.sending_keys + u32(s.sending.number)
    sealed_header = seal(s.sending.header_key, salt[:24], header, label("header") + s.transcript)
    values = KDF("message", salt, s.sending.step(), b"", 88)
    key, nonce, commitment = cut(values, 32, 24)
    ad = label("body") + s.transcript + prefix + sealed_header + commitment
    return prefix + sealed_header + commitment + seal(key, nonce, body, ad)


def open_message(s: Session, envelope: bytes, prefix_size: int, today: int) -> bytes:
    sealed: list[bytes] = cut(envelope, prefix_size, SEALED_HEADER, 32)
    prefix, sealed_header, commitment, sealed_body = sealed
    salt = prefix[:32]

    def header_by(key: bytes) -> bytes | None:
        return unseal(key, salt[:24], sealed_header, label("header") + s.transcript)

    for chain in s.chains:
        header = header_by(chain.header_key)
        if header is not None:
            break
    else:
        header = header_by(s.next_header_key) if s.own_turn else None
        if header is None:
            refuse("unreadable")
        chain = receive_turn(s, header, today)
    secret = secret_for(chain, int.from_bytes(header[-4:], "big"), today)
    key, nonce, expected = cut(KDF("message", salt, secret, b"", 88), 32, 24)
    if not hmac.compare_digest(commitment, expected):
        refuse("commitment")
    ad = label("body") + s.transcript + prefix + sealed_header + commitment
    body = unseal(key, nonce, sealed_body, ad)
    if body is None:
        refuse("body")
    if s.turn >= (3 if s.therapist else 2):
        s.outer_key = None
    forget(s, today)
    return body


def open_envelope(s: Session, envelope: bytes, today: int) -> bytes:
    """Sections 5.4 and 6: the body; a refusal changes nothing."""
    if len(envelope) != ENVELOPE:
        refuse("length")
    trial = copy.deepcopy(s)
    try:
        body = open_message(trial, envelope, 32, today)
    except Refused as refusal:
        if refusal.reason != "unreadable" or not s.therapist or s.outer_key is None:
            raise
        values = open_opening(s.outer_key, envelope)
        if H("opening-values", values) != s.opening:
            refuse("invitation used")
        trial = copy.deepcopy(s)
        body = open_message(trial, envelope, 32 + SEALED_OPENING, today)
    vars(s).update(vars(trial))
    return body


# Sections 4 and 6.2: handshake and openings


def open_opening(outer_key: bytes, envelope: bytes) -> bytes:
    salt, sealed, _ = cut(envelope, 32, SEALED_OPENING)
    values = unseal(outer_key, salt[:24], sealed, label("opening"))
    return refuse("unreadable") if values is None else values


def transcript(link_hash: bytes, values: bytes, b: Bundle) -> bytes:
    identities, ciphertext = values[:64], values[64:]
    therapist = b.identity + b.one_time + b.ratchet_x + b.kem
    return H("transcript", link_hash, identities, therapist, ciphertext, b.ratchet_k)


def handshake(link_hash: bytes, values: bytes, b: Bundle, shared: bytes) -> Session:
    """The state after the handshake; `shared` is DH1, DH2, DH3, SS."""
    _, _, outer, psk = link_keys(link_hash)
    script = transcript(link_hash, values, b)
    root, header_key = cut(KDF("handshake", psk, shared, script, 64), 32)
    return Session(False, script, root, header_key, outer_key=outer, opening=values)


def join(bundle: bytes, identity: bytes, ephemeral: bytes, kem: Encapsulation | None) -> Session:
    """The client's side; `identity` and `ephemeral` are X25519 secrets."""
    b = unpack_bundle(bundle)
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


def accept(invitation: Invitation, envelope: bytes, today: int) -> tuple[Session, bytes]:
    """The therapist's session and the body of the opening that made it."""
    b, link_hash = unpack_bundle(invitation.bundle), hashlib.sha256(invitation.bundle).digest()
    if len(envelope) != ENVELOPE:
        refuse("length")
    values = open_opening(link_keys(link_hash)[2], envelope)
    if today > (dt.date.fromisoformat(b.details["expires"]) - DAY_0).days:
        refuse("invitation expired")
    client, ephemeral, ciphertext = cut(values, 32, 32)
    shared = x25519(invitation.one_time, checked_public(client))
    shared += x25519(invitation.identity, checked_public(ephemeral))
    shared += x25519(invitation.one_time, ephemeral)
    shared += decapsulate(1024, invitation.kem, ciphertext)
    s = handshake(link_hash, values, b, shared)
    s.therapist, s.opening = True, H("opening-values", values)
    s.own_x, s.own_k = invitation.ratchet_x, invitation.ratchet_k
    return s, open_message(s, envelope, 32 + SEALED_OPENING, today)


# Section 7: body and content

ITEM: Members = {
    "kind": lambda value: isinstance(value, str),
    "id": is_base64(16),
    "sequence": is_int(1, 2**53),
    "written": is_time,
}
KINDS: dict[str, Members] = {
    "text": {"text": is_bytes(1_000_000)},
    "attachment": {
        "name": is_text(200),
        "media_type": is_text(200),
        "size": is_int(0, 25_000_001),
        "sha256": is_base64(32),
    },
    "part": {"whole": is_base64(16), "index": is_int(0, 2_400), "count": is_int(2, 2_401)},
    "receipt": {"items": is_ids},
    "read_mark": {"items": is_ids},
    "profile": {"name": lambda value: isinstance(value, str)},
    "journal_share": {"text": lambda value: isinstance(value, str), "entry_written": is_time},
}
REPLY_TO: Members = {"mailbox": is_base64(32), "deposit_key": is_base64(32)}


@dataclass
class Content:
    item: Json
    blob: bytes = b""
    reply_to: Json | None = None

    @property
    def known(self) -> bool:
        return self.item["kind"] in KINDS


def pack(content: Content) -> bytes:
    value: Json = {"item": content.item}
    if content.blob:
        value["blob"] = len(content.blob)
    if content.reply_to:
        value["reply_to"] = content.reply_to
    data = dump_json(value)
    return u32(len(data)) + data + content.blob


def pad(packed: bytes, size: int) -> bytes:
    return packed.ljust(size, b"\0") if len(packed) <= size else refuse("length")


def check_item(item: Json, blob: bytes) -> None:
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        check_members({name: item.get(name) for name in ITEM}, ITEM)
        return
    check_members(item, {**ITEM, **KINDS[kind]}, {"answers": is_base64(16)})
    if kind == "attachment":
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
        if item["size"] != len(blob) or item["sha256"] != digest:
            refuse("content")
    elif kind == "part":
        if item["index"] >= item["count"]:
            refuse("content")
    elif blob:
        refuse("content")


def unpack(packed: bytes, *, padded: bool = True, opening: bool = False) -> Content:
    n = int.from_bytes(packed[:4], "big")
    if len(packed) < 4 + n:
        refuse("content")
    optional: Members = {"blob": is_int(0, 2**32)}
    if opening:
        optional["reply_to"] = lambda value: bool(check_members(value, REPLY_TO))
    is_object = {"item": lambda value: isinstance(value, dict)}
    value = check_members(load_json(packed[4 : 4 + n]), is_object, optional)
    size = value.get("blob", 0)
    blob, padding = cut(packed[4 + n :], size)
    if len(blob) != size or any(padding) or (padding and not padded):
        refuse("content")
    check_item(value["item"], blob)
    return Content(value["item"], blob, value.get("reply_to"))


def join_parts(parts: list[Content]) -> Content:
    parts = sorted(parts, key=lambda part: part.item["index"])
    first = parts[0].item
    for index, part in enumerate(parts):
        expected = (first["whole"], first["count"], index, first["sequence"] + index)
        names = ("whole", "count", "index", "sequence")
        if tuple(part.item[name] for name in names) != expected:
            refuse("content")
    whole = unpack(b"".join(part.blob for part in parts), padded=False)
    if len(parts) != first["count"] or whole.item["id"] != first["whole"]:
        refuse("content")
    if whole.item["sequence"] != first["sequence"] or whole.item["kind"] == "part":
        refuse("content")
    return whole


# Section 9.1 and 9.2: relay


def relay_hash(right: str, key: bytes) -> bytes:
    """`right` is mailbox, deposit-key, ticket, allowance or claim."""
    return H(right, key)


def read_authorization(value: str, scheme: str, most: int = 1) -> list[bytes]:
    name, _, keys = value.partition(" ")
    texts = keys.split(",")
    if name != scheme or len(texts) > most:
        refuse("authorization")
    try:
        return [from_b64url(text.strip(), 32) for text in texts]
    except Refused:
        refuse("authorization")


def read_page(data: bytes) -> list[tuple[int, bytes]]:
    size = 8 + ENVELOPE
    if len(data) % size:
        refuse("length")
    records = [data[at : at + size] for at in range(0, len(data), size)]
    return [(int.from_bytes(record[:8], "big"), record[8:]) for record in records]


# Sections 10, 12, 13


def safety_phrase(client: bytes, therapist: bytes, script: bytes, words: list[str]) -> list[str]:
    secret = H("safety-phrase", client, therapist, script)
    bits = int.from_bytes(argon2id(secret, H("safety-phrase-salt", script), 3, 65_536, 4), "big")
    return [words[bits >> 256 - 11 * group & 2_047] for group in range(1, 7)]


def entry_commitment(salt: bytes, content: bytes) -> bytes:
    return H("journal-entry", salt, content)


def chain_heads(book_id: bytes, commitments: list[bytes]) -> list[bytes]:
    heads = [H("journal-book", book_id)]
    for i, commitment in enumerate(commitments, 1):
        heads.append(H("journal-chain", heads[-1], u64(i), commitment))
    return heads


def passphrase_key(passphrase: str, salt: bytes, t: int, m: int, p: int) -> bytes:
    if t > 16 or m > 2**20 or p > 16:
        refuse("parameters")
    return argon2id(unicodedata.normalize("NFKC", passphrase).encode(), salt, t, m, p)


def recovery_key(entropy: bytes, salt: bytes) -> bytes:
    return KDF("recovery-key", salt, entropy, b"", 32)


def unwrap(key: bytes, nonce: bytes, wrapped: bytes, vault_id: bytes, kind: str) -> bytes:
    data_key = unseal(key, nonce, wrapped, label("keyslot") + vault_id + kind.encode())
    return refuse("key slot") if data_key is None else data_key
