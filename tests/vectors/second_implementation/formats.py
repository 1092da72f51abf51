"""Everything that is only layout (sections 1, 3, 7 and 9)."""

import base64
import re
from dataclasses import dataclass

from tests.vectors.second_implementation import care
from tests.vectors.second_implementation.notation import (
    Json,
    Members,
    Refused,
    check_members,
    depth,
    dump_json,
    is_base64,
    is_bytes,
    is_date,
    is_ids,
    is_int,
    is_text,
    is_time,
    load_json,
    refuse,
)

ENVELOPE = 16_384
BUNDLE_LIMIT = 16_340


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def cut(data: bytes, *sizes: int) -> list[bytes]:
    """Pieces of the given sizes and, last, what is left."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str, size: int) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        refuse("malformed")
    if len(data) != size or b64url(data) != text:
        refuse("malformed")
    return data


P = 2**255 - 19
ORDER_8 = (
    0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
)


def is_low_order(public: bytes) -> bool:
    return int.from_bytes(public, "little") % 2**255 in {0, 1, P - 1, P, P + 1, *ORDER_8}


@dataclass
class Bundle:
    identity: bytes
    one_time: bytes
    ratchet_x: bytes
    kem: bytes  # ML-KEM-1024
    ratchet_k: bytes  # ML-KEM-768
    details: Json


DETAILS: Members = {
    "name": is_text(200),
    "mailbox": is_base64(32),
    "deposit_key": is_base64(32),
    "ticket": is_base64(32),
    "expires": is_date,
    "credential": is_text(8_000),
    "log_proof": is_text(8_000),
}


def pack_bundle(bundle: Bundle) -> bytes:
    details = dump_json(bundle.details)
    keys = bundle.identity + bundle.one_time + bundle.ratchet_x + bundle.kem + bundle.ratchet_k
    return keys + u32(len(details)) + details


def unpack_bundle(data: bytes) -> Bundle:
    identity, one_time, ratchet_x, kem, ratchet_k, n, details = cut(
        data, 32, 32, 32, 1_568, 1_184, 4
    )
    if len(n) != 4 or int.from_bytes(n, "big") != len(details) or len(data) > BUNDLE_LIMIT:
        refuse("malformed")
    if any(map(is_low_order, (identity, one_time, ratchet_x))):
        refuse("malformed")
    members = check_members(load_json(details), DETAILS, ("credential", "log_proof"))
    return Bundle(identity, one_time, ratchet_x, kem, ratchet_k, members)


def make_link(relay: str, hash_of_bundle: bytes) -> str:
    return f"e2etherapy://{relay}/#{b64url(hash_of_bundle)}"


def read_link(link: str) -> tuple[str, bytes]:
    found = re.fullmatch(r"e2etherapy://([^/#?@]+)/#([^/]*)", link)
    if not found:
        refuse("invalid-link")
    try:
        return found[1], from_b64url(found[2], 32)
    except Refused:
        refuse("invalid-link")


KIND: Members = {"kind": lambda value: isinstance(value, str)}
ITEM: Members = {"id": is_base64(16), "sequence": is_int(1, 2**53), "written": is_time}
KINDS: dict[str, Members] = {
    "text": {"text": is_bytes(1_000_000)},
    "attachment": {
        "name": is_text(200),
        "media_type": is_text(200),
        "size": is_int(0, 25_000_001),
        "sha256": is_base64(32),
    },
    "part": {"whole": is_base64(16), "index": is_int(0, 2_400), "count": is_int(2, 2_401)},
    "receipt": {"items": is_ids},
    "read_mark": {"items": is_ids},
    "profile": {"name": is_text(200)},
    "journal_share": {"text": is_bytes(1_000_000), "entry_written": is_time},
    **care.KINDS,
}
REPLY_TO: Members = {"mailbox": is_base64(32), "deposit_key": is_base64(32)}


@dataclass
class Content:
    item: Json
    blob: bytes = b""
    reply_to: Json | None = None

    @property
    def known(self) -> bool:
        return self.item["kind"] in KINDS


def pack(content: Content) -> bytes:
    value: Json = {"item": content.item}
    if content.blob:
        value["blob"] = len(content.blob)
    if content.reply_to:
        value["reply_to"] = content.reply_to
    data = dump_json(value)
    return u32(len(data)) + data + content.blob


def pad(packed: bytes, size: int) -> bytes:
    return packed.ljust(size, b"\0") if len(packed) <= size else refuse("too-large")


def check_item(item: Json) -> None:
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        check_members({name: item.get(name) for name in (*KIND, *ITEM)}, {**KIND, **ITEM})
        if depth(item) > 32:
            refuse("malformed")
        return
    members = {**KIND, **KINDS[kind], **ITEM, "answers": is_base64(16)}
    check_members(item, members, ("answers", *care.optional(kind)))
    if kind == "part":
        first = item["sequence"] - item["index"]
        if item["index"] >= item["count"] or first < 1 or first + item["count"] > 2**53:
            refuse("malformed")


def unpack(packed: bytes) -> Content:
    """A body, padded or not: its form, not yet whether the blob is what the item says."""
    n = int.from_bytes(packed[:4], "big")
    if len(packed) < 4 + n or n > 6_100_000:
        refuse("malformed")
    members: Members = {
        "item": lambda value: isinstance(value, dict),
        "blob": is_int(1, 2**32),
        "reply_to": lambda value: bool(check_members(value, REPLY_TO)),
    }
    value = check_members(load_json(packed[4 : 4 + n]), members, ("blob", "reply_to"))
    blob, padding = cut(packed[4 + n :], value.get("blob", 0))
    if len(blob) != value.get("blob", 0) or any(padding):
        refuse("malformed")
    check_item(value["item"])
    return Content(value["item"], blob, value.get("reply_to"))


def join_parts(parts: list[Content]) -> Content:
    """The whole, from its pieces in any order."""
    parts = sorted(parts, key=lambda part: int(part.item["index"]))
    first = parts[0].item
    names = ("whole", "count", "index", "sequence")
    for index, part in enumerate(parts):
        expected = (first["whole"], first["count"], index, first["sequence"] + index)
        if tuple(part.item[name] for name in names) != expected:
            refuse("malformed")
    whole = unpack(b"".join(part.blob for part in parts))
    if (whole.item["id"], whole.item["sequence"]) != (first["whole"], first["sequence"]):
        refuse("malformed")
    if len(parts) != first["count"] or whole.item["kind"] == "part":
        refuse("malformed")
    return whole


def read_authorization(value: str, scheme: str, most: int = 1) -> list[bytes]:
    name, _, keys = value.partition(" ")
    texts = keys.split(",")
    if name != scheme or len(texts) > most:
        refuse("malformed")
    return [from_b64url(text, 32) for text in texts]


def read_page(data: bytes) -> list[tuple[int, bytes]]:
    size = 8 + ENVELOPE
    records = [data[at : at + size] for at in range(0, len(data), size)]
    positions = [int.from_bytes(record[:8], "big") for record in records]
    rising = all(low < high for low, high in zip([0, *positions], positions, strict=False))
    if len(data) % size or len(records) > 64 or not rising:
        refuse("malformed")
    return [(position, record[8:]) for position, record in zip(positions, records, strict=True)]
