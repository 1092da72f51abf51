"""Handshake, turns, envelopes and conversations of the vectors, in the second implementation."""

import copy
from typing import Any

from tests.vectors.second_implementation import cryptography, formats, handshake, ratchet
from tests.vectors.second_implementation.notation import Refused
from tests.vectors.vector_files import Case, read_bytes

Outputs = dict[str, Any]


def agreed(session: ratchet.Session) -> Outputs:
    return {
        "transcript": session.transcript,
        "root": session.root,
        "header_key": session.next_header_key,
    }


def invitation_of(case: Case) -> handshake.Invitation:
    names = ("bundle", "identity", "one_time", "ratchet_x25519", "kem", "ratchet_kem")
    return handshake.Invitation(*[case.bytes(name) for name in names])


def joined(case: Case) -> ratchet.Session:
    encapsulation = case.bytes("ciphertext"), case.bytes("shared")
    secrets = case.bytes("identity"), case.bytes("ephemeral")
    return handshake.join(case.bytes("bundle"), *secrets, encapsulation)


def client_handshake(case: Case) -> Outputs:
    session = joined(case)
    return {"opening_values": session.opening, **agreed(session)}


def therapist_handshake(case: Case) -> Outputs:
    return agreed(handshake.answer(invitation_of(case), case.bytes("opening_values")))


def turn_outputs(session: ratchet.Session, chain: ratchet.Chain | None) -> Outputs:
    assert chain is not None
    assert chain.key is not None
    return {
        "root": session.root,
        "chain_key": chain.key,
        "next_header_key": session.next_header_key,
    }


def begin_turn(case: Case) -> Outputs:
    session = ratchet.Session(True, b"", case.bytes("root"), b"", 1)
    session.their_x, session.their_k = case.bytes("their_x"), case.bytes("their_k")
    encapsulation = case.bytes("ciphertext"), case.bytes("shared")
    ratchet.begin_turn(session, case.bytes("x"), case.bytes("k"), encapsulation)
    return turn_outputs(session, session.sending)


def receive_turn(case: Case) -> Outputs:
    session = ratchet.Session(True, b"", case.bytes("root"), b"")
    session.own_x, session.own_k = case.bytes("x"), case.bytes("k")
    header = case.bytes("their_x") + case.bytes("their_k") + case.bytes("ciphertext") + bytes(8)
    return turn_outputs(session, ratchet.receive_turn(session, header, 0))


def chain(case: Case) -> Outputs:
    steps = ratchet.Chain(b"", case.bytes("chain_key"))
    secrets = [steps.step() for _ in range(case.input["steps"])]
    return {"chain_key": steps.key, "first": secrets[0], "last": secrets[-1]}


def message_keys(case: Case) -> Outputs:
    okm = cryptography.KDF("message", case.bytes("salt"), case.bytes("message_secret"), b"", 88)
    return dict(zip(("key", "nonce", "commitment"), formats.cut(okm, 32, 24), strict=True))


def seal_envelope(case: Case) -> Outputs:
    session = ratchet.Session(True, case.bytes("transcript"), b"", b"")
    if "opening_values" in case.input:
        session.therapist, session.turn = False, 1
        session.outer_key, session.opening = case.bytes("outer_key"), case.bytes("opening_values")
    number = case.input["number"]
    session.sending = ratchet.Chain(case.bytes("header_key"), case.bytes("chain_key"), number)
    publics = cryptography.x25519_public(case.bytes("x")) + cryptography.kem_public(
        768, case.bytes("k")
    )
    previous = formats.u32(case.input["previous_length"])
    session.sending_keys = publics + case.bytes("ciphertext") + previous
    salt = case.bytes("salt")
    return {"envelope": ratchet.seal_envelope(session, case.bytes("body"), lambda _: salt)}


class Conversation:
    """One side, driven by the steps of a vector."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.today = 0
        therapist = case.input["role"] == "therapist"
        self.invitation = invitation_of(case) if therapist else None
        self.session = None if therapist else joined(case)

    def step(self, step: dict[str, Any]) -> Outputs:
        if "open" in step:
            return self.open(read_bytes(step["open"], self.case.blobs), step["day"])
        values = {
            name: read_bytes(step["begin_turn"][name], self.case.blobs)
            for name in ("x", "k", "ciphertext", "shared")
        }
        assert self.session is not None
        encapsulation = values["ciphertext"], values["shared"]
        ratchet.begin_turn(self.session, values["x"], values["k"], encapsulation)
        assert self.session.sending is not None
        for _ in range(step["begin_turn"]["envelopes"]):
            self.session.sending.step()
        return {}

    def open(self, envelope: bytes, today: int) -> Outputs:
        before = copy.deepcopy(self.session)
        try:
            if self.session is None:
                assert self.invitation is not None
                self.session, body = handshake.accept(self.invitation, envelope, today)
            else:
                body = ratchet.open_envelope(self.session, envelope, today)
        except Refused as refusal:
            assert self.session == before
            return {"failure": refusal.reason}
        try:
            return content_outputs(formats.unpack(body))
        except Refused:
            return {"content": "refused"}

    def end(self) -> Outputs:
        assert self.session is not None
        kept = sum(len(chain.kept) for chain in self.session.chains)
        return {
            "root": self.session.root,
            "next_header_key": self.session.next_header_key,
            "kept": kept,
        }


def conversation(case: Case) -> Outputs:
    side = Conversation(case)
    return {"steps": [side.step(step) for step in case.input["steps"]], "end": side.end()}


def content_outputs(content: formats.Content) -> Outputs:
    outputs: Outputs = {"item": content.item}
    if not content.known:
        outputs["known"] = False
    if content.blob:
        outputs["blob"] = content.blob
    if content.reply_to:
        outputs["reply_to"] = content.reply_to
    return outputs
