"""Handshake, turns, envelopes and conversations of the vectors, done by the package.

Encapsulation cannot be repeated, so that where a vector gives its result, the state that the
package would have had is put together here from the package's own parts.
"""

import json
from datetime import date
from typing import Any

import msgspec

from e2etherapy import errors
from e2etherapy.primitives import dh, kem
from e2etherapy.session import conversation as session
from e2etherapy.session import (
    handshake,
    invitation,
    message,
    opening,
    phases,
    ratchet,
    skipped_keys,
    states,
    turn,
)
from e2etherapy.session.handshake import OneTimeSecrets, OpeningValues
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.session.phases import Event, Phase
from e2etherapy.session.ratchet import Ratchet, SendingChain
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret
from e2etherapy.session.states import Established, Invited
from e2etherapy.session.turn import OwnTurn, RootKey, TurnKeys
from e2etherapy.wire import body as wire_body
from e2etherapy.wire import content
from e2etherapy.wire.invitation import Bundle
from tests.vectors.package_failures import failure_class
from tests.vectors.vector_files import Case, read_bytes

Outputs = dict[str, Any]


def invited(case: Case) -> Invited:
    expires = Bundle.unpack(case.bytes("bundle")).details.expires
    return Invited(
        case.bytes("bundle"),
        dh.X25519Secret(case.bytes("identity")),
        dh.X25519Secret(case.bytes("one_time")),
        dh.X25519Secret(case.bytes("ratchet_x25519")),
        kem.Kem1024Secret(case.bytes("kem")),
        kem.Kem768Secret(case.bytes("ratchet_kem")),
        (expires - date(1970, 1, 1)).days,
    )


def agree(case: Case) -> tuple[handshake.Agreed, OpeningValues, Bundle, LinkKeys]:
    """Take the client's side with a recorded encapsulation."""
    bundle = Bundle.unpack(case.bytes("bundle"))
    keys = LinkKeys.from_secret(bundle.secret())
    identity = dh.X25519Secret(case.bytes("identity"))
    ephemeral = dh.X25519Secret(case.bytes("ephemeral"))
    ciphertext = kem.Kem1024Ciphertext(case.bytes("ciphertext"))
    values = OpeningValues(identity.public(), ephemeral.public(), ciphertext)
    agreements = (
        dh.agree(identity, bundle.one_time),
        dh.agree(ephemeral, bundle.identity),
        dh.agree(ephemeral, bundle.one_time),
    )
    shared = kem.KemShared(case.bytes("shared"))
    agreed = handshake._derive(bundle, keys.pre_shared_key, values, agreements, shared)
    return agreed, values, bundle, keys


def joined(case: Case) -> Established:
    agreed, values, bundle, keys = agree(case)
    begun = ratchet.begin_as_client(
        *agreed, therapist=TurnKeys(bundle.ratchet_x25519, bundle.ratchet_kem)
    )
    wrapping = states.Wrapping(keys.outer_key, values.pack())
    return Established(
        Phase.JOINED, agreed.transcript, values.identity, bundle.identity, begun, wrapping
    )


def client_handshake(case: Case) -> Outputs:
    agreed, values, _, _ = agree(case)
    return {"opening_values": values.pack(), **agreed._asdict()}


def therapist_handshake(case: Case) -> Outputs:
    state = invited(case)
    bundle = Bundle.unpack(state.bundle)
    secrets = OneTimeSecrets(state.one_time, state.ratchet_x25519, state.kem, state.ratchet_kem)
    values = OpeningValues.unpack(case.bytes("opening_values"))
    psk = LinkKeys.from_secret(bundle.secret()).pre_shared_key
    return handshake.accept(bundle, psk, values, state.identity, secrets)._asdict()


def own_turn(x: bytes, k: bytes) -> OwnTurn:
    x25519, seed = dh.X25519Secret(x), kem.Kem768Secret(k)
    return OwnTurn(TurnKeys(x25519.public(), seed.public()), x25519, seed)


def turn_outputs(step: turn.RootStep) -> Outputs:
    return {
        "root": step.root,
        "chain_key": step.chain,
        "next_header_key": step.next_header_key,
    }


def turn_step(
    root: bytes, own: OwnTurn, peer: TurnKeys, encapsulation: tuple[bytes, bytes]
) -> turn.RootStep:
    ciphertext, shared = encapsulation
    return turn.root_step(
        RootKey(root),
        dh.agree(own.x25519, peer.x25519),
        kem.KemShared(shared),
        (own.keys, peer),
        kem.Kem768Ciphertext(ciphertext),
    )


def begin_turn(case: Case) -> Outputs:
    peer = TurnKeys(dh.X25519Public(case.bytes("their_x")), kem.Kem768Public(case.bytes("their_k")))
    own = own_turn(case.bytes("x"), case.bytes("k"))
    encapsulation = case.bytes("ciphertext"), case.bytes("shared")
    return turn_outputs(turn_step(case.bytes("root"), own, peer, encapsulation))


def receive_turn(case: Case) -> Outputs:
    own = own_turn(case.bytes("x"), case.bytes("k"))
    peer = TurnKeys(dh.X25519Public(case.bytes("their_x")), kem.Kem768Public(case.bytes("their_k")))
    ciphertext = kem.Kem768Ciphertext(case.bytes("ciphertext"))
    step = turn.root_step(
        RootKey(case.bytes("root")),
        dh.agree(own.x25519, peer.x25519),
        own.kem.decapsulate(ciphertext),
        (peer, own.keys),
        ciphertext,
    )
    return turn_outputs(step)


def chain(case: Case) -> Outputs:
    key = ChainKey(case.bytes("chain_key"))
    secrets = []
    for _ in range(case.input["steps"]):
        key, secret = skipped_keys.advance(key)
        secrets.append(secret)
    return {"chain_key": key, "first": secrets[0], "last": secrets[-1]}


def message_keys(case: Case) -> Outputs:
    secret = MessageSecret(case.bytes("message_secret"))
    key, nonce, commitment = message.body_keys(secret, case.bytes("salt"))
    return {"key": key, "nonce": nonce, "commitment": commitment}


def seal_envelope(case: Case) -> Outputs:
    sending = SendingChain(
        HeaderKey(case.bytes("header_key")),
        ChainKey(case.bytes("chain_key")),
        case.input["number"],
        case.input["previous_length"],
        kem.Kem768Ciphertext(case.bytes("ciphertext")),
    )
    own = own_turn(case.bytes("x"), case.bytes("k"))
    empty = bytes(32)
    state = Ratchet(
        case.bytes("transcript"), RootKey(empty), HeaderKey(empty), None, own, sending, 0, ()
    )
    prefix = salt = case.bytes("salt")
    if "opening_values" in case.input:
        outer = invitation.OuterKey(case.bytes("outer_key"))
        prefix += opening.wrap(states.Wrapping(outer, case.bytes("opening_values")), salt)
    _, sealed = ratchet.seal(state, prefix, case.bytes("body"), lambda _: empty)
    return {"envelope": prefix + b"".join(sealed)}


def begun(state: Established, own: OwnTurn, encapsulation: tuple[bytes, bytes]) -> Established:
    """Return the state after beginning a turn with a recorded encapsulation."""
    before = state.ratchet
    assert before.peer is not None
    step = turn_step(before.root, own, before.peer, encapsulation)
    ciphertext = kem.Kem768Ciphertext(encapsulation[0])
    sending = SendingChain(before.next_header_key, step.chain, 0, before.sent_length, ciphertext)
    after = msgspec.structs.replace(
        before, root=step.root, next_header_key=step.next_header_key, own=own, sending=sending
    )
    phase = phases.after(state.phase, Event.SEAL)
    return msgspec.structs.replace(state, phase=phase, ratchet=after)


def advanced(state: Established, number: int) -> Established:
    """Return the state after sealing envelopes up to that number."""
    sending = state.ratchet.sending
    assert sending is not None
    key = sending.chain_key
    for _ in range(sending.number, number):
        key = skipped_keys.advance(key).chain_key
    after = msgspec.structs.replace(sending, chain_key=key, number=number)
    changed = msgspec.structs.replace(state.ratchet, sending=after)
    return msgspec.structs.replace(state, ratchet=changed)


class Conversation:
    """One side, driven by the steps of a vector."""

    def __init__(self, case: Case) -> None:
        self.case = case
        therapist = case.input["role"] == "therapist"
        self.state: states.Conversation = invited(case) if therapist else joined(case)

    def step(self, step: dict[str, Any]) -> Outputs:
        if "open" in step:
            return self.open(read_bytes(step["open"], self.case.blobs), step["day"])
        turn = step["begin_turn"]
        x, k, ciphertext, shared = (
            read_bytes(turn[name], self.case.blobs) for name in ("x", "k", "ciphertext", "shared")
        )
        assert isinstance(self.state, Established)
        own = own_turn(x, k)
        self.state = advanced(begun(self.state, own, (ciphertext, shared)), turn["envelopes"])
        return {}

    def open(self, envelope: bytes, today: int) -> Outputs:
        before = states.dump(self.state)
        try:
            opened = session.unseal(self.state, envelope, today)
        except errors.E2ETherapyError as error:
            assert states.dump(self.state) == before
            return {"failure": failure_class(error)}
        self.state = states.load(states.dump(opened.state))
        return {"content": "refused"} if opened.body is None else content_outputs(opened.body)

    def end(self) -> Outputs:
        assert isinstance(self.state, Established)
        state = self.state.ratchet
        kept = sum(len(chain.skipped) for chain in state.receiving)
        return {"root": state.root, "next_header_key": state.next_header_key, "kept": kept}


def conversation(case: Case) -> Outputs:
    side = Conversation(case)
    return {"steps": [side.step(step) for step in case.input["steps"]], "end": side.end()}


def content_outputs(body: wire_body.Body) -> Outputs:
    outputs: Outputs = {"item": json.loads(content.encode_item(body.item))}
    if isinstance(body.item, content.UnknownItem):
        outputs["known"] = False
    if body.blob:
        outputs["blob"] = body.blob
    if body.reply_to:
        outputs["reply_to"] = json.loads(msgspec.json.encode(body.reply_to))
    return outputs
