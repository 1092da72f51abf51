"""Opening envelopes: the handshake's values wrapped under a key from the link.

    sealed opening = AEAD(outer key, salt[0:24], opening values, "e2etherapy/1/opening" | 00)

A first opening makes a conversation of an invitation; further ones are envelopes of turn 1
(docs/protocol.md, section 6.2).
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
    WrongPhase,
)
from e2etherapy.primitives import aead
from e2etherapy.primitives.digest import labelled
from e2etherapy.session import handshake, phases, ratchet
from e2etherapy.session.handshake import OneTimeSecrets, OpeningValues
from e2etherapy.session.invitation import LinkKeys, OuterKey
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.phases import Event
from e2etherapy.session.ratchet import OwnTurn, Ratchet, SealedMessage, TurnKeys
from e2etherapy.session.states import Established, Invited, Wrapping
from e2etherapy.wire import envelope
from e2etherapy.wire.invitation import Bundle

_LABEL = b"e2etherapy/1/opening\x00"


class Unsealed(NamedTuple):
    """The state after an envelope, and its padded body."""

    state: Established
    body: bytes


def wrap(wrapping: Wrapping | None, salt: bytes) -> bytes:
    """Return the sealed opening, 1,648 bytes.

    Raises:
        WrongPhase: the conversation is past its opening.
    """
    if wrapping is None:
        raise WrongPhase("This conversation is past its opening.")
    return aead.seal(wrapping.outer_key, salt[: aead.NONCE_SIZE], wrapping.values, _LABEL)


def is_over_for_good(state: Invited, today: int) -> bool:
    """Say whether the relay cannot hold an opening any more that came by the last day."""
    return today > state.last_day + STANDARD.opening_grace_days


def accept(state: Invited, data: bytes, today: int) -> Unsealed:
    """Answer a first opening: handshake, then its message, all or nothing.

    Raises:
        EnvelopeRefused: it is none, or does not verify.
        InvitationExpired: it comes so late that the relay cannot have held it since the last day.
    """
    phase = phases.after(state.phase, Event.OPEN_OPENING)
    bundle = Bundle.unpack(state.bundle)
    keys = LinkKeys.from_secret(bundle.secret())
    parts = envelope.split_opening(data)
    packed = _unwrap(keys.outer_key, parts)
    if packed is None:
        raise EnvelopeRefused("This envelope does not belong to the conversation.")
    if is_over_for_good(state, today):
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
    return Unsealed(established, body)


def unseal_further(
    state: Established, wrapping: Wrapping, data: bytes, today: int
) -> Unsealed | None:
    """Open a further opening of the client who used the invitation; None if it is no opening.

    Raises:
        EnvelopeRefused: its message does not verify, or is of another turn than the first.
        InvitationUsed: it comes from somebody else.
    """
    parts = envelope.split_opening(data)
    packed = _unwrap(wrapping.outer_key, parts)
    if packed is None:
        return None
    if not hmac.compare_digest(labelled("opening-values", packed), wrapping.values):
        raise InvitationUsed(
            "Somebody else has tried to use an invitation that was used already. "
            "Nothing has changed. If you did not expect this, the link has leaked."
        )
    before = ratchet.expire(state.ratchet, today)
    after, body = ratchet.unseal(before, *_ratchet_part(parts), today)
    next_turn = after.own is not before.own
    # Nothing but this envelope can have changed a chain since secrets past their age are gone.
    if next_turn or wrapping.chain_in(after) is wrapping.chain_in(before):
        raise EnvelopeRefused("An opening cannot carry an envelope of another turn than the first.")
    phase = phases.after(state.phase, Event.OPEN_OPENING)
    kept = still_needed(wrapping, after)
    return Unsealed(msgspec.structs.replace(state, phase=phase, ratchet=after, wrapping=kept), body)


def still_needed(wrapping: Wrapping | None, after: Ratchet) -> Wrapping | None:
    """Drop the wrapping: the client on the first answer, the therapist when turn 1 is complete."""
    return wrapping if wrapping is not None and wrapping.chain_in(after) is not None else None


def _unwrap(outer_key: OuterKey, parts: envelope.OpeningEnvelope) -> bytes | None:
    nonce = parts.salt[: aead.NONCE_SIZE]
    try:
        return aead.unseal(outer_key, nonce, parts.sealed_opening, _LABEL)
    except AuthenticationFailed:
        return None


def _ratchet_part(parts: envelope.OpeningEnvelope) -> tuple[bytes, SealedMessage]:
    prefix = parts.salt + parts.sealed_opening
    return prefix, SealedMessage(parts.sealed_header, parts.commitment, parts.sealed_body)
