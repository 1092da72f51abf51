"""A conversation as the package has it, told step by step, with whoever does not keep to it."""

from typing import Any
from unittest import mock

import msgspec

from e2etherapy.primitives.kem import Kem768Public
from e2etherapy.session import conversation as session
from e2etherapy.session import opening
from e2etherapy.session import ratchet as package_ratchet
from e2etherapy.session.states import Established, Wrapping
from e2etherapy.session.turn import TurnKeys
from e2etherapy.wire import envelope
from e2etherapy.wire.body import ReplyTo
from e2etherapy.wire.content import Text
from tests.vectors import package_session
from tests.vectors.generation import (
    DAY,
    WRITTEN,
    File,
    Seeded,
    invitation,
    invitation_input,
)
from tests.vectors.second_implementation import ratchet
from tests.vectors.vector_files import Bytes, Case, Json, read_bytes

LOW_ORDER = bytes(31) + b"\x80"


class Author:
    """One side as the package has it, with the encapsulation of each turn recorded."""

    def __init__(self, file: File, name: str, state: Established) -> None:
        self.file = file
        self.name = name
        self.state = state
        self.entropy = Seeded(name)
        self.sequence = 0
        self.turns: list[Json] = []

    def begin(self, kem_public: Kem768Public | None = None) -> None:
        """Begin a turn; `kem_public` is announced instead of the turn's own ML-KEM key."""
        peer = self.state.ratchet.peer
        assert peer is not None
        x, k = self.entropy(32), self.entropy(64)
        shared, ciphertext = peer.kem.encapsulate()
        own = package_session.own_turn(x, k)
        if kem_public is not None:
            announced = TurnKeys(own.keys.x25519, kem_public)
            own = msgspec.structs.replace(own, keys=announced)
        self.state = package_session.begun(self.state, own, (ciphertext, shared))
        recorded = self.file.blob(f"{self.name} ciphertext {len(self.turns)}", ciphertext)
        turn = {"x": x.hex(), "k": k.hex(), "ciphertext": recorded, "shared": bytes(shared).hex()}
        self.turns.append({"begin_turn": {**turn, "envelopes": 0}})

    def change(self, **sending: Any) -> None:  # noqa: ANN401 - as the fields of SendingChain
        """Alter the sending chain: a peer that does not keep to the protocol, or is far ahead."""
        state = self.state.ratchet
        assert state.sending is not None
        changed = msgspec.structs.replace(state.sending, **sending)
        after = msgspec.structs.replace(state, sending=changed)
        self.state = msgspec.structs.replace(self.state, ratchet=after)

    def advance(self, number: int) -> None:
        """Use up numbers as if their envelopes had been sealed."""
        self.state = package_session.advanced(self.state, number)

    def item(self, words: str) -> Text:
        self.sequence += 1
        return Text(id=self.entropy(16), sequence=self.sequence, written=WRITTEN, text=words)

    def say(self, words: str) -> Json:
        if self.state.ratchet.own is None:
            self.begin()
        reply_to = ReplyTo(Seeded("mailbox")(32), Seeded("deposit")(32))
        sealed = session.seal(self.state, self.item(words), self.entropy, reply_to=reply_to)
        self.state = sealed.state
        return self.keep(words, sealed.envelope)

    def say_body(self, words: str, body: bytes, wrapping: Wrapping | None = None) -> Json:
        """Seal any body, as an opening if there is a wrapping."""
        if self.state.ratchet.own is None:
            self.begin()
        prefix = salt = self.entropy(32)
        if wrapping is not None:
            prefix += opening.wrap(wrapping, salt)
        after, sealed = package_ratchet.seal(self.state.ratchet, prefix, body, self.entropy)
        self.state = msgspec.structs.replace(self.state, ratchet=after)
        return self.keep(words, prefix + b"".join(sealed))

    def keep(self, words: str, sealed: bytes) -> Json:
        """Keep an envelope, and count it in the step that began its turn."""
        assert self.state.ratchet.sending is not None
        self.turns[-1]["begin_turn"]["envelopes"] = self.state.ratchet.sending.number
        return self.file.blob(f"{self.name}: {words}", sealed)

    def hear(self, spoken: Json) -> None:
        sealed = read_bytes(spoken, self.file.blobs)
        self.state = session.unseal(self.state, sealed, DAY).state


def opened(spoken: Bytes, day: int = DAY) -> Json:
    return {"open": spoken, "day": day}


def damaged(spoken: Json, **change: Any) -> Json:  # noqa: ANN401 - as the members of bytes
    return opened({**spoken, **change})


class Script:
    """A conversation of five turns, and all the envelopes that do not belong into it."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.invited, self.bundle = invitation("conversation")
        self.therapist_input = invitation_input(file, self.invited)
        self.client = Author(file, "client", self.join("client"))
        self.join_input = self.joined
        self.wrapping = self.client.state.wrapping
        self.therapist: Author

    def join(self, name: str) -> Established:
        entropy = Seeded(f"{name} keys")
        shared, ciphertext = self.bundle.kem.encapsulate()
        self.joined: Json = {
            "bundle": {"blob": "bundle"},
            "identity": entropy(32).hex(),
            "ephemeral": entropy(32).hex(),
            "ciphertext": self.file.blob(f"{name} opening ciphertext", ciphertext),
            "shared": bytes(shared).hex(),
        }
        case = Case("", "", "", self.joined, None, None, self.file.blobs)
        return package_session.joined(case)

    def establish(self, first: Json) -> None:
        sealed = read_bytes(first, self.file.blobs)
        state = session.unseal(self.invited, sealed, DAY).state
        self.therapist = Author(self.file, "therapist", state)

    def therapist_case(self, name: str, *steps: Json) -> Json:
        given = {"role": "therapist", **self.therapist_input, "steps": list(steps)}
        return self.file.passes("conversation", name, given)

    def client_case(self, name: str, *steps: Json) -> Json:
        given = {"role": "client", **self.join_input, "steps": list(steps)}
        return self.file.passes("conversation", name, given)


def low_order_opening(script: Script, at: int) -> Bytes:
    """An opening whose client identity (at 0) or ephemeral key (at 32) has a low order."""
    assert script.wrapping is not None
    values = bytearray(script.wrapping.values)
    values[at : at + 32] = LOW_ORDER
    salt = Seeded(f"low order {at}")(32)
    wrapped = opening.wrap(Wrapping(script.wrapping.outer_key, bytes(values)), salt)
    rest = envelope.ENVELOPE_SIZE - len(salt + wrapped)
    return [(salt + wrapped).hex(), {"hex": "00", "times": rest}]


def crafted(author: Author, name: str, *, x: bytes = b"", number: int | None = None) -> Bytes:
    """An envelope whose header shows other values than the author's turn, and no body."""
    state = author.state.ratchet
    assert state.sending is not None
    assert state.own is not None
    s = ratchet.Session(True, state.binding, b"", b"")
    s.sending = ratchet.Chain(state.sending.header_key, state.sending.chain_key)
    s.sending.number = state.sending.number if number is None else number
    keys = (x or state.own.keys.x25519) + state.own.keys.kem + state.sending.ciphertext
    s.sending_keys = keys + state.sending.previous_length.to_bytes(4, "big")
    body = bytes(envelope.MESSAGE_BODY_SIZE)
    with mock.patch.object(ratchet, "TURN_LIMIT", 2**32):
        sealed = ratchet.seal_envelope(s, body, Seeded(name))
    kept = envelope.SALT_SIZE + envelope.SEALED_HEADER_SIZE
    return [sealed[:kept].hex(), {"hex": "00", "times": envelope.ENVELOPE_SIZE - kept}]
