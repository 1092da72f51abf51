"""The formats of the second implementation: sections 1, 3, 7 and 9 of docs/protocol.md.

Everything that is only layout; second_implementation.py has the cryptography.
"""

import base64
import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

Json = dict[str, Any]
ENVELOPE = 16_384
BUNDLE_LIMIT = 16_340


class Refused(Exception):
    """The input is refused; `reason` is the failure class that the vectors name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def refuse(reason: str) -> NoReturn:
    raise Refused(reason)


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


def load_json(data: bytes) -> Json:
    try:
        value = json.loads(data.decode(), parse_constant=lambda _: refuse("malformed"))
        dump_json(value)  # a lone surrogate is not UTF-8
    except (ValueError, RecursionError):
        refuse("malformed")
    if not isinstance(value, dict):
        refuse("malformed")
    return value


def dump_json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def is_base64(size: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            data = base64.b64decode(value if isinstance(value, str) else "!", validate=True)
        except ValueError:
            return False
        return len(data) == size and base64.b64encode(data).decode() == value

    return check


def is_text(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def is_bytes(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value.encode()) <= limit


def is_int(least: int, below: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and least <= value < below


def is_time(value: object) -> bool:
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_date(value: object) -> bool:
    return isinstance(value, str) and is_time(value + "T00:00:00Z")


def is_ids(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 256 and all(map(is_base64(16), value))


Members = dict[str, Callable[[Any], bool]]


def check_members(value: object, required: Members, optional: Members | None = None) -> Json:
    members = {**required, **(optional or {})}
    if not isinstance(value, dict) or not required.keys() <= value.keys() <= members.keys():
        refuse("malformed")
    if not all(members[name](member) for name, member in value.items()):
        refuse("malformed")
    return value


DETAILS: Members = {
    "name": is_text(200),
    "mailbox": is_base64(32),
    "deposit_key": is_base64(32),
    "ticket": is_base64(32),
    "expires": is_date,
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
    optional = {"credential": is_text(8_000), "log_proof": is_text(8_000)}
    members = check_members(load_json(details), DETAILS, optional)
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


ITEM: Members = {
    "kind": lambda value: isinstance(value, str),
    "id": is_base64(16),
    "sequence": is_int(1, 2**53),
    "written": is_time,
}
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
        check_members({name: item.get(name) for name in ITEM}, ITEM)
        return
    check_members(item, {**ITEM, **KINDS[kind]}, {"answers": is_base64(16)})
    if kind == "part" and item["index"] >= item["count"]:
        refuse("malformed")


def unpack(packed: bytes) -> Content:
    """A body, padded or not: its form, not yet whether the blob is what the item says."""
    n = int.from_bytes(packed[:4], "big")
    if len(packed) < 4 + n or n > 6_100_000:
        refuse("malformed")
    optional: Members = {
        "blob": is_int(0, 2**32),
        "reply_to": lambda value: bool(check_members(value, REPLY_TO)),
    }
    is_object = {"item": lambda value: isinstance(value, dict)}
    value = check_members(load_json(packed[4 : 4 + n]), is_object, optional)
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
