"""Entries and exported books of the second implementation: section 12 of docs/protocol.md."""

import hashlib
import re
import unicodedata
from base64 import b64decode
from typing import Any

from tests.vectors.second_formats import (
    Json,
    Members,
    Refused,
    check_item,
    check_members,
    dump_json,
    is_base64,
    is_int,
    is_time,
    load_json,
    refuse,
)
from tests.vectors.second_implementation import chain_heads, entry_commitment


def is_details(value: object) -> bool:
    return isinstance(value, dict) and all(type(member) in {str, int} for member in value.values())


RECORDED: Members = {"kind": lambda value: isinstance(value, str), "recorded": is_time}
ENTRIES: dict[str, tuple[Members, Members]] = {
    "message": (
        {
            "direction": lambda value: value in {"sent", "received"},
            "item": lambda value: isinstance(value, dict),
        },
        {},
    ),
    "private": (
        {"id": is_base64(16), "text": lambda value: isinstance(value, str)},
        {"mood": lambda value: value is None or is_int(0, 11)(value)},
    ),
    "event": ({"event": lambda value: isinstance(value, str)}, {"details": is_details}),
}


def read_entry(content: bytes) -> Json | None:
    """The members of an entry; None for a kind that a newer version wrote."""
    value = load_json(content)
    kind = value.get("kind")
    if not isinstance(kind, str):
        refuse("malformed")
    if kind not in ENTRIES:
        return None
    required, optional = ENTRIES[kind]
    check_members(value, {**RECORDED, **required}, optional)
    if kind == "message":
        check_item(value["item"])
    return value


def write_entry(entry: Json) -> bytes:
    required, optional = ENTRIES[entry["kind"]]
    names = ("kind", *required, *optional, "recorded")
    return dump_json({name: entry[name] for name in names if entry.get(name) not in (None, {})})


def can_be_shown(content: bytes) -> bool:
    try:
        read_entry(content)
    except Refused:
        return False
    return True


def exported_entry(position: int, salt: bytes, content: bytes, blanked: bool) -> Json:
    try:
        text: str | None = content.decode()
        bare: Json = {}
    except UnicodeDecodeError:
        text, bare = None, {"content_hex": content.hex()}
    if blanked:
        text, bare = None, {}
    return {
        "position": position,
        "salt": None if blanked else salt.hex(),
        "content": text,
        "commitment": entry_commitment(salt, content).hex(),
        **bare,
    }


def attached_file(number: int, name: str, item: bytes, data: bytes) -> Json:
    return {
        "item": item.hex(),
        "path": f"attachments/{number:03}-{name}",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }


def export_book(
    book_id: bytes, title: str, entries: list[tuple[bytes, bytes, bool]], files: list[Json]
) -> Json:
    """`journal.json` of a book whose entries are salts and contents, some of them blanked."""
    heads = chain_heads(book_id, [entry_commitment(salt, content) for salt, content, _ in entries])
    return {
        "format": 1,
        "book": book_id.hex(),
        "title": title,
        "head": heads[-1].hex(),
        "attachments": files,
        "unreadable": [
            position
            for position, (_, content, blanked) in enumerate(entries, 1)
            if not blanked and not can_be_shown(content)
        ],
        "entries": [
            {**exported_entry(position, *entry), "head": heads[position].hex()}
            for position, entry in enumerate(entries, 1)
        ],
    }


def content_of(entry: Json) -> bytes | None:
    if "content_hex" not in entry:
        return None if entry["content"] is None else str(entry["content"]).encode()
    if entry["content"] is not None:
        refuse("record-broken")
    return bytes.fromhex(entry["content_hex"])


def check_exported_book(book: Json, files: dict[str, bytes]) -> tuple[bytes, list[bytes | None]]:
    """The last head, and every content, if all of it fits."""
    contents = [content_of(entry) for entry in book["entries"]]
    commitments = [bytes.fromhex(entry["commitment"]) for entry in book["entries"]]
    heads = chain_heads(bytes.fromhex(book["book"]), commitments)
    named: set[tuple[str, str]] = set()
    for i, (entry, content) in enumerate(zip(book["entries"], contents, strict=True), 1):
        fits = entry["position"] == i and bytes.fromhex(entry["head"]) == heads[i]
        if not fits or (entry["salt"] is None) != (content is None):
            refuse("record-broken")
        if content is not None:
            if entry_commitment(bytes.fromhex(entry["salt"]), content) != commitments[i - 1]:
                refuse("record-broken")
            named |= file_named_in(content)
    if heads[-1] != bytes.fromhex(book["head"]):
        refuse("record-broken")
    check_files(book["attachments"], files, named)
    return heads[-1], contents


def file_named_in(content: bytes) -> set[tuple[str, str]]:
    entry = read_entry(content) if can_be_shown(content) else None
    item: Any = entry["item"] if entry and entry["kind"] == "message" else {}
    if item.get("kind") != "attachment":
        return set()
    return {(b64decode(item["id"]).hex(), b64decode(item["sha256"]).hex())}


def check_files(listed: list[Json], files: dict[str, bytes], named: set[tuple[str, str]]) -> None:
    present = {
        unicodedata.normalize("NFC", path): data
        for path, data in files.items()
        if re.match(r"attachments/[0-9]{3,}-", path)
    }
    for file in listed:
        data = present.pop(unicodedata.normalize("NFC", file["path"]), None)
        if data is None or hashlib.sha256(data).hexdigest() != file["sha256"]:
            refuse("record-broken")
        if (file["item"], file["sha256"]) not in named:
            refuse("record-broken")
    if present:
        refuse("record-broken")
