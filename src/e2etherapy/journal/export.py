"""A zip of the record that a person can read without software, and check with Python alone.

    README.txt  index.html  verify.py
    books/01-title/index.html  journal.txt  journal.json  attachments/001-name

`exported_book` has the form of journal.json. An entry that breaks the form of its kind does not
stop an export: the pages name it, and journal.json keeps its bytes for whoever checks the chain.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined

from e2etherapy.errors import JournalBroken
from e2etherapy.journal import exported_book
from e2etherapy.journal.chain import BookId, End, Entry, Head, verify
from e2etherapy.journal.exported_book import ExportedFile
from e2etherapy.journal.shown import (
    UNREADABLE_KIND,
    WRITTEN_KINDS,
    Authors,
    Shown,
    show,
    visible,
    visible_line,
)

NO_FILE = "The file is not in this copy: it could not be read on the device."
_MAX_NAME = 80
_SCRIPTABLE = frozenset(
    {
        "atom",
        "ehtml",
        "hta",
        "htc",
        "htm",
        "html",
        "mathml",
        "mht",
        "mhtml",
        "mml",
        "rdf",
        "rss",
        "shtm",
        "shtml",
        "svg",
        "svgz",
        "xbl",
        "xht",
        "xhtm",
        "xhtml",
        "xml",
        "xsl",
        "xslt",
        "xul",
    }
)
"""What a browser, or a double click, opens as a page that may hold a script."""
_ZIP_YEARS = (1980, 2107)
"""A zip has no room for another year, and a device's clock can be that wrong."""
_EMOJI_MARKS = re.compile("[\u200d\u20dd-\u20e4\ufe00-\ufe0f\U000e0000-\U000e01ef]")
"""Joiners, enclosing marks, variation selectors and tags."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class AttachedFile:
    """A file of a book: the item it belongs to (hex id), its name and its bytes."""

    item: str
    name: str
    data: bytes | bytearray


@dataclass(frozen=True, slots=True, repr=False)
class Book:
    """A book to export.

    Attributes:
        id: its id.
        title: what it is called.
        authors: what the people in it are called.
        entries: all entries in order, blanked where they shall not be shown.
        end: where it is known to end; None if that is not known.
    """

    id: BookId
    title: str
    authors: Authors
    entries: Sequence[Entry]
    end: End | None = None


@dataclass(frozen=True, slots=True)
class WrittenBook:
    """What was written of a book.

    Attributes:
        folder: where it is in the zip.
        messages: entries that somebody wrote or attached.
        missing_files: files that entries name, and that are not in the copy.
        unreadable: positions of entries that the pages cannot show.
        head: the last one.
    """

    title: str
    folder: str
    entries: int
    messages: int
    files: int
    missing_files: int
    unreadable: tuple[int, ...]
    head: Head


class _Archive(zipfile.ZipFile):
    """A zip that stays incomplete, and says nothing, when its export was given up."""

    def __del__(self) -> None:
        """Do not complete it behind the caller's back, in a file that may be closed."""


class Exporter:
    """Writes books into a zip one after another; `close` completes it."""

    def __init__(self, file: BinaryIO, now: datetime) -> None:
        """Start a zip in `file`; `now` is the time of the export, UTC."""
        self._zip = _Archive(file, "w", zipfile.ZIP_DEFLATED)
        self._now = now.astimezone(UTC)
        self.written: list[WrittenBook] = []
        self._pages = Environment(
            loader=PackageLoader("e2etherapy.journal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def begin(self, book: Book) -> BookWriter:
        """Verify a book and begin to write it; one at a time.

        Raises:
            JournalBroken: it does not verify. The zip is not complete and never will be.
        """
        head = verify(book.id, book.entries, book.end)
        return BookWriter(self, book, head)

    def close(self) -> list[WrittenBook]:
        """Write what leads through the books, and the verifier; complete the zip."""
        self.write("index.html", self.page("index.html.j2", books=self.written))
        self.write("README.txt", self.page("README.txt.j2"))
        source = resources.files("e2etherapy.journal") / "standalone_verifier.py"
        self.write("verify.py", source.read_bytes())
        self._zip.close()
        return self.written

    def write(self, name: str, data: bytes | bytearray) -> None:
        """Put one file into the zip."""
        first, last = _ZIP_YEARS
        year = min(max(self._now.year, first), last)
        info = zipfile.ZipInfo(name, (year, *self._now.timetuple()[1:6]))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        self._zip.writestr(info, data)

    def page(self, template: str, **shown: object) -> bytes:
        """Return a page that says when it was exported."""
        time = f"{self._now:%Y-%m-%d %H:%M} UTC"
        page = self._pages.get_template(template)
        return page.render(
            exported=time, visible=visible, visible_line=visible_line, **shown
        ).encode()


class BookWriter:
    """A book on its way into a zip: first its files, each gone from memory before the next."""

    def __init__(self, exporter: Exporter, book: Book, head: Head) -> None:
        """Take a book that has verified; `Exporter.begin` does this."""
        self._exporter = exporter
        self._book = book
        self._head = head
        self._folder = f"books/{len(exporter.written) + 1:02}-{safe_name(book.title)}"
        self._lines = [show(entry, book.authors) for entry in book.entries]
        self._committed = {line.file for line in self._lines if line.file is not None}
        self._items = {item for item, _ in self._committed}
        self._files: list[ExportedFile] = []

    def attach(self, file: AttachedFile) -> None:
        """Write one of the book's files, if an entry that can be read in this copy commits to it.

        Raises:
            JournalBroken: it is not the one that was recorded. The zip is not complete and never
                will be.
        """
        if file.item not in self._items:
            return
        digest = hashlib.sha256(file.data).hexdigest()
        if (file.item, digest) not in self._committed:
            raise JournalBroken(
                "The record is broken: an attached file is not the one that was recorded."
            )
        path = f"attachments/{len(self._files) + 1:03}-{inert_name(file.name)}"
        self._exporter.write(f"{self._folder}/{path}", file.data)
        self._files.append(ExportedFile(file.item, path, digest, len(file.data)))

    def close(self) -> WrittenBook:
        """Write what shows the book and what proves it."""
        paths = {(file.item, file.sha256): file.path for file in self._files}
        unreadable = [line.position for line in self._lines if line.kind == UNREADABLE_KIND]
        book, head = self._book, self._head
        json = exported_book.encode(
            (book.id, book.title, head), book.entries, self._files, unreadable
        )
        page = self._exporter.page(
            "book.html.j2",
            book=book,
            lines=self._lines,
            head=head.hex(),
            paths=paths,
            no_file=NO_FILE,
        )
        self._exporter.write(f"{self._folder}/journal.json", json)
        self._exporter.write(f"{self._folder}/journal.txt", _plain(book, self._lines, paths))
        self._exporter.write(f"{self._folder}/index.html", page)
        written = WrittenBook(
            title=book.title,
            folder=self._folder,
            entries=len(self._lines),
            messages=sum(line.kind in WRITTEN_KINDS for line in self._lines),
            files=len(self._files),
            missing_files=len(self._committed - paths.keys()),
            unreadable=tuple(unreadable),
            head=head,
        )
        self._exporter.written.append(written)
        return written


def inert_name(name: str) -> str:
    """Return a safe file name that a browser shows as text if the file could hold a script."""
    safe = safe_name(name)
    return f"{safe}.txt" if safe.rpartition(".")[2].lower() in _SCRIPTABLE else safe


def safe_name(name: str) -> str:
    """Return a file name that means nothing to any file system: no path, no control characters.

    Letters of any language stay, in the form in which everybody types them. What not every program
    can unpack or show becomes _: emoji, and the marks that only turn other characters into them.
    """
    plain = unicodedata.normalize("NFKC", _EMOJI_MARKS.sub("", name))
    kept = "".join(
        character if unicodedata.category(character)[0] in "LNM" or character in " .-_" else "\0"
        for character in plain
    )
    kept = re.sub("\0+", "_", kept)
    trimmed = " ".join(kept.split()).strip(". ").replace("..", "_")
    while len(trimmed.encode()) > _MAX_NAME:
        stem, dot, ending = trimmed.rpartition(".")
        short = f"{stem[:-1].rstrip('. ')}.{ending}" if dot and len(ending) < len(stem) else ""
        trimmed = short or trimmed[:-1]
    trimmed = trimmed.strip(". ")
    if not trimmed or _RESERVED.fullmatch(trimmed):
        return f"file-{trimmed}".rstrip("-")
    return trimmed


def _plain(book: Book, lines: list[Shown], paths: dict[tuple[str, str], str]) -> bytes:
    title = visible_line(book.title)
    blocks = [f"{title}\n{'=' * len(title)}"]
    for line in lines:
        parts = (f"[{line.position}]", visible_line(line.heading), line.when)
        # What somebody wrote is indented: only an entry begins at the margin.
        words = textwrap.indent(visible(line.text), "    ", lambda _: True)
        if line.file is not None and line.file not in paths:
            words += f"\n    ({NO_FILE})"
        blocks.append("  ".join(part for part in parts if part) + "\n" + words)
    return ("\n\n".join(blocks) + "\n").encode()
