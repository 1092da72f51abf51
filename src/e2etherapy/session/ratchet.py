"""The Double Ratchet with header encryption, strictly alternating, with a KEM in every turn.

The header key of turn t+1 comes from the root step of turn t. Whoever received the latest turn
holds no private ratchet key at all. Every function takes a state and returns a new one; nothing
is returned unless the body's tag verified (docs/protocol.md, sections 5 and 6).
"""

from __future__ import annotations

import msgspec

from e2etherapy.errors import ChainExhausted, EnvelopeRefused, InvalidKey, WrongPhase
from e2etherapy.primitives import dh
from e2etherapy.primitives.kem import Kem768Ciphertext
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import message, skipped_keys
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.message import Header, SealedMessage
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret, ReceivingChain
from e2etherapy.session.turn import OwnTurn, RootKey, TurnKeys, root_step


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


def begin_as_client(
    binding: bytes, root: RootKey, header_key: HeaderKey, therapist: TurnKeys
) -> Ratchet:
    """Start on the client's side: the therapist's bundle counts as turn 0.

    Args:
        binding: the handshake's transcript, 32 bytes.
        root: what the handshake agreed on, as is `header_key`.
        header_key: for the chain of turn 1.
        therapist: the ratchet keys of the bundle.
    """
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
        body: the padded plaintext, 13,976 bytes or 12,328 in an opening.
        entropy: source of the turn's keys.

    Raises:
        ChainExhausted: the turn has as many envelopes as the limits allow.
        WrongPhase: the therapist has not opened the client's first turn yet.
        InvalidKey: the peer's latest keys are not usable.
    """
    own, chain, ratchet = _speaking(ratchet, entropy)
    if chain.number >= STANDARD.chain_length:
        raise ChainExhausted(
            "Too many envelopes are waiting for an answer. This was not sent and is not kept; it "
            "can be sent once the other side's device has answered."
        )
    step = skipped_keys.advance(chain.chain_key)
    keys, binding = own.keys, ratchet.binding
    header = Header(keys.x25519, keys.kem, chain.ciphertext, chain.previous_length, chain.number)
    sealed_header = message.seal_header(chain.header_key, header, prefix, binding)
    sealed = message.seal_body(step.message, body, sealed_header, prefix, binding)
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
    # Secrets past their age are gone before they could count against a limit, or be used.
    ratchet = expire(ratchet, day)
    after, secret = _find_secret(ratchet, prefix, sealed.sealed_header, day)
    return after, message.open_body(secret, sealed, prefix, ratchet.binding)


def expire(ratchet: Ratchet, day: int) -> Ratchet:
    """Return the state without secrets past their age; itself where there are none.

    Args:
        ratchet: the state before.
        day: today, in days since 1970-01-01.
    """
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
    step = root_step(ratchet.root, agreement, shared, (own.keys, peer), ciphertext)
    chain = SendingChain(ratchet.next_header_key, step.chain, 0, ratchet.sent_length, ciphertext)
    begun = msgspec.structs.replace(
        ratchet, root=step.root, next_header_key=step.next_header_key, own=own, sending=chain
    )
    return own, chain, begun


def _find_secret(
    ratchet: Ratchet, prefix: bytes, sealed_header: bytes, day: int
) -> tuple[Ratchet, MessageSecret]:
    """Try the header keys; the awaited turn's comes first, as it is what most often arrives."""
    binding = ratchet.binding
    if ratchet.own is not None:
        opened = message.try_header(ratchet.next_header_key, sealed_header, prefix, binding)
        if opened is not None:
            return _next_turn(ratchet, ratchet.own, opened, day)
    for index, chain in enumerate(ratchet.receiving):
        opened = message.try_header(chain.header_key, sealed_header, prefix, binding)
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
    step = root_step(ratchet.root, agreement, shared, (keys, own.keys), header.ciphertext)
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
