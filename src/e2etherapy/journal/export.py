"""A zip of the record that a person can read without software, and check with Python alone.

    README.txt  index.html  verify.py
    books/01-title/index.html  journal.txt  journal.json  attachments/001-name

journal.json holds ``format``, ``book`` (hex), ``title``, ``entries`` (``position``, ``salt``,
``content``, ``commitment``, ``head``; bytes as hex, content as the string that was committed to,
both null where blanked), ``head`` and ``attachments`` (``item``, ``path``, ``sha256``, ``size``).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import BinaryIO

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from e2etherapy.errors import JournalBroken
from e2etherapy.journal.chain import BookId, Entry, Head, verify
from e2etherapy.journal.shown import Authors, Shown, show, visible

FORMAT = 1
_MAX_NAME = 80
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class AttachedFile:
    """A file of a book: the item it belongs to (hex id), its name and its bytes."""

    item: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Book:
    """A book to export.

    Attributes:
        id: its id.
        title: what it is called.
        authors: what the people in it are called.
        entries: all entries in order, blanked where they shall not be shown.
        files: the attached files that shall be in the copy.
    """

    id: BookId
    title: str
    authors: Authors
    entries: Sequence[Entry]
    files: Iterable[AttachedFile] = ()


@dataclass(frozen=True, slots=True)
class WrittenBook:
    """What was written of a book: its folder in the zip, entries, files and last head."""

    title: str
    folder: str
    entries: int
    files: int
    head: Head


class _JsonEntry(msgspec.Struct, frozen=True):
    position: int
    salt: str | None
    content: str | None
    commitment: str
    head: str


class _JsonFile(msgspec.Struct, frozen=True):
    item: str
    path: str
    sha256: str
    size: int


class _JsonBook(msgspec.Struct, frozen=True):
    format: int
    book: str
    title: str
    head: str
    attachments: list[_JsonFile]
    entries: list[_JsonEntry]


class Exporter:
    """Writes books into a zip one after another; `close` completes it."""

    def __init__(self, file: BinaryIO, now: datetime) -> None:
        """Start a zip in `file`; `now` is the time of the export, UTC."""
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._now = now.astimezone(UTC)
        self._written: list[WrittenBook] = []
        self._pages = Environment(
            loader=PackageLoader("e2etherapy.journal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def add(self, book: Book) -> WrittenBook:
        """Verify a book and write it.

        Raises:
            JournalBroken: it does not verify; nothing of it is in the zip.
            MalformedData: an entry breaks its form.
        """
        head = verify(book.id, book.entries)
        lines = [show(entry, book.authors) for entry in book.entries]
        folder = f"books/{len(self._written) + 1:02}-{safe_name(book.title)}"
        files = self._write_files(folder, book.files)
        written = WrittenBook(book.title, folder, len(lines), len(files), head)
        self._write(f"{folder}/journal.json", _json(book, head, files))
        self._write(f"{folder}/journal.txt", _plain(book, lines).encode())
        page = self._pages.get_template("book.html.j2").render(
            book=book,
            lines=lines,
            head=head.hex(),
            exported=self._time(),
            paths={file.item: file.path for file in files},
            visible=visible,
        )
        self._write(f"{folder}/index.html", page.encode())
        self._written.append(written)
        return written

    def close(self) -> list[WrittenBook]:
        """Write what leads through the books, and the verifier; complete the zip."""
        page = self._pages.get_template("index.html.j2").render(
            books=self._written, exported=self._time(), visible=visible
        )
        self._write("index.html", page.encode())
        readme = self._pages.get_template("README.txt.j2").render(exported=self._time())
        self._write("README.txt", readme.encode())
        source = resources.files("e2etherapy.journal") / "standalone_verifier.py"
        self._write("verify.py", source.read_bytes())
        self._zip.close()
        return self._written

    def _write_files(self, folder: str, files: Iterable[AttachedFile]) -> list[_JsonFile]:
        written = []
        for number, file in enumerate(files, 1):
            path = f"attachments/{number:03}-{safe_name(file.name)}"
            self._write(f"{folder}/{path}", file.data)
            digest = hashlib.sha256(file.data).hexdigest()
            written.append(_JsonFile(file.item, path, digest, len(file.data)))
        return written

    def _write(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name, self._now.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        self._zip.writestr(info, data)

    def _time(self) -> str:
        return f"{self._now:%Y-%m-%d %H:%M} UTC"


def safe_name(name: str) -> str:
    """Return a file name that means nothing to any file system: no path, no control characters."""
    kept = "".join(
        character if unicodedata.category(character)[0] in "LNM" or character in " .-_" else "_"
        for character in unicodedata.normalize("NFC", name)
    )
    trimmed = " ".join(kept.split()).strip(". ").replace("..", "_")
    while len(trimmed.encode()) > _MAX_NAME:
        stem, dot, ending = trimmed.rpartition(".")
        trimmed = f"{stem[:-1]}{dot}{ending}" if dot and len(ending) < len(stem) else trimmed[:-1]
    if not trimmed or _RESERVED.fullmatch(trimmed):
        return f"file-{trimmed}".rstrip("-")
    return trimmed


def _json(book: Book, head: Head, files: list[_JsonFile]) -> bytes:
    entries = [
        _JsonEntry(
            entry.position,
            None if entry.salt is None else entry.salt.hex(),
            None if entry.content is None else _committed(entry.content),
            entry.commitment.hex(),
            entry.head.hex(),
        )
        for entry in book.entries
    ]
    whole = _JsonBook(FORMAT, book.id.hex(), book.title, head.hex(), files, entries)
    return msgspec.json.format(msgspec.json.encode(whole), indent=1)


def _committed(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise JournalBroken("The record is broken: an entry is not UTF-8.") from None


def _plain(book: Book, lines: list[Shown]) -> str:
    blocks = [f"{book.title}\n{'=' * len(book.title)}"]
    for line in lines:
        first = "  ".join(part for part in (f"[{line.position}]", line.heading, line.when) if part)
        blocks.append(f"{visible(first)}\n{visible(line.text)}")
    return "\n\n".join(blocks) + "\n"
