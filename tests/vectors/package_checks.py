"""The operations that vectors name, done by the package.

Encapsulation cannot be repeated, so that where a vector gives its result, the state that the
package would have had is put together here from the package's own parts.
"""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from e2etherapy import errors
from e2etherapy.journal import chain as journal
from e2etherapy.mailbox import capabilities, operations
from e2etherapy.primitives import dh, kem
from e2etherapy.primitives.digest import labelled, sha256
from e2etherapy.primitives.kdf import derive
from e2etherapy.session import conversation as session
from e2etherapy.session import handshake, invitation, opening, phases, ratchet, skipped_keys, states
from e2etherapy.session import safety_phrase as phrase
from e2etherapy.session.handshake import OneTimeSecrets, OpeningValues, Transcript
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.session.phases import Event, Phase
from e2etherapy.session.ratchet import OwnTurn, Ratchet, RootKey, SendingChain, TurnKeys
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret
from e2etherapy.session.states import Established, Invited
from e2etherapy.vault import keyslots
from e2etherapy.wire import base64url as wire_base64url
from e2etherapy.wire import content
from e2etherapy.wire.invitation import Bundle, InvitationLink, LinkSecret
from tests.vectors.record_checks import Package
from tests.vectors.vector_files import Case, read_bytes

Outputs = dict[str, Any]

FAILURES: dict[type[Exception], str] = {
    errors.MalformedData: "malformed",
    errors.InvalidKey: "invalid-key",
    errors.InvalidLink: "invalid-link",
    errors.InvitationMismatch: "invitation-mismatch",
    errors.InvitationUsed: "invitation-used",
    errors.InvitationExpired: "invitation-expired",
    errors.EnvelopeRefused: "refused",
    errors.ReplayedEnvelope: "replay",
    errors.TooManySkipped: "too-many-skipped",
    errors.ChainExhausted: "turn-full",
    errors.ContentTooLarge: "too-large",
    errors.WrongPassphrase: "wrong-passphrase",
    errors.UnsafeParameters: "unsafe-parameters",
    errors.JournalBroken: "record-broken",
}


def failure_class(error: Exception) -> str | None:
    return FAILURES.get(type(error))


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


def turn_outputs(step: ratchet._RootStep) -> Outputs:
    return {
        "root": step.root,
        "chain_key": step.chain,
        "next_header_key": step.next_header_key,
    }


def turn_step(
    root: bytes, own: OwnTurn, peer: TurnKeys, encapsulation: tuple[bytes, bytes]
) -> ratchet._RootStep:
    ciphertext, shared = encapsulation
    return ratchet._root_step(
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
    step = ratchet._root_step(
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
    key, nonce, commitment = ratchet._body_keys(secret, case.bytes("salt"))
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


def content_outputs(body: content.Body) -> Outputs:
    outputs: Outputs = {"item": json.loads(content.encode_item(body.item))}
    if isinstance(body.item, content.UnknownItem):
        outputs["known"] = False
    if body.blob:
        outputs["blob"] = body.blob
    if body.reply_to:
        outputs["reply_to"] = json.loads(msgspec.json.encode(body.reply_to))
    return outputs


def unpack_body(case: Case) -> Outputs:
    return content_outputs(content.unpack_body(case.bytes("body")))


def pad_body(case: Case) -> Outputs:
    return {"body": content.pad_body(case.bytes("packed"), case.input["size"])}


def join_parts(case: Case) -> Outputs:
    bodies = [content.unpack_body(read_bytes(body, case.blobs)) for body in case.input["bodies"]]
    pieces = {body.item.index: body.blob for body in bodies if isinstance(body.item, content.Part)}
    whole = b"".join(pieces[index] for index in range(len(bodies)))
    return content_outputs(content.unpack_body(whole))


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
        Package.read_entry,
        Package.export_book,
        Package.check_exported_book,
    )
}
