"""The operations that vectors name, done by the second implementation."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

from mnemonic import Mnemonic

from tests.vectors import second_formats as formats
from tests.vectors import second_implementation as second
from tests.vectors.record_checks import Second
from tests.vectors.second_formats import Refused
from tests.vectors.vector_files import Case, read_bytes

Outputs = dict[str, Any]
WORDS = Mnemonic("english").wordlist


def failure_class(error: Exception) -> str | None:
    return error.reason if isinstance(error, Refused) else None


def digest(case: Case) -> Outputs:
    parts = [read_bytes(part, case.blobs) for part in case.input["parts"]]
    return {"digest": second.H(case.input["purpose"], *parts)}


def kdf(case: Case) -> Outputs:
    salt, ikm, context = case.bytes("salt"), case.bytes("ikm"), case.bytes("context")
    return {"okm": second.KDF(case.input["purpose"], salt, ikm, context, case.input["length"])}


def base64url(case: Case) -> Outputs:
    return {"data": formats.from_b64url(case.input["text"], case.input["size"])}


def x25519(case: Case) -> Outputs:
    return {"shared": second.x25519(case.bytes("secret"), case.bytes("public"))}


def x25519_public(case: Case) -> Outputs:
    return {"public": second.x25519_public(case.bytes("secret"))}


def kem_public(case: Case) -> Outputs:
    return {"public": second.kem_public(case.input["kem"], case.bytes("seed"))}


def kem_encapsulate(case: Case) -> Outputs:
    ciphertext, _ = second.encapsulate(case.input["kem"], case.bytes("public"))
    return {"ciphertext_length": len(ciphertext)}


def kem_decapsulate(case: Case) -> Outputs:
    size, seed = case.input["kem"], case.bytes("seed")
    return {"shared": second.decapsulate(size, seed, case.bytes("ciphertext"))}


def bundle_fields(bundle: formats.Bundle) -> Outputs:
    return {
        "identity": bundle.identity,
        "one_time": bundle.one_time,
        "ratchet_x25519": bundle.ratchet_x,
        "kem": bundle.kem,
        "ratchet_kem": bundle.ratchet_k,
        "details": bundle.details,
    }


def unpack_bundle(case: Case) -> Outputs:
    return bundle_fields(formats.unpack_bundle(case.bytes("bundle")))


def read_link(case: Case) -> Outputs:
    relay, link_hash = formats.read_link(case.input["link"])
    return {"relay": relay, "hash": link_hash}


def write_link(case: Case) -> Outputs:
    return {"link": formats.make_link(case.input["relay"], case.bytes("hash"))}


def link_keys(case: Case) -> Outputs:
    names = ("locator", "bundle_key", "outer_key", "psk")
    return dict(zip(names, second.link_keys(case.bytes("hash")), strict=True))


def seal_bundle(case: Case) -> Outputs:
    return {"sealed": second.seal_bundle(case.bytes("bundle"), case.bytes("nonce"))}


def open_bundle(case: Case) -> Outputs:
    return bundle_fields(second.open_bundle(case.bytes("sealed"), case.bytes("hash")))


def agreed(session: second.Session) -> Outputs:
    return {
        "transcript": session.transcript,
        "root": session.root,
        "header_key": session.next_header_key,
    }


def invitation_of(case: Case) -> second.Invitation:
    names = ("bundle", "identity", "one_time", "ratchet_x25519", "kem", "ratchet_kem")
    return second.Invitation(*[case.bytes(name) for name in names])


def joined(case: Case) -> second.Session:
    encapsulation = case.bytes("ciphertext"), case.bytes("shared")
    secrets = case.bytes("identity"), case.bytes("ephemeral")
    return second.join(case.bytes("bundle"), *secrets, encapsulation)


def client_handshake(case: Case) -> Outputs:
    session = joined(case)
    return {"opening_values": session.opening, **agreed(session)}


def therapist_handshake(case: Case) -> Outputs:
    return agreed(second.answer(invitation_of(case), case.bytes("opening_values")))


def turn_outputs(session: second.Session, chain: second.Chain | None) -> Outputs:
    assert chain is not None
    assert chain.key is not None
    return {
        "root": session.root,
        "chain_key": chain.key,
        "next_header_key": session.next_header_key,
    }


def begin_turn(case: Case) -> Outputs:
    session = second.Session(True, b"", case.bytes("root"), b"", 1)
    session.their_x, session.their_k = case.bytes("their_x"), case.bytes("their_k")
    encapsulation = case.bytes("ciphertext"), case.bytes("shared")
    second.begin_turn(session, case.bytes("x"), case.bytes("k"), encapsulation)
    return turn_outputs(session, session.sending)


def receive_turn(case: Case) -> Outputs:
    session = second.Session(True, b"", case.bytes("root"), b"")
    session.own_x, session.own_k = case.bytes("x"), case.bytes("k")
    header = case.bytes("their_x") + case.bytes("their_k") + case.bytes("ciphertext") + bytes(8)
    return turn_outputs(session, second.receive_turn(session, header, 0))


def chain(case: Case) -> Outputs:
    steps = second.Chain(b"", case.bytes("chain_key"))
    secrets = [steps.step() for _ in range(case.input["steps"])]
    return {"chain_key": steps.key, "first": secrets[0], "last": secrets[-1]}


def message_keys(case: Case) -> Outputs:
    okm = second.KDF("message", case.bytes("salt"), case.bytes("message_secret"), b"", 88)
    return dict(zip(("key", "nonce", "commitment"), formats.cut(okm, 32, 24), strict=True))


def seal_envelope(case: Case) -> Outputs:
    session = second.Session(True, case.bytes("transcript"), b"", b"")
    if "opening_values" in case.input:
        session.therapist, session.turn = False, 1
        session.outer_key, session.opening = case.bytes("outer_key"), case.bytes("opening_values")
    number = case.input["number"]
    session.sending = second.Chain(case.bytes("header_key"), case.bytes("chain_key"), number)
    publics = second.x25519_public(case.bytes("x")) + second.kem_public(768, case.bytes("k"))
    previous = formats.u32(case.input["previous_length"])
    session.sending_keys = publics + case.bytes("ciphertext") + previous
    salt = case.bytes("salt")
    return {"envelope": second.seal_envelope(session, case.bytes("body"), lambda _: salt)}


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
        second.begin_turn(self.session, values["x"], values["k"], encapsulation)
        assert self.session.sending is not None
        for _ in range(step["begin_turn"]["envelopes"]):
            self.session.sending.step()
        return {}

    def open(self, envelope: bytes, today: int) -> Outputs:
        before = copy.deepcopy(self.session)
        try:
            if self.session is None:
                assert self.invitation is not None
                self.session, body = second.accept(self.invitation, envelope, today)
            else:
                body = second.open_envelope(self.session, envelope, today)
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


def unpack_body(case: Case) -> Outputs:
    return content_outputs(formats.unpack(case.bytes("body")))


def pad_body(case: Case) -> Outputs:
    return {"body": formats.pad(case.bytes("packed"), case.input["size"])}


def join_parts(case: Case) -> Outputs:
    bodies = [read_bytes(body, case.blobs) for body in case.input["bodies"]]
    return content_outputs(formats.join_parts([formats.unpack(body) for body in bodies]))


def capability(case: Case) -> Outputs:
    return {"hash": second.H(case.input["right"], case.bytes("key"))}


def read_authorization(case: Case) -> Outputs:
    return {"keys": formats.read_authorization(case.input["value"], case.input["scheme"], 128)}


def read_page(case: Case) -> Outputs:
    records = formats.read_page(case.bytes("page"))
    return {
        "positions": [position for position, _ in records],
        "sha256": [hashlib.sha256(envelope).digest() for _, envelope in records],
    }


def safety_phrase(case: Case) -> Outputs:
    keys = case.bytes("client"), case.bytes("therapist")
    return {"words": second.safety_phrase(*keys, case.bytes("transcript"), WORDS)}


def unlock_vault(case: Case) -> Outputs:
    keyslots = json.loads(json.dumps(case.input["keyslots"]))
    if "passphrase" in case.input:
        data_key = second.unlock_with_passphrase(keyslots, case.input["passphrase"])
    else:
        words = case.input["words"].split()
        data_key = second.unlock_with_words(keyslots, words, WORDS)
    return {"data_key": data_key}


def record_heads(case: Case) -> Outputs:
    commitments = [
        second.entry_commitment(read_bytes(entry["salt"], case.blobs), entry["content"].encode())
        for entry in case.input["entries"]
    ]
    heads = second.chain_heads(case.bytes("book_id"), commitments)
    return {"commitments": commitments, "heads": heads}


def record_entry(entry: dict[str, Any]) -> second.RecordEntry:
    salt, content = entry["salt"], entry["content"]
    return (
        None if salt is None else bytes.fromhex(salt),
        None if content is None else content.encode(),
        bytes.fromhex(entry["commitment"]),
        bytes.fromhex(entry["head"]),
    )


def verify_record(case: Case) -> Outputs:
    entries = [record_entry(entry) for entry in case.input["entries"]]
    return {"head": second.verify_record(case.bytes("book_id"), entries)}


OPERATIONS: dict[str, Callable[[Case], Outputs]] = {
    check.__name__: check
    for check in (
        digest,
        kdf,
        base64url,
        x25519,
        x25519_public,
        kem_public,
        kem_encapsulate,
        kem_decapsulate,
        unpack_bundle,
        read_link,
        write_link,
        link_keys,
        seal_bundle,
        open_bundle,
        client_handshake,
        therapist_handshake,
        begin_turn,
        receive_turn,
        chain,
        message_keys,
        seal_envelope,
        conversation,
        unpack_body,
        pad_body,
        join_parts,
        capability,
        read_authorization,
        read_page,
        safety_phrase,
        unlock_vault,
        record_heads,
        verify_record,
        Second.read_entry,
        Second.export_book,
        Second.check_exported_book,
    )
}
