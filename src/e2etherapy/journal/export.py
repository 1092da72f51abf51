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
import textwrap
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
from e2etherapy.journal.chain import BookId, End, Entry, Head, verify
from e2etherapy.journal.shown import Authors, Shown, show, visible, visible_line

FORMAT = 1
_MAX_NAME = 80
_SCRIPTABLE = frozenset(
    {"htm", "html", "mht", "mhtml", "shtml", "svg", "svgz", "xht", "xhtml", "xml"}
)
_ZIP_YEARS = (1980, 2107)
"""A zip has no room for another year, and a device's clock can be that wrong."""
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
        end: where it is known to end; None if that is not known.
        files: its attached files, gone through once. A file is written only if the entry that
            commits to it can be read in this copy: that of a blanked entry is left out.
    """

    id: BookId
    title: str
    authors: Authors
    entries: Sequence[Entry]
    end: End | None = None
    files: Iterable[AttachedFile] = ()


@dataclass(frozen=True, slots=True)
class WrittenBook:
    """What was written of a book: its folder in the zip, entries, files and last head."""

    title: str
    folder: str
    entries: int
    files: int
    head: Head


class _Archive(zipfile.ZipFile):
    """A zip that stays incomplete, and says nothing, when its export was given up."""

    def __del__(self) -> None:
        """Do not complete it behind the caller's back, in a file that may be closed."""


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
        self._zip = _Archive(file, "w", zipfile.ZIP_DEFLATED)
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
            JournalBroken: it does not verify, or a file is not the one that was recorded. The
                zip is not complete and never will be.
            MalformedData: an entry breaks its form.
        """
        head = verify(book.id, book.entries, book.end)
        lines = [show(entry, book.authors) for entry in book.entries]
        folder = f"books/{len(self._written) + 1:02}-{safe_name(book.title)}"
        committed = {line.file for line in lines if line.file is not None}
        files = self._write_files(folder, book.files, committed)
        written = WrittenBook(book.title, folder, len(lines), len(files), head)
        self._write(f"{folder}/journal.json", _json(book, head, files))
        self._write(f"{folder}/journal.txt", _plain(book, lines).encode())
        page = self._pages.get_template("book.html.j2").render(
            book=book,
            lines=lines,
            head=head.hex(),
            exported=self._time(),
            paths={(file.item, file.sha256): file.path for file in files},
            visible=visible,
            visible_line=visible_line,
        )
        self._write(f"{folder}/index.html", page.encode())
        self._written.append(written)
        return written

    def close(self) -> list[WrittenBook]:
        """Write what leads through the books, and the verifier; complete the zip."""
        page = self._pages.get_template("index.html.j2").render(
            books=self._written, exported=self._time(), visible_line=visible_line
        )
        self._write("index.html", page.encode())
        readme = self._pages.get_template("README.txt.j2").render(exported=self._time())
        self._write("README.txt", readme.encode())
        source = resources.files("e2etherapy.journal") / "standalone_verifier.py"
        self._write("verify.py", source.read_bytes())
        self._zip.close()
        return self._written

    def _write_files(
        self, folder: str, files: Iterable[AttachedFile], committed: set[tuple[str, str]]
    ) -> list[_JsonFile]:
        items = {item for item, _ in committed}
        written: list[_JsonFile] = []
        for file in files:
            if file.item not in items:
                continue
            digest = hashlib.sha256(file.data).hexdigest()
            if (file.item, digest) not in committed:
                raise JournalBroken(
                    "The record is broken: an attached file is not the one that was recorded."
                )
            path = f"attachments/{len(written) + 1:03}-{inert_name(file.name)}"
            self._write(f"{folder}/{path}", file.data)
            written.append(_JsonFile(file.item, path, digest, len(file.data)))
        return written

    def _write(self, name: str, data: bytes) -> None:
        first, last = _ZIP_YEARS
        year = min(max(self._now.year, first), last)
        info = zipfile.ZipInfo(name, (year, *self._now.timetuple()[1:6]))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        self._zip.writestr(info, data)

    def _time(self) -> str:
        return f"{self._now:%Y-%m-%d %H:%M} UTC"


def inert_name(name: str) -> str:
    """Return a safe file name that a browser shows as text if the file could hold a script."""
    safe = safe_name(name)
    return f"{safe}.txt" if safe.rpartition(".")[2].lower() in _SCRIPTABLE else safe


def safe_name(name: str) -> str:
    """Return a file name that means nothing to any file system: no path, no control characters."""
    kept = "".join(
        character if unicodedata.category(character)[0] in "LNM" or character in " .-_" else "_"
        for character in unicodedata.normalize("NFC", name)
    )
    trimmed = " ".join(kept.split()).strip(". ").replace("..", "_")
    while len(trimmed.encode()) > _MAX_NAME:
        stem, dot, ending = trimmed.rpartition(".")
        short = f"{stem[:-1].rstrip('. ')}.{ending}" if dot and len(ending) < len(stem) else ""
        trimmed = short or trimmed[:-1]
    trimmed = trimmed.strip(". ")
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
    title = visible_line(book.title)
    blocks = [f"{title}\n{'=' * len(title)}"]
    for line in lines:
        parts = (f"[{line.position}]", visible_line(line.heading), line.when)
        # What somebody wrote is indented: only an entry begins at the margin.
        words = textwrap.indent(visible(line.text), "    ", lambda _: True)
        blocks.append("  ".join(part for part in parts if part) + "\n" + words)
    return "\n\n".join(blocks) + "\n"
