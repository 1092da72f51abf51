"""Generates the vectors of keys, handshake, ratchet, envelope and safety phrase."""

import hashlib

from e2etherapy.wire import content
from e2etherapy.wire.body import pack_body
from tests.vectors import second_session
from tests.vectors.generation import (
    LOW_ORDER,
    WRITTEN,
    File,
    Seeded,
    invitation,
    invitation_input,
    shortened,
    with_details,
    written,
)
from tests.vectors.package_session import own_turn
from tests.vectors.second_implementation import cryptography, handshake
from tests.vectors.vector_files import Case, Json


def write_keys() -> int:
    file = File("keys", "1 and 2", "X25519 and ML-KEM keys, and those that are refused.")
    draw = Seeded("keys")
    ours, theirs = draw(32), draw(32)
    public = file.passes("x25519_public", "a public key", {"secret": theirs.hex()})["public"]
    file.passes("x25519", "an agreement", {"secret": ours.hex(), "public": public})
    high = public[:-2] + f"{int(public[-2:], 16) ^ 0x80:02x}"
    file.passes("x25519", "the top bit is ignored", {"secret": ours.hex(), "public": high})
    for point in LOW_ORDER:
        for top in (0, 0x80):
            key = point[:-2] + f"{int(point[-2:], 16) | top:02x}"
            given: Json = {"secret": ours.hex(), "public": key}
            file.fails("x25519", f"low order {key[:4]}..{key[-4:]}", given, "invalid-key")
    for length in (31, 33):
        given = {"secret": ours.hex(), "public": "09" * length}
        file.fails("x25519", f"a key of {length} bytes", given, "invalid-key")
    for size, ciphertext in ((768, 1_088), (1024, 1_568)):
        seed = draw(64).hex()
        encapsulation_key = file.passes("kem_public", f"{size}", {"kem": size, "seed": seed})
        given = {"kem": size, "public": encapsulation_key["public"]}
        file.passes("kem_encapsulate", f"{size} to its key", given)
        given = {"kem": size, "seed": seed, "ciphertext": {"hex": "5a", "times": ciphertext}}
        file.passes("kem_decapsulate", f"{size}, a ciphertext of nobody", given)
        public = {"hex": "ff", "times": len(encapsulation_key["public"]) // 2}
        given = {"kem": size, "public": public}
        file.fails("kem_encapsulate", f"{size}, coefficients not reduced", given, "invalid-key")
    return file.write()


def write_sealed_bundle() -> int:
    file = File("sealed_bundle", "3.3", "The sealed bundle, and what is not what the link names.")
    draw = Seeded("sealed bundle")
    state, _ = invitation("sealed bundle")
    bundle, other = state.bundle, invitation("another")[0].bundle
    link, nonce = hashlib.sha256(bundle).digest(), draw(24)
    _, key, _, _ = handshake.link_keys(link)

    def sealed(name: str, plaintext: bytes, under: bytes = key) -> Json:
        data = cryptography.seal(under, nonce, plaintext, cryptography.label("bundle"))
        return file.blob(name, nonce + data)

    def padded(data: bytes, length: int | None = None) -> bytes:
        return ((length or len(data)).to_bytes(4, "big") + data).ljust(16_344, b"\0")

    good = sealed("sealed", padded(bundle))
    given: Json = {"bundle": bundle.hex(), "nonce": nonce.hex()}
    file.passes("seal_bundle", "sealing", given, {"sealed": good})
    file.passes("open_bundle", "opening", {"hash": link.hex(), "sealed": good})
    long = with_details(bundle, lambda old: {**old, "credential": "c" * 8_000, "log_proof": ""})
    proof = "p" * (16_341 - len(long))
    long = with_details(long, lambda old: {**old, "log_proof": proof})
    given = {"bundle": shortened(long), "nonce": nonce.hex()}
    file.fails("seal_bundle", f"a bundle of {len(long):,} bytes", given, "malformed")
    malformed = bundle[:2851] + b"\0" + bundle[2852:]
    for name, link_hash, data in (
        ("another link", hashlib.sha256(other).digest(), good),
        ("another bundle under this link's key", link, sealed("other", padded(other))),
        ("a damaged nonce", link, {**good, "xor": {"0": 1}}),
        ("a damaged byte", link, {**good, "xor": {"9000": 1}}),
        ("a damaged tag", link, {**good, "xor": {"16383": 1}}),
        ("a byte less", link, {**good, "length": 16_383}),
        ("a byte more", link, {**good, "length": 16_385}),
        ("nothing", link, ""),
        ("a length behind the end", link, sealed("long", padded(bundle, 16_341))),
        ("padding that is not zero", link, sealed("padding", padded(bundle)[:-1] + b"\1")),
        (
            "a bundle that breaks its form",
            hashlib.sha256(malformed).digest(),
            sealed(
                "malformed",
                padded(malformed),
                handshake.link_keys(hashlib.sha256(malformed).digest())[1],
            ),
        ),
    ):
        given = {"hash": link_hash.hex(), "sealed": data}
        file.fails("open_bundle", name, given, "invitation-mismatch")
    return file.write()


def write_handshake() -> int:
    file = File("handshake", "4", "Both sides of the handshake; the encapsulation is recorded.")
    draw = Seeded("handshake")
    state, bundle = invitation("handshake")
    therapist = invitation_input(file, state)
    shared, ciphertext = bundle.kem.encapsulate()
    given = {
        "bundle": therapist["bundle"],
        "identity": draw(32).hex(),
        "ephemeral": draw(32).hex(),
        "ciphertext": bytes(ciphertext).hex(),
        "shared": bytes(shared).hex(),
    }
    case = Case("", "", "", given, None, None, file.blobs)
    output = written(second_session.client_handshake(case))
    file.passes("client_handshake", "both sides", given, dict(output))
    values = {"opening_values": output.pop("opening_values")}
    file.passes("therapist_handshake", "both sides", {**therapist, **values}, output)
    for name, at in (("identity", 0), ("ephemeral key", 64)):
        opening = values["opening_values"]
        opening = opening[:at] + LOW_ORDER[2] + opening[at + 64 :]
        given = {**therapist, "opening_values": opening}
        file.fails("therapist_handshake", f"{name} of low order", given, "invalid-key")
    return file.write()


def write_ratchet() -> int:
    file = File("ratchet", "5 and 6.1", "Root step, chain and message keys.")
    draw = Seeded("ratchet")
    author, receiver = own_turn(draw(32), draw(64)), own_turn(draw(32), draw(64))
    shared, ciphertext = receiver.keys.kem.encapsulate()
    root = draw(32).hex()
    given: Json = {
        "root": root,
        "x": bytes(author.x25519).hex(),
        "k": bytes(author.kem).hex(),
        "their_x": receiver.keys.x25519.hex(),
        "their_k": receiver.keys.kem.hex(),
        "ciphertext": ciphertext.hex(),
        "shared": bytes(shared).hex(),
    }
    output = file.passes("begin_turn", "a turn begins", given)
    given = {
        "root": root,
        "x": bytes(receiver.x25519).hex(),
        "k": bytes(receiver.kem).hex(),
        "their_x": author.keys.x25519.hex(),
        "their_k": author.keys.kem.hex(),
        "ciphertext": ciphertext.hex(),
    }
    file.passes("receive_turn", "the same turn is received", given, output)
    damaged = {"hex": given["ciphertext"], "xor": {"0": 1}}
    given = {**given, "ciphertext": damaged}
    file.passes("receive_turn", "a damaged ciphertext gives other keys", given)
    for steps in (1, 3, 2_048):
        file.passes("chain", f"{steps} steps", {"chain_key": draw(32).hex(), "steps": steps})
    given = {"salt": draw(32).hex(), "message_secret": draw(32).hex()}
    file.passes("message_keys", "key, nonce and commitment", given)
    return file.write()


def write_envelope() -> int:
    file = File("envelope", "6", "Sealing with every value given.")
    draw = Seeded("envelope")
    item = content.Text(id=draw(16), sequence=1, written=WRITTEN, text="Good morning.")
    packed = pack_body(item).hex()
    common = {
        "transcript": draw(32).hex(),
        "header_key": draw(32).hex(),
        "chain_key": draw(32).hex(),
        "x": draw(32).hex(),
        "k": draw(64).hex(),
        "ciphertext": {"hex": draw(32).hex(), "times": 34},
        "previous_length": 258,
        "number": 3,
        "salt": draw(32).hex(),
    }
    opening = {
        "outer_key": draw(32).hex(),
        "opening_values": {"hex": draw(32).hex(), "times": 51},
        "previous_length": 0,
        "number": 0,
        "body": {"hex": packed, "length": 12_328},
    }
    message = {**common, "body": {"hex": packed, "length": 13_976}}
    for name, given in (("a message", message), ("an opening", {**common, **opening})):
        envelope = file.passes("seal_envelope", name, given)
        envelope["envelope"] = file.blob(name, bytes.fromhex(envelope["envelope"]))
    file.fails("seal_envelope", "a full turn", {**message, "number": 8_192}, "turn-full")
    return file.write()


def write_safety_phrase() -> int:
    file = File("safety_phrase", "10", "Six words over both identities and the transcript.")
    draw = Seeded("safety phrase")
    for name in ("one conversation", "another"):
        given = {part: draw(32).hex() for part in ("client", "therapist", "transcript")}
        file.passes("safety_phrase", name, given)
    return file.write()
