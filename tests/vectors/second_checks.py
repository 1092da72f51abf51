"""The operations that vectors name, done by the second implementation."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from mnemonic import Mnemonic

from tests.vectors import care_checks, note_checks
from tests.vectors import second_session as session_checks
from tests.vectors.record_checks import Second
from tests.vectors.second_implementation import chain, cryptography, formats, handshake, keyslots
from tests.vectors.second_implementation.notation import Refused
from tests.vectors.vector_files import Case, read_bytes

Outputs = dict[str, Any]
WORDS = Mnemonic("english").wordlist


def failure_class(error: Exception) -> str | None:
    return error.reason if isinstance(error, Refused) else None


def digest(case: Case) -> Outputs:
    parts = [read_bytes(part, case.blobs) for part in case.input["parts"]]
    return {"digest": cryptography.H(case.input["purpose"], *parts)}


def kdf(case: Case) -> Outputs:
    salt, ikm, context = case.bytes("salt"), case.bytes("ikm"), case.bytes("context")
    return {
        "okm": cryptography.KDF(case.input["purpose"], salt, ikm, context, case.input["length"])
    }


def base64url(case: Case) -> Outputs:
    return {"data": formats.from_b64url(case.input["text"], case.input["size"])}


def x25519(case: Case) -> Outputs:
    return {"shared": cryptography.x25519(case.bytes("secret"), case.bytes("public"))}


def x25519_public(case: Case) -> Outputs:
    return {"public": cryptography.x25519_public(case.bytes("secret"))}


def kem_public(case: Case) -> Outputs:
    return {"public": cryptography.kem_public(case.input["kem"], case.bytes("seed"))}


def kem_encapsulate(case: Case) -> Outputs:
    ciphertext, _ = cryptography.encapsulate(case.input["kem"], case.bytes("public"))
    return {"ciphertext_length": len(ciphertext)}


def kem_decapsulate(case: Case) -> Outputs:
    size, seed = case.input["kem"], case.bytes("seed")
    return {"shared": cryptography.decapsulate(size, seed, case.bytes("ciphertext"))}


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
    return dict(zip(names, handshake.link_keys(case.bytes("hash")), strict=True))


def seal_bundle(case: Case) -> Outputs:
    return {"sealed": handshake.seal_bundle(case.bytes("bundle"), case.bytes("nonce"))}


def open_bundle(case: Case) -> Outputs:
    return bundle_fields(handshake.open_bundle(case.bytes("sealed"), case.bytes("hash")))


def unpack_body(case: Case) -> Outputs:
    return session_checks.content_outputs(formats.unpack(case.bytes("body")))


def pad_body(case: Case) -> Outputs:
    return {"body": formats.pad(case.bytes("packed"), case.input["size"])}


def join_parts(case: Case) -> Outputs:
    bodies = [read_bytes(body, case.blobs) for body in case.input["bodies"]]
    return session_checks.content_outputs(
        formats.join_parts([formats.unpack(body) for body in bodies])
    )


def capability(case: Case) -> Outputs:
    return {"hash": cryptography.H(case.input["right"], case.bytes("key"))}


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
    return {"words": handshake.safety_phrase(*keys, case.bytes("transcript"), WORDS)}


def unlock_vault(case: Case) -> Outputs:
    given = json.loads(json.dumps(case.input["keyslots"]))
    if "passphrase" in case.input:
        data_key = keyslots.unlock_with_passphrase(given, case.input["passphrase"])
    else:
        words = case.input["words"].split()
        data_key = keyslots.unlock_with_words(given, words, WORDS)
    return {"data_key": data_key}


def record_heads(case: Case) -> Outputs:
    commitments = [
        chain.entry_commitment(read_bytes(entry["salt"], case.blobs), entry["content"].encode())
        for entry in case.input["entries"]
    ]
    heads = chain.chain_heads(case.bytes("book_id"), commitments)
    return {"commitments": commitments, "heads": heads}


def record_entry(entry: dict[str, Any]) -> chain.RecordEntry:
    salt, content = entry["salt"], entry["content"]
    return (
        None if salt is None else bytes.fromhex(salt),
        None if content is None else content.encode(),
        bytes.fromhex(entry["commitment"]),
        bytes.fromhex(entry["head"]),
    )


def verify_record(case: Case) -> Outputs:
    entries = [record_entry(entry) for entry in case.input["entries"]]
    return {"head": chain.verify_record(case.bytes("book_id"), entries)}


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
        session_checks.client_handshake,
        session_checks.therapist_handshake,
        session_checks.begin_turn,
        session_checks.receive_turn,
        session_checks.chain,
        session_checks.message_keys,
        session_checks.seal_envelope,
        session_checks.conversation,
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
        note_checks.Second.open_note,
        Second.read_entry,
        Second.export_book,
        Second.check_exported_book,
    )
} | care_checks.operations(care_checks.Second)
