"""Generates the vectors of formats: labels, base64url, bundle, link and the relay's."""

from collections.abc import Callable
from typing import Any

from tests.vectors.generation import (
    LOW_ORDER,
    File,
    Seeded,
    b64,
    invitation,
    shortened,
    with_details,
)
from tests.vectors.vector_files import Bytes, Json


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


def with_text(bundle: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the bundle with its details written in another way."""
    text = change(bundle[2852:])
    return bundle[:2848] + len(text).to_bytes(4, "big") + text


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
        "members in another order": with_details(bundle, lambda old: dict(reversed(old.items()))),
        "white space after it": with_text(bundle, lambda text: text + b" "),
        "a member twice": with_text(bundle, lambda text: text[:-1] + b"," + text[1:]),
        "a ticket with spare bits": using(ticket=b64(bytes(32))[:-2] + "B="),
        "a credential that is null": using(credential=None),
        "an unknown member": using(colour="red"),
        "no ticket": with_details(bundle, without("ticket")),
        "a mailbox of 31 bytes": using(mailbox=b64(bytes(31))),
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
    keys = file.blob("keys", bundle[:2848])

    def compact(data: bytes) -> Bytes:
        same = data.startswith(bundle[:2848])
        return [keys, *shortened(data[2848:])] if same else data.hex()

    for name, data in accepted.items():
        file.passes("unpack_bundle", name, {"bundle": compact(data)})
    for name, data in refused.items():
        file.fails("unpack_bundle", name, {"bundle": compact(data)}, "malformed")
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
