"""Turns, chains and envelopes (sections 5 and 6)."""

import copy
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.vectors.second_implementation.cryptography import (
    KDF,
    Encapsulation,
    H,
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
from tests.vectors.second_implementation.formats import ENVELOPE, cut, is_low_order, u32
from tests.vectors.second_implementation.notation import Refused, refuse

Draw = Callable[[int], bytes]


SEALED_HEADER = 2_328
SEALED_OPENING = 1_648
BODY, OPENING_BODY = 13_976, 12_328
KEPT_IN_CHAIN, OLD_CHAINS, KEPT_IN_ALL, KEPT_DAYS, TURN_LIMIT = 2_048, 4, 4_096, 45, 8_192


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
