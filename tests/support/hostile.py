"""A peer who holds all keys of a conversation and breaks its rules with them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from e2etherapy.primitives import aead, dh
from e2etherapy.primitives.kem import Kem768Public
from e2etherapy.primitives.randomness import Entropy, system_entropy
from e2etherapy.session import message, phases, ratchet, skipped_keys, turn
from e2etherapy.session.phases import Phase
from e2etherapy.session.ratchet import SendingChain
from e2etherapy.session.states import Established
from e2etherapy.session.turn import OwnTurn, TurnKeys
from e2etherapy.wire import envelope
from e2etherapy.wire.body import pack_body, pad_body
from tests.support.people import text

Change = Callable[[bytes], bytes]
_NUMBERS = struct.Struct(">II")


def unchanged(value: bytes) -> bytes:
    """Leave a part of an envelope as the rules would have it."""
    return value


@dataclass(frozen=True)
class Hostility:
    """What the author puts instead of what the protocol says.

    Attributes:
        header: applied to the 2,312 plain bytes of the header.
        opening: applied to the 1,632 plain bytes of the opening values.
        commitment: applied to the 32 bytes of the commitment, before the body is sealed with it.
        packed: the body before padding; a text if it is None.
        ahead: how many numbers are left out before this envelope.
    """

    header: Change = unchanged
    opening: Change = unchanged
    commitment: Change = unchanged
    packed: bytes | None = None
    ahead: int = 0


def craft(state: Established, draw: Entropy, hostility: Hostility) -> bytes:
    """Return an envelope that is sealed with the right keys and says what it should not."""
    own, chain, begun = ratchet._speaking(state.ratchet, draw)
    chain_key = chain.chain_key
    for _ in range(hostility.ahead):
        chain_key = skipped_keys.advance(chain_key).chain_key
    secret = skipped_keys.advance(chain_key).message
    header = message.Header(
        own.keys.x25519,
        own.keys.kem,
        chain.ciphertext,
        chain.previous_length,
        chain.number + hostility.ahead,
    )
    salt = draw(envelope.SALT_SIZE)
    prefix = salt + _wrapped(state, salt, hostility)
    binding = begun.binding
    sealed_header = aead.seal(
        chain.header_key,
        salt[:24],
        hostility.header(header.pack()),
        b"e2etherapy/1/header\x00" + binding,
    )
    key, nonce, commitment = message.body_keys(secret, salt)
    commitment = hostility.commitment(commitment)
    associated = b"e2etherapy/1/body\x00" + binding + prefix + sealed_header + commitment
    body = aead.seal(key, nonce, _body(state, hostility), associated)
    return prefix + sealed_header + commitment + body


def numbers(previous_length: int | None = None, number: int | None = None) -> Change:
    """Return a change of a header's numbers; None leaves one as it is."""

    def change(header: bytes) -> bytes:
        previous, own = _NUMBERS.unpack(header[-8:])
        return header[:-8] + _NUMBERS.pack(
            previous if previous_length is None else previous_length,
            own if number is None else number,
        )

    return change


def replaced(start: int, value: bytes) -> Change:
    """Return a change that puts `value` at `start`."""
    return lambda data: data[:start] + value + data[start + len(value) :]


def _opening(state: Established) -> bool:
    return state.phase in {Phase.JOINED, Phase.OPENING}


def _wrapped(state: Established, salt: bytes, hostility: Hostility) -> bytes:
    if not _opening(state):
        return b""
    assert state.wrapping is not None
    return aead.seal(
        state.wrapping.outer_key,
        salt[:24],
        hostility.opening(state.wrapping.values),
        b"e2etherapy/1/opening\x00",
    )


def _body(state: Established, hostility: Hostility) -> bytes:
    room = envelope.OPENING_BODY_SIZE if _opening(state) else envelope.MESSAGE_BODY_SIZE
    packed = hostility.packed
    return pad_body(pack_body(text("from a hostile peer")) if packed is None else packed, room)


def leave_out(state: Established, count: int) -> Established:
    """Return the author's state after `count` envelopes that nobody will ever get."""
    own, chain, begun = ratchet._speaking(state.ratchet, system_entropy)
    assert own is begun.own
    chain_key = chain.chain_key
    for _ in range(count):
        chain_key = skipped_keys.advance(chain_key).chain_key
    ahead = msgspec.structs.replace(chain, chain_key=chain_key, number=chain.number + count)
    after = msgspec.structs.replace(begun, sending=ahead)
    phase = phases.after(state.phase, phases.Event.SEAL)
    return msgspec.structs.replace(state, phase=phase, ratchet=after)


def begin_with_kem_key(state: Established, draw: Entropy, kem: Kem768Public) -> Established:
    """Return the author's state after beginning a turn that announces `kem` as its ML-KEM key."""
    before = state.ratchet
    assert before.peer is not None
    drawn = OwnTurn.generate(draw)
    own = msgspec.structs.replace(drawn, keys=TurnKeys(drawn.keys.x25519, kem))
    shared, ciphertext = before.peer.kem.encapsulate()
    agreement = dh.agree(own.x25519, before.peer.x25519)
    step = turn.root_step(before.root, agreement, shared, (own.keys, before.peer), ciphertext)
    chain = SendingChain(before.next_header_key, step.chain, 0, before.sent_length, ciphertext)
    after = msgspec.structs.replace(
        before, root=step.root, next_header_key=step.next_header_key, own=own, sending=chain
    )
    return msgspec.structs.replace(state, phase=Phase.WAITING, ratchet=after)
