"""Writes own/*.json anew: `python -m tests.vectors.generate` with the package on the path.

Everything comes from seeds except encapsulations, which cannot be seeded: their ciphertexts and
secrets, and what follows from them, differ from run to run.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from e2etherapy.wire import content
from tests.vectors.generate_content import write_body, write_parts
from tests.vectors.generate_conversation import write_conversation
from tests.vectors.generate_vault import write_keyslots
from tests.vectors.generation import (
    File,
    Seeded,
    invitation,
    invitation_input,
    with_details,
)
from tests.vectors.vector_files import Json

LOW_ORDER = (
    "00" * 32,
    "01" + "00" * 31,
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
)


def write_labels() -> int:
    file = File("labels", "1", "H and KDF: SHA-256 and HKDF-SHA-512 with their labels.")
    draw = Seeded("labels")
    for purpose, sizes in (("mailbox", (32,)), ("journal-chain", (32, 8, 32)), ("empty", ())):
        parts = [draw(size).hex() for size in sizes]
        file.passes("digest", f"H of {purpose}", {"purpose": purpose, "parts": parts})
    for name, salt, context, length in (
        ("no salt, no context", 0, 0, 128),
        ("salt and context", 32, 32, 64),
        ("not a multiple of the hash", 32, 0, 88),
    ):
        given = {
            "purpose": "test",
            "salt": draw(salt).hex(),
            "ikm": draw(32).hex(),
            "context": draw(context).hex(),
            "length": length,
        }
        file.passes("kdf", name, given)
    return file.write()


def write_base64url() -> int:
    file = File("base64url", "1", "Base64url without padding, in its one canonical form.")
    text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaG_z9_v8"
    file.passes("base64url", "32 bytes", {"text": text, "size": 32})
    for name, broken in (
        ("padding", text + "="),
        ("the alphabet of base64", text.replace("_", "/")),
        ("spare bits that are not zero", text[:-1] + "9"),
        ("a character less", text[:-1]),
        ("a byte more", text + "AA"),
        ("white space", text + "\n"),
        ("a character beyond ASCII", text[:-1] + "\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("nothing", ""),
    ):
        file.fails("base64url", name, {"text": broken, "size": 32}, "malformed")
    return file.write()


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
            given = {"secret": ours.hex(), "public": key}
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


def without(name: str) -> Callable[[Json], Json]:
    return lambda members: {key: value for key, value in members.items() if key != name}


def write_bundle() -> int:
    file = File("bundle", "3.1", "The bundle, and what breaks its form.")
    _, written = invitation("bundle")
    bundle = written.pack()

    def using(**members: Any) -> bytes:  # noqa: ANN401 - any JSON
        return with_details(bundle, lambda old: {**old, **members})

    accepted = {
        "as the package writes it": bundle,
        "members in another order": with_details(bundle, lambda old: dict(reversed(old.items()))),
        "a credential and its proof": using(credential="c" * 8_000, log_proof="p"),
        "a name of 200 characters": using(name="\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 200),
    }
    refused = {
        "cut short": bundle[:-1],
        "something after it": bundle + b" ",
        "no details": bundle[:2852],
        "keys cut short": bundle[:2847],
        "a length that does not fit": bundle[:2851] + b"\0" + bundle[2852:],
        "details that are not an object": bundle[:2848] + b"\0\0\0\x02[]",
        "details that are not JSON": bundle[:2848] + b"\0\0\0\x02{,",
        "an unknown member": using(colour="red"),
        "no ticket": with_details(bundle, without("ticket")),
        "a mailbox of 31 bytes": using(mailbox="A" * 40 + "AA=="[:4]),
        "a key in base64url": using(deposit_key="-" + "A" * 42 + "="),
        "a name of 201 characters": using(name="n" * 201),
        "a name that is a number": using(name=5),
        "a day that does not exist": using(expires="2026-02-30"),
        "a day in another form": using(expires="30.06.2026"),
        "a credential of 8,001 characters": using(credential="c" * 8_001),
    }
    for name, at in (("identity", 0), ("one-time key", 32), ("ratchet key", 64)):
        key = bytes.fromhex(LOW_ORDER[5])
        refused[f"{name} of low order"] = bundle[:at] + key + bundle[at + 32 :]
    for name, data in accepted.items():
        file.passes("unpack_bundle", name, {"bundle": data.hex()})
    for name, data in refused.items():
        file.fails("unpack_bundle", name, {"bundle": data.hex()}, "malformed")
    return file.write()


def write_link() -> int:
    file = File("link", "3.2", "The link and what is derived from it.")
    draw = Seeded("link")
    secret = draw(32).hex()
    given = {"relay": "relay.example:8443", "hash": secret}
    link = file.passes("write_link", "with a port", given)["link"]
    tail = link.partition("/#")[2]
    file.passes("link_keys", "derived from the link", {"hash": secret})
    for relay in ("relay.example", "relay.example:8443", "127.0.0.1:8080", "[::1]:8080"):
        file.passes("read_link", relay, {"link": f"e2etherapy://{relay}/#{tail}"})
    for name, text in (
        ("https", f"https://relay.example/#{tail}"),
        ("no relay", f"e2etherapy:///#{tail}"),
        ("a path", f"e2etherapy://relay.example/x#{tail}"),
        ("no slash", f"e2etherapy://relay.example#{tail}"),
        ("a query", f"e2etherapy://relay.example/?#{tail}"),
        ("a user", f"e2etherapy://me@relay.example/#{tail}"),
        ("a character missing", link[:-1]),
        ("a character too many", link + "A"),
        ("padding", link + "="),
        ("spare bits that are not zero", f"e2etherapy://relay.example/#{'A' * 42}B"),
        ("nothing after the mark", "e2etherapy://relay.example/#"),
        ("nothing", ""),
    ):
        file.fails("read_link", name, {"link": text}, "invalid-link")
    return file.write()


def write_sealed_bundle() -> int:
    from tests.vectors import second_implementation as second

    file = File("sealed_bundle", "3.3", "The sealed bundle, and what is not what the link names.")
    draw = Seeded("sealed bundle")
    state, _ = invitation("sealed bundle")
    bundle, other = state.bundle, invitation("another")[0].bundle
    link, nonce = hashlib.sha256(bundle).digest(), draw(24)
    _, key, _, _ = second.link_keys(link)

    def sealed(name: str, plaintext: bytes, under: bytes = key) -> Json:
        data = second.seal(under, nonce, plaintext, second.label("bundle"))
        return file.blob(name, nonce + data)

    def padded(data: bytes, length: int | None = None) -> bytes:
        return ((length or len(data)).to_bytes(4, "big") + data).ljust(16_344, b"\0")

    good = sealed("sealed", padded(bundle))
    given = {"bundle": bundle.hex(), "nonce": nonce.hex()}
    file.passes("seal_bundle", "sealing", given, {"sealed": good})
    file.passes("open_bundle", "opening", {"hash": link.hex(), "sealed": good})
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
                second.link_keys(hashlib.sha256(malformed).digest())[1],
            ),
        ),
    ):
        given = {"hash": link_hash.hex(), "sealed": data}
        file.fails("open_bundle", name, given, "invitation-mismatch")
    return file.write()


def write_handshake() -> int:
    from tests.vectors import second_checks
    from tests.vectors.generation import written
    from tests.vectors.vector_files import Case

    file = File("handshake", "4", "Both sides of the handshake; the encapsulation is recorded.")
    draw = Seeded("handshake")
    state, bundle = invitation("handshake")
    therapist = invitation_input(file, state)
    reordered = with_details(state.bundle, lambda old: dict(reversed(old.items())))
    values = {}
    for name, data in (
        ("both sides", therapist["bundle"]),
        ("details in another order than the package writes them", reordered.hex()),
    ):
        shared, ciphertext = bundle.kem.encapsulate()
        given = {
            "bundle": data,
            "identity": draw(32).hex(),
            "ephemeral": draw(32).hex(),
            "ciphertext": bytes(ciphertext).hex(),
            "shared": bytes(shared).hex(),
        }
        case = Case("", "", "", given, None, None, file.blobs)
        output = written(second_checks.client_handshake(case))
        file.passes("client_handshake", name, given, output)
        values = {"opening_values": output.pop("opening_values")}
        file.passes("therapist_handshake", name, {**therapist, "bundle": data, **values}, output)
    for name, at in (("identity", 0), ("ephemeral key", 64)):
        opening = values["opening_values"]
        opening = opening[:at] + LOW_ORDER[2] + opening[at + 64 :]
        given = {**therapist, "opening_values": opening}
        file.fails("therapist_handshake", f"{name} of low order", given, "invalid-key")
    return file.write()


def write_ratchet() -> int:
    file = File("ratchet", "5 and 6.1", "Root step, chain and message keys.")
    draw = Seeded("ratchet")
    from tests.vectors.package_checks import own_turn

    author, receiver = own_turn(draw(32), draw(64)), own_turn(draw(32), draw(64))
    shared, ciphertext = receiver.keys.kem.encapsulate()
    root = draw(32).hex()
    given = {
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
    item = content.Text(id=draw(16), sequence=1, written=_written(), text="Good morning.")
    packed = content.pack_body(item).hex()
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
    last = {**message, "number": 79_999}
    sealed = file.passes("seal_envelope", "the last of a turn", last)
    sealed["envelope"] = file.blob("last", bytes.fromhex(sealed["envelope"]))
    file.fails("seal_envelope", "a full turn", {**message, "number": 80_000}, "turn-full")
    return file.write()


def _written() -> Any:  # noqa: ANN401
    from tests.vectors.generation import WRITTEN

    return WRITTEN


def write_relay() -> int:
    file = File("relay", "9.1 and 9.2", "What the relay keeps of keys; headers; a page.")
    draw = Seeded("relay")
    for right in ("mailbox", "deposit-key", "ticket", "allowance", "claim"):
        file.passes("capability", right, {"right": right, "key": draw(32).hex()})
    keys = ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaG_z9_v8", "A" * 43]
    for name, scheme, value in (
        ("one key", "Deposit", f"Deposit {keys[0]}"),
        ("several keys", "Owner", "Owner " + ",".join(keys)),
        ("128 keys", "Owner", "Owner " + ",".join([keys[1]] * 128)),
    ):
        file.passes("read_authorization", name, {"value": value, "scheme": scheme})
    for name, value in (
        ("another scheme", f"Deposit {keys[0]}"),
        ("a scheme in another case", f"owner {keys[0]}"),
        ("no key", "Owner"),
        ("an empty key", "Owner "),
        ("a comma at the end", f"Owner {keys[0]},"),
        ("a space after a comma", f"Owner {keys[0]}, {keys[1]}"),
        ("two spaces", f"Owner  {keys[0]}"),
        ("padding", f"Owner {keys[0]}="),
        ("a short key", f"Owner {keys[0][:-1]}"),
        ("129 keys", "Owner " + ",".join([keys[1]] * 129)),
    ):
        given = {"value": value, "scheme": "Owner"}
        file.fails("read_authorization", name, given, "malformed")
    write_pages(file)
    return file.write()


def write_pages(file: File) -> None:
    def record(position: int, fill: str = "aa") -> list[Any]:
        return [position.to_bytes(8, "big").hex(), {"hex": fill, "times": 16_384}]

    file.passes("read_page", "an empty page", {"page": ""})
    file.passes("read_page", "with a gap", {"page": [record(1), record(7, "bb")]})
    sixty_four = [record(position) for position in range(5, 69)]
    file.passes("read_page", "64 records", {"page": sixty_four})
    for name, page in (
        ("65 records", [*sixty_four, record(69)]),
        ("a record cut short", [record(1), "00" * 8, {"hex": "aa", "times": 16_383}]),
        ("the same position twice", [record(1), record(1)]),
        ("positions that fall", [record(2), record(1)]),
        ("position 0", [record(0)]),
    ):
        file.fails("read_page", name, {"page": page}, "malformed")


def write_safety_phrase() -> int:
    file = File("safety_phrase", "10", "Six words over both identities and the transcript.")
    draw = Seeded("safety phrase")
    for name in ("one conversation", "another"):
        given = {part: draw(32).hex() for part in ("client", "therapist", "transcript")}
        file.passes("safety_phrase", name, given)
    return file.write()


def main() -> None:
    """Write every file and say how large they are together."""
    writers = (
        write_labels,
        write_base64url,
        write_keys,
        write_bundle,
        write_link,
        write_sealed_bundle,
        write_handshake,
        write_ratchet,
        write_envelope,
        write_conversation,
        write_body,
        write_parts,
        write_relay,
        write_safety_phrase,
        write_keyslots,
    )
    size = sum(write() for write in writers)
    print(json.dumps({"files": len(writers), "characters": size}))  # noqa: T201 - a command


if __name__ == "__main__":
    main()
