"""Entries and exported books (section 12)."""

import hashlib
import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from tests.vectors.second_implementation.chain import chain_heads, entry_commitment
from tests.vectors.second_implementation.formats import KIND, check_item
from tests.vectors.second_implementation.notation import (
    Json,
    Members,
    Refused,
    check_members,
    depth,
    dump_json,
    is_base64,
    is_int,
    is_time,
    load_json,
    refuse,
)


def is_details(value: object) -> bool:
    """Some: an empty object is left out."""
    members = value.values() if isinstance(value, dict) else ()
    return bool(members) and all(type(member) in {str, int} for member in members)


ENTRIES: dict[str, Members] = {
    "message": {
        "direction": lambda value: value in {"sent", "received"},
        "item": lambda value: isinstance(value, dict),
    },
    "private": {
        "id": is_base64(16),
        "text": lambda value: isinstance(value, str),
        "mood": is_int(0, 11),
    },
    "event": {"event": lambda value: isinstance(value, str), "details": is_details},
}


def read_entry(content: bytes) -> Json | None:
    """The members of an entry; None for a kind that a newer version wrote."""
    value = load_json(content)
    kind = value.get("kind")
    if not isinstance(kind, str):
        refuse("malformed")
    if kind not in ENTRIES:
        return None if depth(value) <= 32 else refuse("malformed")
    members = {**KIND, **ENTRIES[kind], "recorded": is_time}
    check_members(value, members, ("mood", "details"))
    if kind == "message":
        check_item(value["item"])
    return value


def write_entry(entry: Json) -> bytes:
    return dump_json(entry)


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


def is_hex(size: int | None = None) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        shape = isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{2})*", value)
        return bool(shape) and size in {None, len(str(value)) // 2}

    return check


def or_null(check: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def each(check: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def having(members: Members) -> Callable[[object], bool]:
    """Other members are ignored; `content_hex` may be left out."""
    names = [name for name in members if name != "content_hex"]
    return lambda value: (
        isinstance(value, dict)
        and all(name in value for name in names)
        and all(members[name](member) for name, member in value.items() if name in members)
    )


def is_string(value: object) -> bool:
    return isinstance(value, str)


is_count = is_int(0, 2**53)
is_exported_book = having(
    {
        "format": lambda value: type(value) is int and value == 1,
        "book": is_hex(16),
        "title": is_string,
        "head": is_hex(32),
        "attachments": each(
            having({"item": is_hex(16), "path": is_string, "sha256": is_hex(32), "size": is_count})
        ),
        "unreadable": each(is_count),
        "entries": each(
            having(
                {
                    "position": is_count,
                    "salt": or_null(is_hex(32)),
                    "content": or_null(is_string),
                    "commitment": is_hex(32),
                    "head": is_hex(32),
                    "content_hex": is_hex(),
                }
            )
        ),
    }
)


def once(members: list[tuple[str, Any]]) -> Json:
    return dict(members) if len(dict(members)) == len(members) else refuse("malformed")


def load_exported_book(data: bytes) -> Json:
    try:
        book: Json = json.loads(
            data.decode(),
            object_pairs_hook=once,
            parse_float=lambda _: refuse("malformed"),
            parse_constant=lambda _: refuse("malformed"),
        )
        dump_json(book)  # a lone surrogate is not UTF-8
    except (ValueError, RecursionError):
        refuse("malformed")
    return book if is_exported_book(book) else refuse("malformed")


def check_exported_book(data: bytes, files: dict[str, bytes]) -> tuple[bytes, list[bytes | None]]:
    """The last head, and every content, if all of it fits."""
    book = load_exported_book(data)
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
        if len(data) != file["size"]:
            refuse("record-broken")
        if (file["item"], file["sha256"]) not in named:
            refuse("record-broken")
    if present:
        refuse("record-broken")
