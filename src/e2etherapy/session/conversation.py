"""A conversation from one side: invitation, handshake, ratchet and phase in one state.

Pure: bytes, values, a day and entropy go in; a new state and a result come out. A state that was
passed in never changes, so that whoever stores it decides what happened
(docs/protocol.md, section 8).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from e2etherapy.errors import EnvelopeRefused, InvitationExpired, MalformedData, WrongPhase
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import handshake, opening, phases, ratchet
from e2etherapy.session.handshake import OneTimeSecrets
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.session.phases import Event, Phase
from e2etherapy.session.ratchet import SealedMessage, TurnKeys
from e2etherapy.session.states import Closed, Conversation, Established, Invited, Wrapping
from e2etherapy.wire import content, envelope
from e2etherapy.wire.content import Body, KnownItem, ReplyTo
from e2etherapy.wire.invitation import Bundle, BundleDetails


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
    bundle.ratchet_kem.check()
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
    is_opening = state.phase is Phase.JOINED or state.phase is Phase.OPENING
    return envelope.OPENING_BODY_SIZE if is_opening else envelope.MESSAGE_BODY_SIZE


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
        MalformedData: the item breaks the form that its reader will hold it to.
        ContentTooLarge: longer than `body_room`.
        ChainExhausted: too many envelopes without an answer.
        WrongPhase: the conversation cannot carry messages yet, or no more.
        InvalidKey: the peer's latest keys are not usable.
    """
    phase = phases.after(state.phase, Event.SEAL)
    if not isinstance(state, Established):
        raise WrongPhase("This conversation cannot carry messages.")
    content.check_item(item)
    is_opening = phase is Phase.OPENING
    packed = content.pack_body(item, blob, reply_to if is_opening else None)
    body = content.pad_body(packed, body_room(state))
    salt = entropy(envelope.SALT_SIZE)
    prefix = salt + opening.wrap(state.wrapping, salt) if is_opening else salt
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
        InvitationExpired: a first opening more than 30 days after the invitation's last day.
        MalformedData: not 16,384 bytes.
        WrongPhase: the conversation has ended.
    """
    envelope.check_size(data)
    if isinstance(state, Closed):
        raise WrongPhase("This conversation has ended.")
    if isinstance(state, Invited):
        return _opened(opening.accept(state, data, today))
    try:
        return _opened(_unseal_message(state, data, today))
    except EnvelopeRefused:
        if state.wrapping is None or state.wrapping.header_key is None:
            raise
        further = opening.unseal_further(state, state.wrapping, data, today)
        if further is None:
            raise
        return _opened(further)


def expire(state: Conversation, today: int) -> Conversation:
    """Return the state without the secrets of envelopes that are awaited for too long.

    The same object comes back where nothing was to be forgotten. Opening an envelope does this
    too; a conversation in which nothing arrives needs to be asked.
    """
    if not isinstance(state, Established):
        return state
    after = ratchet.expire(state.ratchet, today)
    if after is state.ratchet:
        return state
    wrapping = state.wrapping
    if wrapping is not None and wrapping.header_key is not None:
        wrapping = opening.still_needed(wrapping, after)
    return msgspec.structs.replace(state, ratchet=after, wrapping=wrapping)


def close(state: Conversation) -> Closed:
    """End the conversation: every key is gone.

    Raises:
        WrongPhase: it has ended already.
    """
    phases.after(state.phase, Event.CLOSE)
    return Closed(state.transcript if isinstance(state, Established) else b"")


def _unseal_message(state: Established, data: bytes, today: int) -> opening.Unsealed:
    parts = envelope.split_message(data)
    after, body = ratchet.unseal(state.ratchet, parts.salt, SealedMessage(*parts[1:]), today)
    next_turn = state.ratchet.own is not None and after.own is None
    phase = phases.after(state.phase, Event.OPEN_TURN if next_turn else Event.OPEN_KNOWN)
    wrapping = opening.still_needed(state.wrapping, after)
    moved = msgspec.structs.replace(state, phase=phase, ratchet=after, wrapping=wrapping)
    return opening.Unsealed(moved, body)


def _opened(unsealed: opening.Unsealed) -> Opened:
    try:
        return Opened(unsealed.state, content.unpack_body(unsealed.body))
    except MalformedData as error:
        return Opened(unsealed.state, None, str(error))
