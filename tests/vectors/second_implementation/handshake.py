"""Invitations, the handshake and the safety phrase (sections 3, 4 and 10)."""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass

from tests.vectors.second_implementation.cryptography import (
    KDF,
    Encapsulation,
    H,
    argon2id,
    decapsulate,
    encapsulate,
    is_kem_key,
    kem_public,
    label,
    seal,
    unseal,
    x25519,
    x25519_public,
)
from tests.vectors.second_implementation.formats import (
    BUNDLE_LIMIT,
    ENVELOPE,
    Bundle,
    cut,
    is_low_order,
    pack_bundle,
    u32,
    unpack_bundle,
)
from tests.vectors.second_implementation.notation import Json, Refused, refuse
from tests.vectors.second_implementation.ratchet import (
    SEALED_OPENING,
    Draw,
    Session,
    open_message,
    open_opening,
)

GRACE_DAYS = 30
DAY_0 = dt.date(1970, 1, 1)


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
