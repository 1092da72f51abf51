"""Generates the vectors of entries (section 12.1) and of exported books (section 12.2)."""

import hashlib
import json

from tests.vectors.generate_content import ATTACHMENT, COMMON, ID, SHARE, TEXT
from tests.vectors.generation import File, Seeded, b64
from tests.vectors.vector_files import Json

WHEN = {"recorded": "2026-06-20T12:00:05Z"}
SENT: Json = {"kind": "message", **WHEN, "direction": "sent", "item": TEXT}
SHORT: Json = {**TEXT, "text": ""}
PRIVATE: Json = {"kind": "private", **WHEN, "id": ID, "text": "\N{CRESCENT MOON}"}
EVENT: Json = {"kind": "event", **WHEN, "event": "gap_noticed", "details": {"missing": 2}}
BARE: Json = {"kind": "event", **WHEN, "event": "x"}
LETTER = b"the letter itself"
LETTER_ITEM: Json = {
    **ATTACHMENT,
    "size": len(LETTER),
    "sha256": b64(hashlib.sha256(LETTER).digest()),
}


def text_of(entry: Json) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def accepted_entries() -> dict[str, str]:
    entries = {
        "a text that was sent": SENT,
        "a text that was received": {**SENT, "direction": "received", "item": SHORT},
        "a text that answers": {**SENT, "item": {**SHORT, "answers": ID}},
        "a file": {**SENT, "item": LETTER_ITEM},
        "a shared entry": {**SENT, "item": SHARE},
        "an item of a newer kind": {**SENT, "item": {**COMMON, "kind": "mood", "mood": 7}},
        "a private entry": PRIVATE,
        "a private entry with a mood": {**PRIVATE, "mood": 0},
        "a private entry with a mood of 10": {**PRIVATE, "mood": 10},
        "an empty private entry": {**PRIVATE, "text": ""},
        "a mood that is null": {**PRIVATE, "mood": None},
        "an event with details": EVENT,
        "an event without details": BARE,
        "an event with no details in it": {**EVENT, "details": {}},
        "an event of a later version": {**EVENT, "event": "moon", "details": {"why": "x", "n": -1}},
        "an entry of a later kind": {"kind": "homework", "steps": [1, {"a": None}]},
        "kinds are matched exactly": {**PRIVATE, "kind": "Private"},
    }
    texts = {name: text_of(entry) for name, entry in entries.items()}
    texts["members in another order"] = text_of(dict(reversed(PRIVATE.items())))
    texts["white space and escapes"] = json.dumps(PRIVATE, indent=2)
    return texts


def refused_entries() -> dict[str, str]:
    entries: dict[str, object] = {
        "no kind": {**WHEN, "event": "x"},
        "a kind that is a number": {**BARE, "kind": 1},
        "a list": [BARE],
        "no time": {"kind": "event", "event": "x"},
        "local time": {**BARE, "recorded": "2026-06-20T12:00:05+01:00"},
        "a time without a zone": {**BARE, "recorded": "2026-06-20T12:00:05"},
        "half a second": {**BARE, "recorded": "2026-06-20T12:00:05.5Z"},
        "an unknown member": {**BARE, "colour": 1},
        "a member of another kind": {**PRIVATE, "event": "x"},
        "another direction": {**SENT, "direction": "lost", "item": SHORT},
        "no item": {name: value for name, value in SENT.items() if name != "item"},
        "an item that is a text": {**SENT, "item": "text"},
        "an item that breaks its form": {**SENT, "item": {**SHORT, "sequence": 0}},
        "an id of 15 bytes": {**PRIVATE, "id": b64(bytes(15))},
        "no text": {"kind": "private", **WHEN, "id": ID},
        "a mood of 11": {**PRIVATE, "mood": 11},
        "a mood below 0": {**PRIVATE, "mood": -1},
        "a mood that is true": {**PRIVATE, "mood": True},
        "half a mood": {**PRIVATE, "mood": 4.5},
        "an event that is a number": {**BARE, "event": 5},
        "details that are a list": {**BARE, "details": []},
        "details in details": {**BARE, "details": {"a": {}}},
        "details that are true": {**BARE, "details": {"a": True}},
    }
    texts = {name: json.dumps(entry) for name, entry in entries.items()}
    return {**texts, "nothing": "", "no JSON": "Dear diary", "cut off": text_of(BARE)[:-1]}


def write_entries() -> int:
    file = File("entries", "12.1", "What an entry of the record says, and what breaks its form.")
    for name, text in accepted_entries().items():
        file.passes("read_entry", name, {"text": text})
    for name, text in refused_entries().items():
        file.fails("read_entry", name, {"text": text}, "malformed")
    for name, data in (
        ("not UTF-8", b"\xff\xfe"),
        ("half a surrogate pair", b'{"kind":"\\ud83d"}'),
    ):
        file.fails("read_entry", name, {"hex": data.hex()}, "malformed")
    return file.write()


def write_exported_book() -> int:
    file = File("exported_book", "12.2", "journal.json of an export, and what does not fit in it.")
    draw = Seeded("exported book")
    contents: list[Json] = [
        {"text": text_of(EVENT)},
        {"text": text_of({**SENT, "item": LETTER_ITEM})},
        {"text": "Dear diary"},
        {"hex": "fffe00"},
    ]
    entries = [{"salt": draw(32).hex(), **content} for content in contents]
    item = bytes(range(16)).hex()
    letter = {"item": item, "name": "letter.pdf", "data": LETTER.hex()}
    book = {"book_id": draw(16).hex(), "title": "Dr. Okafor"}
    blanked = [{**entry, "blanked": True} for entry in entries[1:3]]
    for name, some, files in (
        ("a file and two entries that cannot be shown", entries, [letter]),
        ("blanked entries", [entries[0], *blanked], []),
        ("an empty book", [], []),
    ):
        file.passes("export_book", name, {**book, "entries": some, "files": files})
    journal = file.cases[0]["output"]["journal"]
    blob = file.blob("journal", text_of(journal).encode())
    whole: Json = {"journal": blob, "files": {journal["attachments"][0]["path"]: letter["data"]}}
    file.passes("check_exported_book", "all of it", whole)
    refuse_books(file, journal, whole)
    return file.write()


def refuse_books(file: File, journal: Json, whole: Json) -> None:
    one, (letter,) = journal["entries"][0], journal["attachments"]
    (path,) = whole["files"]
    forged, forged_hash = b"forged".hex(), hashlib.sha256(b"forged").hexdigest()
    both = {"content": "{}", "content_hex": one["content"].encode().hex()}
    for name, change in (
        ("a changed text", {"change": {"0": {"content": "{}"}}}),
        ("changed bytes", {"change": {"3": {"content_hex": "ff"}}}),
        ("half blanked", {"change": {"0": {"salt": None}}}),
        ("a text beside the bytes that verify", {"change": {"0": both}}),
        ("an entry removed", {"order": "0 2 3"}),
        ("the end removed", {"order": "0 1 2"}),
        ("two entries swapped", {"order": "0 2 1 3"}),
    ):
        file.fails("check_exported_book", name, {**whole, **change}, "record-broken")
    exchanged = {**letter, "sha256": forged_hash, "size": 6}
    for name, members, files in (
        ("another book", {"book": "00" * 16}, whole["files"]),
        ("another head", {"head": one["head"]}, whole["files"]),
        ("a file that is missing", {}, {}),
        ("a file that was changed", {}, {path: forged}),
        ("a file exchanged with its listing", {"attachments": [exchanged]}, {path: forged}),
        ("a file of another item", {"attachments": [{**letter, "item": "00"}]}, whole["files"]),
        ("a file nobody listed", {}, {**whole["files"], "attachments/002-more.pdf": "00"}),
        ("a file that is not listed any more", {"attachments": []}, whole["files"]),
    ):
        broken = {**whole, "members": members, "files": files}
        file.fails("check_exported_book", name, broken, "record-broken")
