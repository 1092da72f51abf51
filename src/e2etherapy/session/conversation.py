"""A conversation from one side: invitation, handshake, ratchet and phase in one state.

Pure: bytes, values, a day and entropy go in; a new state and a result come out. A state that was
passed in never changes, so that whoever stores it decides what happened
(docs/protocol.md, section 8).
"""

from __future__ import annotations

import hmac
from typing import NamedTuple

import msgspec

from e2etherapy.errors import (
    AuthenticationFailed,
    EnvelopeRefused,
    InvalidKey,
    InvitationExpired,
    InvitationUsed,
    MalformedData,
    WrongPhase,
)
from e2etherapy.primitives import aead
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kem import Kem768Secret, Kem1024Secret
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import handshake, phases, ratchet
from e2etherapy.session.handshake import OneTimeSecrets, OpeningValues, Transcript
from e2etherapy.session.invitation import LinkKeys, OuterKey
from e2etherapy.session.phases import Event, Phase
from e2etherapy.session.ratchet import OwnTurn, Ratchet, SealedMessage, TurnKeys
from e2etherapy.session.skipped_keys import HeaderKey, ReceivingChain
from e2etherapy.wire import content, envelope
from e2etherapy.wire.content import Body, KnownItem, ReplyTo
from e2etherapy.wire.invitation import Bundle, BundleDetails

_OPENING_LABEL = b"e2etherapy/1/opening\x00"


class Invited(msgspec.Struct, frozen=True, tag="invited"):
    """The therapist's side between the invitation and its opening.

    Holds the secrets behind the bundle. Whoever stores the `Established` state that an opening
    gives must delete this one in the same transaction.
    """

    bundle: bytes
    identity: X25519Secret
    one_time: X25519Secret
    ratchet_x25519: X25519Secret
    kem: Kem1024Secret
    ratchet_kem: Kem768Secret
    last_day: int

    def __repr__(self) -> str:
        """Hide the bundle: its hash is the link."""
        return "<Invited: a bundle and its secrets>"

    @property
    def phase(self) -> Phase:
        """Always INVITED."""
        return Phase.INVITED


class Wrapping(msgspec.Struct, frozen=True):
    """How this conversation's opening envelopes are wrapped.

    Attributes:
        outer_key: derived from the link.
        values: the client keeps the 1,632 bytes to repeat them; the therapist their hash.
        header_key: the therapist's mark of turn 1's chain; None on the client's side.
    """

    outer_key: OuterKey
    values: bytes
    header_key: HeaderKey | None = None

    def __repr__(self) -> str:
        """Hide all of it."""
        return "<Wrapping: keys of the opening>"

    def chain_in(self, of: Ratchet) -> ReceivingChain | None:
        """Return turn 1's chain, as long as an envelope of it can still be opened."""
        chains = (chain for chain in of.receiving if chain.header_key == self.header_key)
        return next(chains, None)


class Established(msgspec.Struct, frozen=True, tag="established"):
    """Either side after the handshake."""

    phase: Phase
    transcript: Transcript
    client: X25519Public
    therapist: X25519Public
    ratchet: Ratchet
    wrapping: Wrapping | None


class Closed(msgspec.Struct, frozen=True, tag="closed"):
    """An ended conversation; only what the safety phrase is computed from remains."""

    transcript: bytes

    @property
    def phase(self) -> Phase:
        """Always CLOSED."""
        return Phase.CLOSED


Conversation = Invited | Established | Closed


class Sealed(NamedTuple):
    """The state to store and the 16,384 bytes to send, in that order."""

    state: Established
    envelope: bytes


class Opened(NamedTuple):
    """The state to store, and the body; `body` is None when the content breaks its form.

    A broken form is the authenticated author's doing: the envelope is used up and the state
    moves on; `refusal` says what was wrong.
    """

    state: Established
    body: Body | None
    refusal: str = ""


def invite(
    identity: X25519Secret, details: BundleDetails, last_day: int, entropy: Entropy
) -> tuple[Invited, Bundle]:
    """Draw one-time keys for one client.

    Args:
        identity: the therapist's identity key.
        details: name, mailbox, ticket and expiry.
        last_day: day number (since 1970-01-01 UTC) of `details.expires`.
        entropy: source of the keys.
    """
    secrets = OneTimeSecrets.generate(entropy)
    bundle = secrets.bundle(identity.public(), details)
    state = Invited(
        bundle.pack(),
        identity,
        secrets.one_time,
        secrets.ratchet_x25519,
        secrets.kem,
        secrets.ratchet_kem,
        last_day,
    )
    return state, bundle


def join(bundle: Bundle, today: int, last_day: int, entropy: Entropy) -> Established:
    """Take the client's side of the handshake.

    Raises:
        InvitationExpired: the last day is over.
        InvalidKey: a key of the bundle is not valid.
    """
    if today > last_day:
        raise InvitationExpired("This invitation has expired. Ask your therapist for a new one.")
    keys = LinkKeys.from_secret(bundle.secret())
    agreed, values = handshake.begin(bundle, keys.pre_shared_key, entropy)
    state = ratchet.begin_as_client(
        agreed.transcript,
        agreed.root,
        agreed.header_key,
        TurnKeys(bundle.ratchet_x25519, bundle.ratchet_kem),
    )
    wrapping = Wrapping(keys.outer_key, values.pack())
    return Established(
        Phase.JOINED, agreed.transcript, values.identity, bundle.identity, state, wrapping
    )


def body_room(state: Conversation) -> int:
    """Return the size of a packed body that the next envelope carries."""
    opening = state.phase in {Phase.JOINED, Phase.OPENING}
    return envelope.OPENING_BODY_SIZE if opening else envelope.MESSAGE_BODY_SIZE


def seal(
    state: Conversation,
    item: KnownItem,
    entropy: Entropy,
    *,
    blob: bytes = b"",
    reply_to: ReplyTo | None = None,
) -> Sealed:
    """Seal one item; the envelope may leave only after the new state is stored.

    Args:
        state: the state before.
        item: what is said; `blob` are its bytes, if its kind has some.
        entropy: source of salt and keys.
        blob: the piece of a part.
        reply_to: where to answer; carried in openings only.

    Raises:
        ContentTooLarge: longer than `body_room`.
        ChainExhausted: too many envelopes without an answer.
        WrongPhase: the conversation cannot carry messages yet, or no more.
        InvalidKey: the peer's latest keys are not usable.
    """
    phase = phases.after(state.phase, Event.SEAL)
    if not isinstance(state, Established):
        raise WrongPhase("This conversation cannot carry messages.")
    opening = phase is Phase.OPENING
    packed = content.pack_body(item, blob, reply_to if opening else None)
    body = content.pad_body(packed, body_room(state))
    salt = entropy(envelope.SALT_SIZE)
    prefix = salt + _wrap(state.wrapping, salt) if opening else salt
    after, sealed = ratchet.seal(state.ratchet, prefix, body, entropy)
    moved = msgspec.structs.replace(state, phase=phase, ratchet=after)
    return Sealed(moved, b"".join((prefix, *sealed)))


def unseal(state: Conversation, data: bytes, today: int) -> Opened:
    """Open one envelope on a copy of the state.

    Args:
        state: the state before; it stays what it is.
        data: 16,384 bytes.
        today: day number, for expiry and the age of skipped keys.

    Raises:
        EnvelopeRefused: forged, damaged, foreign or replayed (its subclasses say which).
        InvitationUsed: an opening by somebody else for an invitation that is used up.
        InvitationExpired: a first opening after the invitation's last day.
        MalformedData: not 16,384 bytes.
        WrongPhase: the conversation has ended.
    """
    envelope.check_size(data)
    if isinstance(state, Closed):
        raise WrongPhase("This conversation has ended.")
    if isinstance(state, Invited):
        return _accept(state, data, today)
    try:
        return _unseal_message(state, data, today)
    except EnvelopeRefused as refused:
        if state.wrapping is None or state.phase in {Phase.JOINED, Phase.OPENING}:
            raise
        return _unseal_opening(state, state.wrapping, data, today, refused)


def close(state: Conversation) -> Closed:
    """End the conversation: every key is gone.

    Raises:
        WrongPhase: it has ended already.
    """
    phases.after(state.phase, Event.CLOSE)
    return Closed(state.transcript if isinstance(state, Established) else b"")


def _wrap(wrapping: Wrapping | None, salt: bytes) -> bytes:
    if wrapping is None:
        raise WrongPhase("This conversation is past its opening.")
    nonce = salt[: aead.NONCE_SIZE]
    return aead.seal(wrapping.outer_key, nonce, wrapping.values, _OPENING_LABEL)


def _unwrap(outer_key: OuterKey, parts: envelope.OpeningEnvelope) -> bytes:
    nonce = parts.salt[: aead.NONCE_SIZE]
    try:
        return aead.unseal(outer_key, nonce, parts.sealed_opening, _OPENING_LABEL)
    except AuthenticationFailed:
        raise EnvelopeRefused("This envelope does not belong to the conversation.") from None


def _accept(state: Invited, data: bytes, today: int) -> Opened:
    """Answer a first opening: handshake, then its message, all or nothing."""
    phase = phases.after(state.phase, Event.OPEN_OPENING)
    bundle = Bundle.unpack(state.bundle)
    keys = LinkKeys.from_secret(bundle.secret())
    parts = envelope.split_opening(data)
    packed = _unwrap(keys.outer_key, parts)
    if today > state.last_day:
        raise InvitationExpired("Someone used this invitation after its last day. Invite anew.")
    secrets = OneTimeSecrets(state.one_time, state.ratchet_x25519, state.kem, state.ratchet_kem)
    try:
        values = OpeningValues.unpack(packed)
        agreed = handshake.accept(bundle, keys.pre_shared_key, values, state.identity, secrets)
    except InvalidKey:
        raise EnvelopeRefused("An opening holds a key that is not valid.") from None
    turn_zero = OwnTurn(
        TurnKeys(bundle.ratchet_x25519, bundle.ratchet_kem),
        state.ratchet_x25519,
        state.ratchet_kem,
    )
    begun = ratchet.begin_as_therapist(agreed.transcript, agreed.root, agreed.header_key, turn_zero)
    after, body = ratchet.unseal(begun, *_ratchet_part(parts), today)
    established = Established(
        phase,
        agreed.transcript,
        values.identity,
        bundle.identity,
        after,
        Wrapping(keys.outer_key, labelled("opening-values", packed), agreed.header_key),
    )
    return _opened(established, body)


def _unseal_message(state: Established, data: bytes, today: int) -> Opened:
    parts = envelope.split_message(data)
    after, body = ratchet.unseal(state.ratchet, parts.salt, SealedMessage(*parts[1:]), today)
    next_turn = state.ratchet.own is not None and after.own is None
    phase = phases.after(state.phase, Event.OPEN_TURN if next_turn else Event.OPEN_KNOWN)
    wrapping = _still_needed(state.wrapping, after)
    moved = msgspec.structs.replace(state, phase=phase, ratchet=after, wrapping=wrapping)
    return _opened(moved, body)


def _unseal_opening(
    state: Established, wrapping: Wrapping, data: bytes, today: int, refused: EnvelopeRefused
) -> Opened:
    """Open a further opening of the client who used the invitation."""
    parts = envelope.split_opening(data)
    try:
        packed = _unwrap(wrapping.outer_key, parts)
    except EnvelopeRefused:
        raise refused from None
    if not hmac.compare_digest(labelled("opening-values", packed), wrapping.values):
        raise InvitationUsed(
            "Somebody else has tried to use an invitation that was used already. "
            "Nothing has changed. If you did not expect this, the link has leaked."
        )
    after, body = ratchet.unseal(state.ratchet, *_ratchet_part(parts), today)
    next_turn = after.own is not state.ratchet.own
    if next_turn or wrapping.chain_in(after) is wrapping.chain_in(state.ratchet):
        raise EnvelopeRefused("An opening cannot carry an envelope of another turn than the first.")
    phase = phases.after(state.phase, Event.OPEN_OPENING)
    moved = msgspec.structs.replace(
        state, phase=phase, ratchet=after, wrapping=_still_needed(wrapping, after)
    )
    return _opened(moved, body)


def _still_needed(wrapping: Wrapping | None, after: Ratchet) -> Wrapping | None:
    """Drop the wrapping: the client on the first answer, the therapist when turn 1 is complete."""
    return wrapping if wrapping is not None and wrapping.chain_in(after) is not None else None


def _ratchet_part(parts: envelope.OpeningEnvelope) -> tuple[bytes, SealedMessage]:
    prefix = parts.salt + parts.sealed_opening
    return prefix, SealedMessage(parts.sealed_header, parts.commitment, parts.sealed_body)


def _opened(state: Established, packed: bytes) -> Opened:
    try:
        return Opened(state, content.unpack_body(packed))
    except MalformedData as error:
        return Opened(state, None, str(error))


def _encode_secret(value: object) -> bytes:
    if isinstance(value, bytes):
        return bytes(value)
    raise TypeError(type(value).__name__)


def _decode_octets(kind: type, value: object) -> object:
    return kind(value)


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_secret)
_decoder: msgspec.msgpack.Decoder[Conversation] = msgspec.msgpack.Decoder(
    Conversation, dec_hook=_decode_octets
)


def dump(state: Conversation) -> bytes:
    """Return the state's bytes for the vault. They are as secret as the keys inside."""
    return _encoder.encode(state)


def load(data: bytes) -> Conversation:
    """Read what `dump` returned.

    Raises:
        MalformedData: it is not that.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidKey) as error:
        raise MalformedData(f"A stored conversation is damaged: {type(error).__name__}.") from None
