"""Checks an exported record. Needs Python 3.8 or later and nothing else.

Run it in the folder into which the export was unpacked:

    python3 verify.py

It computes anew, for each book, the hash chain over all entries and the hashes of the attached
files, and says what it found. The exit code is 0 if everything fits, otherwise 1.

    H(purpose, parts) = SHA-256("e2etherapy/1/" + purpose + 00 + parts)
    commitment(i)     = H("journal-entry", salt(i), content(i))
    head(0)           = H("journal-book", book id)
    head(i)           = H("journal-chain", head(i-1), 8-byte big-endian i, commitment(i))
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import sys


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
    book = json.loads(path.read_text("utf-8"))
    head = labelled("journal-book", bytes.fromhex(book["book"]))
    blanked = 0
    for number, entry in enumerate(book["entries"], 1):
        if entry["position"] != number:
            raise Broken(f"entry {number} is missing or out of its place")
        commitment = bytes.fromhex(entry["commitment"])
        if entry["content"] is None:
            blanked += 1
        elif commitment != labelled(
            "journal-entry", bytes.fromhex(entry["salt"]), entry["content"].encode("utf-8")
        ):
            raise Broken(f"entry {number} was changed")
        head = labelled("journal-chain", head, number.to_bytes(8, "big"), commitment)
        if head != bytes.fromhex(entry["head"]):
            raise Broken(f"entry {number} does not follow the one before it")
    if head != bytes.fromhex(book["head"]):
        raise Broken("the end of the book is missing")
    for attachment in book["attachments"]:
        check_file(path.parent, attachment)
    return (
        f"{book['title']}: {len(book['entries'])} entries ({blanked} blanked in this copy), "
        f"{len(book['attachments'])} files. All of it fits. Last head: {head.hex()}"
    )


def check_file(folder: pathlib.Path, attachment: dict[str, str]) -> None:
    """Check an attached file's hash.

    Raises:
        Broken: the file is missing or was changed.
    """
    path = folder / attachment["path"]
    if not path.is_file():
        raise Broken(f"the file {attachment['path']} is missing")
    if hashlib.sha256(path.read_bytes()).hexdigest() != attachment["sha256"]:
        raise Broken(f"the file {attachment['path']} was changed")


def main() -> int:
    """Check every book below the folder of this file."""
    here = pathlib.Path(__file__).resolve().parent
    books = sorted(here.glob("books/*/journal.json"))
    if not books:
        print("There is no record beside this file.")
        return 1
    failed = False
    for path in books:
        try:
            print(check_book(path))
        except Broken as broken:
            failed = True
            print(f"{path.parent.name}: NOT as it was exported: {broken}.")
        except (KeyError, TypeError, ValueError):
            failed = True
            print(f"{path.parent.name}: NOT as it was exported: journal.json is damaged.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
