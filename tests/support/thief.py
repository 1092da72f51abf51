"""Somebody who stole a stored state and tries every secret in it on an envelope."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

import msgspec

from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.session import message
from e2etherapy.session.skipped_keys import ChainKey, MessageSecret, advance
from e2etherapy.session.states import Conversation
from e2etherapy.wire.envelope import split_message, split_opening

_STEPS = 8


def secrets_in(value: object) -> Iterator[SecretOctets]:
    """Yield every secret inside of a value, however deep."""
    if isinstance(value, SecretOctets):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from secrets_in(inner)
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from secrets_in(inner)


def can_open(state: Conversation, envelope: bytes) -> bool:
    """Say whether a secret of the state, or one derived from it on a chain, fits the envelope."""
    return any(
        _commits(secret, envelope)
        for stolen in secrets_in(state)
        if len(stolen) == MessageSecret.SIZE
        for secret in _candidates(stolen)
    )


def _candidates(stolen: SecretOctets) -> Iterator[MessageSecret]:
    yield MessageSecret(stolen)
    chain_key = ChainKey(stolen)
    for _ in range(_STEPS):
        chain_key, secret = advance(chain_key)
        yield secret


def _commits(secret: MessageSecret, envelope: bytes) -> bool:
    _, _, commitment = message.body_keys(secret, envelope[:32])
    parts = (split_message(envelope), split_opening(envelope))
    return any(hmac.compare_digest(commitment, part.commitment) for part in parts)
