"""The operations that vectors name, done by the package."""

import json
from collections.abc import Callable
from typing import Any

import msgspec

from e2etherapy.journal import chain as journal
from e2etherapy.mailbox import capabilities, operations
from e2etherapy.primitives import dh, kem
from e2etherapy.primitives.digest import labelled, sha256
from e2etherapy.primitives.kdf import derive
from e2etherapy.session import (
    invitation,
)
from e2etherapy.session import safety_phrase as phrase
from e2etherapy.session.handshake import Transcript
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.vault import keyslots
from e2etherapy.wire import base64url as wire_base64url
from e2etherapy.wire import body as wire_body
from e2etherapy.wire import content
from e2etherapy.wire.invitation import Bundle, InvitationLink, LinkSecret
from tests.vectors import care_checks, note_checks
from tests.vectors import package_session as session_checks
from tests.vectors.package_failures import FAILURES, failure_class
from tests.vectors.record_checks import Package
from tests.vectors.vector_files import Case, read_bytes

__all__ = ["FAILURES", "OPERATIONS", "failure_class"]

Outputs = dict[str, Any]


def digest(case: Case) -> Outputs:
    parts = [read_bytes(part, case.blobs) for part in case.input["parts"]]
    return {"digest": labelled(case.input["purpose"], *parts)}


def kdf(case: Case) -> Outputs:
    okm = derive(
        case.input["purpose"],
        salt=case.bytes("salt"),
        ikm=case.bytes("ikm"),
        context=case.bytes("context"),
        length=case.input["length"],
    )
    return {"okm": okm}


def base64url(case: Case) -> Outputs:
    return {"data": wire_base64url.decode(case.input["text"], case.input["size"])}


def x25519(case: Case) -> Outputs:
    public = dh.X25519Public(case.bytes("public"))
    return {"shared": dh.agree(dh.X25519Secret(case.bytes("secret")), public)}


def x25519_public(case: Case) -> Outputs:
    return {"public": dh.X25519Secret(case.bytes("secret")).public()}


def kem_public(case: Case) -> Outputs:
    seed = case.bytes("seed")
    if case.input["kem"] == 768:
        return {"public": kem.Kem768Secret(seed).public()}
    return {"public": kem.Kem1024Secret(seed).public()}


def kem_encapsulate(case: Case) -> Outputs:
    public = case.bytes("public")
    if case.input["kem"] == 768:
        return {"ciphertext_length": len(kem.Kem768Public(public).encapsulate()[1])}
    return {"ciphertext_length": len(kem.Kem1024Public(public).encapsulate()[1])}


def kem_decapsulate(case: Case) -> Outputs:
    seed, ciphertext = case.bytes("seed"), case.bytes("ciphertext")
    if case.input["kem"] == 768:
        shared = kem.Kem768Secret(seed).decapsulate(kem.Kem768Ciphertext(ciphertext))
    else:
        shared = kem.Kem1024Secret(seed).decapsulate(kem.Kem1024Ciphertext(ciphertext))
    return {"shared": shared}


def bundle_fields(bundle: Bundle) -> Outputs:
    return {
        "identity": bundle.identity,
        "one_time": bundle.one_time,
        "ratchet_x25519": bundle.ratchet_x25519,
        "kem": bundle.kem,
        "ratchet_kem": bundle.ratchet_kem,
        "details": json.loads(msgspec.json.encode(bundle.details)),
    }


def unpack_bundle(case: Case) -> Outputs:
    return bundle_fields(Bundle.unpack(case.bytes("bundle")))


def read_link(case: Case) -> Outputs:
    link = InvitationLink.parse(case.input["link"])
    return {"relay": link.relay_host, "hash": link.secret}


def write_link(case: Case) -> Outputs:
    return {"link": InvitationLink(case.input["relay"], LinkSecret(case.bytes("hash"))).text()}


def link_keys(case: Case) -> Outputs:
    keys = LinkKeys.from_secret(LinkSecret(case.bytes("hash")))
    return {
        "locator": keys.locator,
        "bundle_key": keys.bundle_key,
        "outer_key": keys.outer_key,
        "psk": keys.pre_shared_key,
    }


def seal_bundle(case: Case) -> Outputs:
    nonce = case.bytes("nonce")
    bundle = Bundle.unpack(case.bytes("bundle"))
    return {"sealed": invitation.seal_bundle(bundle, lambda _: nonce)}


def open_bundle(case: Case) -> Outputs:
    link = LinkSecret(case.bytes("hash"))
    return bundle_fields(invitation.open_bundle(link, case.bytes("sealed")))


def unpack_body(case: Case) -> Outputs:
    return session_checks.content_outputs(wire_body.unpack_body(case.bytes("body")))


def pad_body(case: Case) -> Outputs:
    return {"body": wire_body.pad_body(case.bytes("packed"), case.input["size"])}


def join_parts(case: Case) -> Outputs:
    bodies = [wire_body.unpack_body(read_bytes(body, case.blobs)) for body in case.input["bodies"]]
    pieces = {body.item.index: body.blob for body in bodies if isinstance(body.item, content.Part)}
    whole = b"".join(pieces[index] for index in range(len(bodies)))
    return session_checks.content_outputs(wire_body.unpack_body(whole))


def capability(case: Case) -> Outputs:
    key = case.bytes("key")
    hashes: dict[str, Callable[[], bytes]] = {
        "mailbox": capabilities.OwnerKey(key).mailbox,
        "deposit-key": capabilities.DepositKey(key).hash,
        "ticket": capabilities.Ticket(key).hash,
        "allowance": capabilities.Allowance(key).hash,
        "claim": capabilities.ClaimToken(key).hash,
    }
    return {"hash": hashes[case.input["right"]]()}


def read_authorization(case: Case) -> Outputs:
    return {"keys": operations.parse_authorization(case.input["value"], case.input["scheme"])}


def read_page(case: Case) -> Outputs:
    records = operations.unpack_page(case.bytes("page"))
    return {
        "positions": [record.position for record in records],
        "sha256": [sha256(record.envelope) for record in records],
    }


def safety_phrase(case: Case) -> Outputs:
    client = dh.X25519Public(case.bytes("client"))
    therapist = dh.X25519Public(case.bytes("therapist"))
    transcript = Transcript(case.bytes("transcript"))
    return {"words": list(phrase.safety_phrase(client, therapist, transcript))}


def unlock_vault(case: Case) -> Outputs:
    slots = msgspec.convert(case.input["keyslots"], keyslots.KeySlots)
    if "passphrase" in case.input:
        return {"data_key": keyslots.unlock_with_passphrase(slots, case.input["passphrase"])}
    return {"data_key": keyslots.unlock_with_recovery_words(slots, case.input["words"])}


def record_heads(case: Case) -> Outputs:
    heads = [journal.first_head(journal.BookId(case.bytes("book_id")))]
    commitments = []
    for position, given in enumerate(case.input["entries"], 1):
        salt = journal.EntrySalt(bytes.fromhex(given["salt"]))
        entry = journal.append(position, heads[-1], given["content"].encode(), salt)
        commitments.append(entry.commitment)
        heads.append(entry.head)
    return {"commitments": commitments, "heads": heads}


def record_entry(position: int, entry: dict[str, Any]) -> journal.Entry:
    salt, content = entry["salt"], entry["content"]
    return journal.Entry(
        position,
        None if salt is None else journal.EntrySalt(bytes.fromhex(salt)),
        None if content is None else content.encode(),
        journal.Commitment(bytes.fromhex(entry["commitment"])),
        journal.Head(bytes.fromhex(entry["head"])),
    )


def verify_record(case: Case) -> Outputs:
    entries = [record_entry(i, entry) for i, entry in enumerate(case.input["entries"], 1)]
    return {"head": journal.verify(journal.BookId(case.bytes("book_id")), entries)}


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
        note_checks.Package.open_note,
        Package.read_entry,
        Package.export_book,
        Package.check_exported_book,
    )
} | care_checks.operations(care_checks.Package)
