"""Receiving chains and the message secrets of envelopes that have not arrived yet.

Everything here returns new values; nothing is changed in place (docs/protocol.md, section 5).
"""

from __future__ import annotations

import operator
from typing import NamedTuple

import msgspec

from e2etherapy.errors import EnvelopeRefused, ReplayedEnvelope, TooManySkipped
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.session.limits import STANDARD, Limits


class HeaderKey(SecretOctets):
    """Seals the headers of one chain, 32 bytes."""

    __slots__ = ()


class ChainKey(SecretOctets):
    """Gives the next message secret and the next chain key, 32 bytes."""

    __slots__ = ()


class MessageSecret(SecretOctets):
    """Gives, with an envelope's salt, the key and commitment of one body, 32 bytes."""

    __slots__ = ()


class SkippedKey(msgspec.Struct, frozen=True):
    """A message secret kept for an envelope that was overtaken, and the day it was kept from."""

    secret: MessageSecret
    day: int


class ReceivingChain(msgspec.Struct, frozen=True):
    """One turn of the peer: `chain_key` is None once a later turn has closed it."""

    header_key: HeaderKey
    chain_key: ChainKey | None
    next_number: int
    skipped: dict[int, SkippedKey]


_TOO_FAR = "This envelope claims that more others are on their way than a turn can have."


class ChainStep(NamedTuple):
    """A chain advanced by one."""

    chain_key: ChainKey
    message: MessageSecret


def advance(chain_key: ChainKey) -> ChainStep:
    """Derive the next chain key and the message secret, 32 bytes each."""
    okm = derive("chain", salt=b"", ikm=chain_key, length=64)
    return ChainStep(ChainKey(okm[:32]), MessageSecret(okm[32:]))


def require_within_a_turn(length: int, limits: Limits = STANDARD) -> None:
    """Refuse a length that no turn may have.

    Raises:
        TooManySkipped: it is longer.
    """
    if length > limits.chain_length:
        raise TooManySkipped(_TOO_FAR)


def take(
    chain: ReceivingChain, number: int, day: int, limits: Limits = STANDARD
) -> tuple[ReceivingChain, MessageSecret]:
    """Return the chain without the secret of `number`, and that secret.

    Raises:
        ReplayedEnvelope: the secret was used, or is too old to be kept.
        TooManySkipped: no author may use a number as high as this.
        EnvelopeRefused: the chain is closed and never had that number.
    """
    if number < chain.next_number:
        kept = chain.skipped.get(number)
        if kept is None:
            raise ReplayedEnvelope("This envelope was opened before, or came too late.")
        rest = {key: value for key, value in chain.skipped.items() if key != number}
        return msgspec.structs.replace(chain, skipped=rest), kept.secret
    require_within_a_turn(number + 1, limits)
    ahead = skip(chain, number, day, limits)
    if ahead.chain_key is None:
        raise EnvelopeRefused("This envelope has a number behind the end of its turn.")
    step = advance(ahead.chain_key)
    taken = ReceivingChain(chain.header_key, step.chain_key, number + 1, ahead.skipped)
    return taken, step.message


def skip(chain: ReceivingChain, until: int, day: int, limits: Limits = STANDARD) -> ReceivingChain:
    """Keep the secrets of the numbers below `until` that have not arrived, the newest of them.

    Raises:
        TooManySkipped: no chain may be as long as this.
    """
    if chain.chain_key is None or until <= chain.next_number:
        return chain
    require_within_a_turn(until, limits)
    most = limits.skipped_keys_per_chain
    skipped = dict(chain.skipped)
    chain_key = chain.chain_key
    for number in range(chain.next_number, until):
        chain_key, secret = advance(chain_key)
        if number >= until - most:
            skipped[number] = SkippedKey(secret, day)
    for number in sorted(skipped)[:-most]:
        del skipped[number]
    return ReceivingChain(chain.header_key, chain_key, until, skipped)


def close(
    chain: ReceivingChain, length: int, day: int, limits: Limits = STANDARD
) -> ReceivingChain:
    """End a chain that has `length` envelopes: keep what is missing, delete the chain key.

    Raises:
        TooManySkipped: no chain may be as long as this.
        EnvelopeRefused: more than `length` envelopes of this chain have already been opened.
    """
    if chain.chain_key is None:
        return chain
    if length < chain.next_number:
        raise EnvelopeRefused("This envelope takes back a number that its author has used.")
    ended = skip(chain, length, day, limits)
    return msgspec.structs.replace(ended, chain_key=None)


def prune(
    chains: tuple[ReceivingChain, ...], day: int, limits: Limits = STANDARD
) -> tuple[ReceivingChain, ...]:
    """Drop what the limits do not let stay: old chains, old secrets, and the oldest surplus.

    `chains` is ordered newest first, and comes back itself where nothing is dropped. A closed
    chain without secrets is dropped too.
    """
    if len(chains) == 1 and not chains[0].skipped:
        return chains
    oldest = day - limits.skipped_key_days
    room = limits.stored_keys
    kept = []
    for index, chain in enumerate(chains[: limits.old_chains + 1]):
        skipped = {n: key for n, key in chain.skipped.items() if key.day >= oldest}
        surplus = max(0, len(skipped) - room)
        for number in sorted(skipped)[:surplus]:
            del skipped[number]
        room -= len(skipped)
        if index == 0 or skipped:
            whole = len(skipped) == len(chain.skipped)
            kept.append(chain if whole else msgspec.structs.replace(chain, skipped=skipped))
    same = len(kept) == len(chains) and all(map(operator.is_, kept, chains))
    return chains if same else tuple(kept)
