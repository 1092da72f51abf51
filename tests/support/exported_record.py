"""A record with hostile words and a file, and the copy that is exported of it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

from e2etherapy.journal.chain import Entry
from e2etherapy.journal.export import AttachedFile, Book, Exporter
from e2etherapy.journal.shown import Authors
from e2etherapy.wire.content import Attachment, Text
from tests.support.books import BOOK, WHEN, book_of, private, received
from tests.support.copies import add_book

HOSTILE = '</article><script>alert(1)</script><img src="//evil.example/x">\x1b[31m\u202egnp.exe\x00'
FILE = b"\x89PNG not really"
FILE_ITEM = Attachment(
    id=bytes(16),
    sequence=2,
    written=WHEN,
    name="../../etc/pass\u202ewd\x00.png",
    media_type="image/png",
    size=len(FILE),
    sha256=hashlib.sha256(FILE).digest(),
)


def entries() -> list[Entry]:
    text = Text(id=bytes(15) + b"t", sequence=1, written=WHEN, text=HOSTILE)
    return book_of([private("I am awake again.", 4), received(text), received(FILE_ITEM)])


def exported(some: list[Entry] | None = None) -> zipfile.ZipFile:
    file = io.BytesIO()
    exporter = Exporter(file, WHEN)
    book = Book(
        id=BOOK,
        title="Dr. Okafor <b>",
        authors=Authors("Sam", "Dr. Okafor"),
        entries=entries() if some is None else some,
    )
    add_book(exporter, book, [AttachedFile(FILE_ITEM.id.hex(), FILE_ITEM.name, FILE, own=False)])
    exporter.close()
    return zipfile.ZipFile(file)


def page(archive: zipfile.ZipFile, name: str) -> str:
    (found,) = [item for item in archive.namelist() if item.startswith("books/") and name in item]
    return archive.read(found).decode()


def unpacked(archive: zipfile.ZipFile, folder: Path) -> Path:
    archive.extractall(folder)
    return folder


def run_verifier(folder: Path, *named: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *named],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
