"""The Double Ratchet with header encryption, strictly alternating, with a KEM in every turn.

    turn t     new X25519 and ML-KEM-768 keys; SS encapsulated to the peer's latest ML-KEM key
    root step  root' 32 | chain 32 | next header key 32 = HKDF(
                   salt = root, ikm = DH | SS, info = label | H(all public values of the turn))

The header key of turn t+1 comes from the root step of turn t. Whoever received the latest turn
holds no private ratchet key at all. Every function takes a state and returns a new one; nothing
is returned unless the body's tag verified (docs/protocol.md, sections 5 and 6).
"""

from __future__ import annotations

import hmac
import struct
from typing import NamedTuple

import msgspec

from e2etherapy.errors import (
    AuthenticationFailed,
    ChainExhausted,
    EnvelopeRefused,
    InvalidKey,
    WrongPhase,
)
from e2etherapy.primitives import aead, dh
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.kem import (
    Kem768Ciphertext,
    Kem768Public,
    Kem768Secret,
    KemShared,
)
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import skipped_keys
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret, ReceivingChain
from e2etherapy.wire.envelope import SALT_SIZE

_HEADER = struct.Struct(">32s1184s1088sII")
_HEADER_LABEL = b"e2etherapy/1/header\x00"
_BODY_LABEL = b"e2etherapy/1/body\x00"


class RootKey(SecretOctets):
    """Salt of the next root step, 32 bytes."""

    __slots__ = ()


class TurnKeys(msgspec.Struct, frozen=True):
    """The public ratchet keys of one turn."""

    x25519: X25519Public
    kem: Kem768Public


class OwnTurn(msgspec.Struct, frozen=True):
    """The only private ratchet keys there are; the peer's next turn uses and deletes them."""

    keys: TurnKeys
    x25519: X25519Secret
    kem: Kem768Secret

    @classmethod
    def generate(cls, entropy: Entropy) -> OwnTurn:
        """Draw both key pairs of a turn."""
        x25519 = X25519Secret.generate(entropy)
        kem, kem_public = Kem768Secret.generate(entropy)
        return cls(TurnKeys(x25519.public(), kem_public), x25519, kem)


class SendingChain(msgspec.Struct, frozen=True):
    """The chain of one's own latest turn, as long as the peer has not answered it."""

    header_key: HeaderKey
    chain_key: ChainKey
    number: int
    previous_length: int
    ciphertext: Kem768Ciphertext


class Ratchet(msgspec.Struct, frozen=True):
    """The state of one side.

    Attributes:
        binding: the handshake's transcript, authenticated with everything.
        root: salt of the next root step.
        next_header_key: for the chain of the turn that comes next, whosever it is.
        peer: the peer's latest public ratchet keys; None before the therapist opened turn 1.
        own: private keys of one's own turn while it is the latest one, otherwise None.
        sending: the chain of that turn; None in turn 0, which is the bundle.
        sent_length: number of envelopes in one's own previous turn.
        receiving: the peer's turns, newest first.
    """

    binding: bytes
    root: RootKey
    next_header_key: HeaderKey
    peer: TurnKeys | None
    own: OwnTurn | None
    sending: SendingChain | None
    sent_length: int
    receiving: tuple[ReceivingChain, ...]


class Header(NamedTuple):
    """What each envelope of a turn repeats: 2,312 bytes."""

    x25519: X25519Public
    kem: Kem768Public
    ciphertext: Kem768Ciphertext
    previous_length: int
    number: int

    def pack(self) -> bytes:
        """Return ``X25519 32 | ML-KEM key 1,184 | ciphertext 1,088 | u32 | u32``."""
        return _HEADER.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> Header:
        """Read 2,312 bytes.

        Raises:
            EnvelopeRefused: a key of low order, or another length.
        """
        try:
            x25519, kem, ciphertext, *numbers = _HEADER.unpack(data)
            return cls(
                X25519Public(x25519), Kem768Public(kem), Kem768Ciphertext(ciphertext), *numbers
            )
        except (InvalidKey, struct.error):
            raise EnvelopeRefused("An envelope's header holds a key that is not valid.") from None


class SealedMessage(NamedTuple):
    """The ratchet's part of an envelope: what follows the salt (and an opening's values)."""

    sealed_header: bytes
    commitment: bytes
    sealed_body: bytes


def begin_as_client(
    binding: bytes, root: RootKey, header_key: HeaderKey, therapist: TurnKeys
) -> Ratchet:
    """Start on the client's side: the therapist's bundle counts as turn 0."""
    return Ratchet(binding, root, header_key, therapist, None, None, 0, ())


def begin_as_therapist(
    binding: bytes, root: RootKey, header_key: HeaderKey, bundle_turn: OwnTurn
) -> Ratchet:
    """Start on the therapist's side, holding the private keys of turn 0 until turn 1 is opened."""
    return Ratchet(binding, root, header_key, None, bundle_turn, None, 0, ())


def seal(
    ratchet: Ratchet, prefix: bytes, body: bytes, entropy: Entropy
) -> tuple[Ratchet, SealedMessage]:
    """Seal a padded body; begin a turn if the latest one is the peer's.

    Args:
        ratchet: the state before.
        prefix: what stands before the sealed header; its first 32 bytes are the fresh salt.
        body: the padded plaintext.
        entropy: source of the turn's keys.

    Raises:
        ChainExhausted: the turn has as many envelopes as the limits allow.
        WrongPhase: the therapist has not opened the client's first turn yet.
        InvalidKey: the peer's latest keys are not usable.
    """
    own, chain, ratchet = _speaking(ratchet, entropy)
    if chain.number >= STANDARD.chain_length:
        raise ChainExhausted(
            "Too many envelopes are waiting for an answer. What you wrote is safe; "
            "it can go out once the other side has answered."
        )
    step = skipped_keys.advance(chain.chain_key)
    header = Header(
        own.keys.x25519, own.keys.kem, chain.ciphertext, chain.previous_length, chain.number
    )
    salt = prefix[:SALT_SIZE]
    sealed_header = aead.seal(
        chain.header_key,
        salt[: aead.NONCE_SIZE],
        header.pack(),
        _HEADER_LABEL + ratchet.binding,
    )
    key, nonce, commitment = _body_keys(step.message, salt)
    associated = b"".join((_BODY_LABEL, ratchet.binding, prefix, sealed_header, commitment))
    sealed = SealedMessage(sealed_header, commitment, aead.seal(key, nonce, body, associated))
    after = msgspec.structs.replace(chain, chain_key=step.chain_key, number=chain.number + 1)
    return msgspec.structs.replace(ratchet, sending=after), sealed


def unseal(
    ratchet: Ratchet, prefix: bytes, sealed: SealedMessage, day: int
) -> tuple[Ratchet, bytes]:
    """Open a message on a copy of the state; the copy is returned only if the body verified.

    Args:
        ratchet: the state before; it stays what it is.
        prefix: what stands before the sealed header, salt first.
        sealed: the rest of the envelope.
        day: today, in days since 1970-01-01, for the age of skipped keys.

    Raises:
        EnvelopeRefused: forged, damaged, foreign or replayed (its subclasses say which).
    """
    salt = prefix[:SALT_SIZE]
    associated = _HEADER_LABEL + ratchet.binding
    nonce = salt[: aead.NONCE_SIZE]
    # Secrets past their age are gone before they could count against a limit, or be used.
    ratchet = expire(ratchet, day)
    after, secret = _find_secret(ratchet, (nonce, sealed.sealed_header, associated), day)
    body = _open_body(ratchet.binding, prefix, sealed, secret)
    return after, body


def expire(ratchet: Ratchet, day: int) -> Ratchet:
    """Return the state without secrets past their age; itself where there are none."""
    receiving = skipped_keys.prune(ratchet.receiving, day)
    if receiving is ratchet.receiving:
        return ratchet
    return msgspec.structs.replace(ratchet, receiving=receiving)


def _speaking(ratchet: Ratchet, entropy: Entropy) -> tuple[OwnTurn, SendingChain, Ratchet]:
    """Return one's own turn, beginning it if the latest turn is the peer's."""
    if ratchet.own is not None and ratchet.sending is not None:
        return ratchet.own, ratchet.sending, ratchet
    if ratchet.peer is None:
        raise WrongPhase("Nothing can be sealed before the client's opening has arrived.")
    peer = ratchet.peer
    own = OwnTurn.generate(entropy)
    shared, ciphertext = peer.kem.encapsulate()
    agreement = dh.agree(own.x25519, peer.x25519)
    step = _root_step(ratchet.root, agreement, shared, (own.keys, peer), ciphertext)
    chain = SendingChain(ratchet.next_header_key, step.chain, 0, ratchet.sent_length, ciphertext)
    begun = msgspec.structs.replace(
        ratchet, root=step.root, next_header_key=step.next_header_key, own=own, sending=chain
    )
    return own, chain, begun


def _find_secret(
    ratchet: Ratchet, header: tuple[bytes, bytes, bytes], day: int
) -> tuple[Ratchet, MessageSecret]:
    """Try the header keys; the awaited turn's comes first, as it is what most often arrives."""
    if ratchet.own is not None:
        opened = _try_header(ratchet.next_header_key, *header)
        if opened is not None:
            return _next_turn(ratchet, ratchet.own, opened, day)
    for index, chain in enumerate(ratchet.receiving):
        opened = _try_header(chain.header_key, *header)
        if opened is not None:
            return _in_chain(ratchet, index, opened, day)
    raise EnvelopeRefused("This envelope does not belong to the conversation.")


def _in_chain(
    ratchet: Ratchet, index: int, header: Header, day: int
) -> tuple[Ratchet, MessageSecret]:
    chain, secret = skipped_keys.take(ratchet.receiving[index], header.number, day)
    chains = (*ratchet.receiving[:index], chain, *ratchet.receiving[index + 1 :])
    return msgspec.structs.replace(ratchet, receiving=skipped_keys.prune(chains, day)), secret


def _next_turn(
    ratchet: Ratchet, own: OwnTurn, header: Header, day: int
) -> tuple[Ratchet, MessageSecret]:
    """Use and delete the private keys of one's own turn; the peer's turn becomes the latest."""
    earlier = ratchet.receiving
    # Both before anything is derived: each may ask for as much work as a whole turn.
    skipped_keys.require_within_a_turn(header.number + 1)
    if earlier:
        skipped_keys.require_within_a_turn(header.previous_length)
    keys = TurnKeys(header.x25519, header.kem)
    try:
        header.kem.check()
        agreement = dh.agree(own.x25519, header.x25519)
    except InvalidKey:
        raise EnvelopeRefused("An envelope's header holds a key that is not valid.") from None
    shared = own.kem.decapsulate(header.ciphertext)
    step = _root_step(ratchet.root, agreement, shared, (keys, own.keys), header.ciphertext)
    started = ReceivingChain(ratchet.next_header_key, step.chain, 0, {})
    chain, secret = skipped_keys.take(started, header.number, day)
    if earlier:
        closed = skipped_keys.close(earlier[0], header.previous_length, day)
        earlier = (closed, *earlier[1:])
    chains = skipped_keys.prune((chain, *earlier), day)
    sent_length = 0 if ratchet.sending is None else ratchet.sending.number
    after = Ratchet(
        ratchet.binding, step.root, step.next_header_key, keys, None, None, sent_length, chains
    )
    return after, secret


class _RootStep(NamedTuple):
    root: RootKey
    chain: ChainKey
    next_header_key: HeaderKey


def _root_step(
    root: RootKey,
    agreement: dh.X25519Shared,
    shared: KemShared,
    keys: tuple[TurnKeys, TurnKeys],
    ciphertext: Kem768Ciphertext,
) -> _RootStep:
    """Step the root; `keys` are those of the turn's author and of the one who receives it."""
    author, receiver = keys
    public = labelled(
        "turn-keys", author.x25519, author.kem, ciphertext, receiver.x25519, receiver.kem
    )
    okm = derive("turn", salt=root, ikm=agreement + shared, context=public, length=96)
    return _RootStep(RootKey(okm[:32]), ChainKey(okm[32:64]), HeaderKey(okm[64:]))


def _body_keys(secret: MessageSecret, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Return body key 32, nonce 24 and commitment 32; the salt makes them fresh in a fork too."""
    okm = derive("message", salt=salt, ikm=secret, length=88)
    return okm[:32], okm[32:56], okm[56:]


def _try_header(
    key: HeaderKey, nonce: bytes, sealed_header: bytes, associated: bytes
) -> Header | None:
    try:
        return Header.unpack(aead.unseal(key, nonce, sealed_header, associated))
    except AuthenticationFailed:
        return None


def _open_body(
    binding: bytes, prefix: bytes, sealed: SealedMessage, secret: MessageSecret
) -> bytes:
    key, nonce, commitment = _body_keys(secret, prefix[:SALT_SIZE])
    if not hmac.compare_digest(commitment, sealed.commitment):
        raise EnvelopeRefused("An envelope's commitment does not fit its key.")
    associated = b"".join((_BODY_LABEL, binding, prefix, sealed.sealed_header, commitment))
    try:
        return aead.unseal(key, nonce, sealed.sealed_body, associated)
    except AuthenticationFailed:
        raise EnvelopeRefused("An envelope's body does not verify.") from None
