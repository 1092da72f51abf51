"""Exported copies of the record, and the verifier that travels with them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from e2etherapy.journal.chain import Entry
from e2etherapy.journal.export import AttachedFile, Book, Exporter, WrittenBook
from e2etherapy.journal.shown import Authors
from e2etherapy.wire.content import Attachment
from tests.support.books import BOOK, WHEN

ITEM = bytes(range(100, 116))


def attachment(data: bytes, name: str = "letter.pdf", item: bytes = ITEM) -> Attachment:
    return Attachment(
        id=item,
        sequence=1,
        written=WHEN,
        name=name,
        media_type="application/pdf",
        size=len(data),
        sha256=hashlib.sha256(data).digest(),
    )


def attached(
    data: bytes, name: str = "letter.pdf", item: bytes = ITEM, *, own: bool = False
) -> AttachedFile:
    return AttachedFile(item.hex(), name, data, own)


def copy_of(
    entries: list[Entry],
    files: Iterable[AttachedFile] = (),
    *,
    title: str = "Dr. Okafor",
    other: str = "Dr. Okafor",
) -> zipfile.ZipFile:
    file = io.BytesIO()
    exporter = Exporter(file, WHEN)
    add_book(exporter, Book(BOOK, title, Authors("Sam", other), entries), files)
    exporter.close()
    return zipfile.ZipFile(file)


def add_book(exporter: Exporter, book: Book, files: Iterable[AttachedFile] = ()) -> WrittenBook:
    """Write a whole book."""
    writer = exporter.begin(book)
    for attached_file in files:
        writer.attach(attached_file)
    return writer.close()


def in_book(archive: zipfile.ZipFile, name: str) -> str:
    """Return one file of the copy's only book."""
    (found,) = [path for path in archive.namelist() if path.endswith(name) and path[0] == "b"]
    return archive.read(found).decode()


class Unpacked:
    """A copy in a folder, for somebody to alter and to verify."""

    def __init__(self, archive: zipfile.ZipFile, folder: Path) -> None:
        archive.extractall(folder)
        self.folder = folder
        (self.json,) = folder.glob("books/*/journal.json")

    def book(self) -> dict[str, Any]:
        book: dict[str, Any] = json.loads(self.json.read_text())
        return book

    def rewrite(self, book: dict[str, Any]) -> None:
        self.json.write_text(json.dumps(book))

    def verify(self, **environment: str) -> tuple[int, bytes]:
        """Run the verifier; return its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "utf8=0", "verify.py"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert not done.stderr, done.stderr.decode()
        return done.returncode, done.stdout
