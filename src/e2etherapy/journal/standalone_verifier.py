"""Checks an exported record. Needs Python 3.8 or later and nothing else.

Run it in the folder into which the export was unpacked:

    python3 verify.py

It computes anew, for each book, the hash chain over all entries, checks that each attached file
is the one that an entry names, and says what it found. The exit code is 0 if everything fits,
otherwise 1.

    H(purpose, parts) = SHA-256("e2etherapy/1/" + purpose + 00 + parts)
    commitment(i)     = H("journal-entry", salt(i), content(i))
    head(0)           = H("journal-book", book id)
    head(i)           = H("journal-chain", head(i-1), 8-byte big-endian i, commitment(i))
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import pathlib
import re
import sys
import unicodedata
from typing import Any

FORMAT = 1
MALFORMED = (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError)
EXPORTED_NAME = re.compile(r"[0-9]{3,}-")


class Broken(Exception):
    """Something does not fit; the text says what."""


def labelled(purpose: str, *parts: bytes) -> bytes:
    """Return SHA-256 over the label and the parts."""
    label = b"e2etherapy/1/" + purpose.encode("ascii") + b"\x00"
    return hashlib.sha256(label + b"".join(parts)).digest()


def check_book(path: pathlib.Path) -> str:
    """Check one journal.json and the files beside it; return a sentence.

    Raises:
        Broken: something does not fit.
    """
    book = read_json(path.read_bytes())
    if whole(book["format"]) != FORMAT:
        raise ValueError("another format")
    head = labelled("journal-book", unhex(book["book"], 16))
    blank: list[int] = []
    named: set[tuple[str, str]] = set()
    for number, entry in enumerate(book["entries"], 1):
        commitment = check_entry(number, entry, named)
        if content_of(number, entry) is None:
            blank.append(number)
        head = labelled("journal-chain", head, number.to_bytes(8, "big"), commitment)
        if head != unhex(entry["head"], 32):
            raise Broken(f"entry {number} does not follow the one before it")
    if head != unhex(book["head"], 32):
        raise Broken("the end of the book is missing")
    absent = len(named - check_files(path.parent, book["attachments"], named))
    left_out = f"Recorded files that are not in this copy: {absent}. " if absent else ""
    unreadable = ", ".join(str(whole(position)) for position in book["unreadable"])
    kept = f"Entries that are kept and cannot be shown: {unreadable}. " if unreadable else ""
    erased = len(erased_among(blank, book["entries"]))
    gone = f"Entries that were erased before this copy was made: {erased}. " if erased else ""
    blanked = len(blank) - erased
    entries = counted(len(book["entries"]), "entry", "entries")
    files = counted(len(book["attachments"]), "file", "files")
    return (
        f"{book['title']}: {entries} ({blanked} blanked in this copy), "
        f"{files}. All of it fits. {gone}{left_out}{kept}"
        f"Last head: {head.hex()}"
    )


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def check_entry(number: int, entry: dict[str, Any], named: set[tuple[str, str]]) -> bytes:
    """Return an entry's commitment; add the file that it names, if it names one.

    Raises:
        Broken: it is another entry, or was changed.
    """
    if whole(entry["position"]) != number:
        raise Broken(f"entry {number} is missing or out of its place")
    content = content_of(number, entry)
    if (entry["salt"] is None) != (content is None):
        raise Broken(f"entry {number} is only half blanked")
    commitment = unhex(entry["commitment"], 32)
    if content is not None:
        if commitment != labelled("journal-entry", unhex(entry["salt"], 32), content):
            raise Broken(f"entry {number} was changed")
        # One that is malformed was recorded so, and names no file: only its bytes are vouched for.
        with contextlib.suppress(*MALFORMED):
            named.update(files_named_in(content))
    return commitment


def erased_among(blank: list[int], entries: list[dict[str, Any]]) -> list[int]:
    """Return which entries without content were erased, by what entries behind them say."""
    told: list[tuple[int, int, int]] = []
    for number, entry in enumerate(entries, 1):
        # What is malformed says nothing of the kind.
        with contextlib.suppress(*MALFORMED):
            said = read_json(content_of(number, entry) or b"")
            if said["kind"] == "event" and said["event"] == "entries_erased":
                for run in said["details"]["entries"].split(", "):
                    first, _, last = run.partition("-")
                    told.append((number, int(first), int(last or first)))
    return [
        number
        for number in blank
        if any(number < teller and first <= number <= last for teller, first, last in told)
    ]


def content_of(number: int, entry: dict[str, Any]) -> bytes | None:
    """Return the bytes that were committed to; None if the entry is blanked.

    Raises:
        Broken: the entry gives two contents, of which a reader would see only one.
    """
    if "content_hex" not in entry:
        return None if entry["content"] is None else bytes(entry["content"].encode("utf-8"))
    if entry["content"] is not None:
        raise Broken(f"entry {number} has two contents")
    return unhex(entry["content_hex"])


def files_named_in(content: bytes) -> list[tuple[str, str]]:
    """Return the file that an entry commits to, if it does."""
    said = read_json(content)
    if json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8") != content:
        return []  # not as an entry is written
    item = said["item"] if said["kind"] == "message" else {}
    if item.get("kind") != "attachment":
        return []
    return [(hex_of(item["id"]), hex_of(item["sha256"]))]


def check_files(
    folder: pathlib.Path, listed: list[dict[str, Any]], named: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Check that the attached files are those that entries name; return these.

    A file goes by the hex id of its item and its hex SHA-256.

    Raises:
        Broken: a file is missing, was changed, or no entry names it.
    """
    present = {
        f"attachments/{unicodedata.normalize('NFC', path.name)}": path
        for path in folder.glob("attachments/*")
        if EXPORTED_NAME.match(path.name)
    }
    found: set[tuple[str, str]] = set()
    for attachment in listed:
        shown = attachment["path"]
        path = present.pop(unicodedata.normalize("NFC", shown), None)
        if path is None:
            raise Broken(f"the file {shown} is missing")
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != attachment["sha256"] or len(data) != whole(attachment["size"]):
            raise Broken(f"the file {shown} was changed")
        if (attachment["item"], digest) not in named:
            raise Broken(f"the file {shown} is not one that an entry names")
        found.add((attachment["item"], digest))
    if present:
        raise Broken(f"the file {min(present)} was inserted")
    return found


def hex_of(text: str) -> str:
    """Return base64 as hex.

    Raises:
        ValueError: it is not in its one form.
    """
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode("ascii") != text:
        raise ValueError("spare bits")
    return data.hex()


def unhex(text: str, size: int | None = None) -> bytes:
    """Return the bytes of lower-case hex, exactly `size` of them if that is given.

    Raises:
        ValueError: it is something else.
    """
    data = bytes.fromhex(text)
    if data.hex() != text or (size is not None and len(data) != size):
        raise ValueError("not so many bytes of lower-case hex")
    return data


def whole(value: object) -> int:
    """Return a whole number.

    Raises:
        ValueError: it is something else.
    """
    if type(value) is not int:
        raise ValueError("no whole number")
    return value


def read_json(data: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON that says everything once.

    Raises:
        ValueError: it is not that: a member stands there twice, a number is not whole, or a text
            holds half a character.
    """
    text = data.decode("utf-8")
    value = json.loads(text, object_pairs_hook=once, parse_float=refuse, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object each of whose members stands there once.

    Raises:
        ValueError: one stands there twice.
    """
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member twice")
    return found


def refuse(text: str) -> None:
    """Refuse a number.

    Raises:
        ValueError: always.
    """
    raise ValueError(text)


def inert(text: str) -> str:
    """Return a text in which nothing can steer the terminal or begin a line."""
    return "".join(
        character if character.isprintable() else f"<U+{ord(character):04X}>" for character in text
    )


def main() -> int:
    """Check every book below the folder of this file."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if len(sys.argv) > 1:
        print(
            "This checks the record beside it, and nothing that is named: run it without arguments."
        )
        return 2
    here = pathlib.Path(__file__).resolve().parent
    books = sorted(here.glob("books/*/journal.json"))
    if not books:
        print("There is no record beside this file.")
        return 1
    failed = False
    for path in books:
        try:
            sentence = check_book(path)
        except Broken as broken:
            failed = True
            sentence = f"{path.parent.name}: NOT as it was exported: {broken}."
        except MALFORMED:
            failed = True
            sentence = f"{path.parent.name}: NOT as it was exported: journal.json is damaged."
        print(inert(sentence))
    print(f"Books checked: {len(books)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
