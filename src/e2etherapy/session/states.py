"""The states in which one side of a conversation can be, and their bytes for the vault.

A state is a value: nothing changes in it (docs/protocol.md, section 8).
"""

from __future__ import annotations

import msgspec

from e2etherapy.errors import InvalidKey, MalformedData
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.kem import Kem768Secret, Kem1024Secret
from e2etherapy.session.handshake import Transcript
from e2etherapy.session.invitation import OuterKey
from e2etherapy.session.phases import Phase
from e2etherapy.session.ratchet import Ratchet
from e2etherapy.session.skipped_keys import HeaderKey, ReceivingChain
from e2etherapy.wire import notation


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


def was_joined(state: Conversation) -> bool:
    """Say whether anybody has ever used the invitation to a conversation."""
    if isinstance(state, Closed):
        return bool(state.transcript)
    return isinstance(state, Established)


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
    """Return the state's bytes for the vault, MessagePack. They are as secret as the keys inside.

    Some 4 KB, and 50 bytes more for each kept secret.
    """
    return _encoder.encode(state)


def load(data: bytes) -> Conversation:
    """Read what `dump` returned.

    Raises:
        MalformedData: it is not that.
    """
    try:
        return _decoder.decode(data)
    except InvalidKey:
        raise MalformedData("A stored conversation is damaged: a key in it is none.") from None
    except notation.BROKEN as error:
        damaged = f"A stored conversation is damaged: {notation.problem(error)}."
        raise MalformedData(damaged) from None
