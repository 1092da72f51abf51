"""A zip of the record that a person can read without software, and check with Python alone.

    README.txt  index.html  verify.py
    books/01-title/index.html  journal.txt  journal.json  attachments/001-name

`exported_book` has the form of journal.json. An entry that breaks the form of its kind does not
stop an export: the pages name it, and journal.json keeps its bytes for whoever checks the chain.
"""

from __future__ import annotations

import hashlib
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, BinaryIO

from e2etherapy.errors import JournalBroken
from e2etherapy.journal import exported_book
from e2etherapy.journal.chain import BookId, End, Entry, Head, verify
from e2etherapy.journal.erasure import Erasures
from e2etherapy.journal.exported_book import ExportedFile
from e2etherapy.journal.file_names import inert_name, safe_name
from e2etherapy.journal.overview import Overview
from e2etherapy.journal.shown import (
    BLANKED_KIND,
    UNREADABLE_KIND,
    WRITTEN_KINDS,
    Authors,
    Shown,
    show,
    visible,
    visible_line,
)

if TYPE_CHECKING:
    from jinja2 import Environment

NO_FILE = "The file is not in this copy: it could not be read on the device."
_ZIP_YEARS = (1980, 2107)
"""A zip has no room for another year, and a device's clock can be that wrong."""


@dataclass(frozen=True, slots=True, repr=False)
class AttachedFile:
    """A file of a book.

    Attributes:
        item: hex id of the item that it belongs to, which another author's may have as well.
        name: what it is called.
        data: its bytes.
        own: whether the item is that of the owner of the book.
    """

    item: str
    name: str
    data: bytes | bytearray
    own: bool


@dataclass(frozen=True, slots=True, repr=False)
class Book:
    """A book to export.

    Attributes:
        id: its id.
        title: what it is called.
        authors: what the people in it are called.
        entries: all entries in order, blanked where they shall not be shown.
        end: where it is known to end; None if that is not known.
        retold: by position, what is shown in the place of blanked entries.
        shows_blanked: whether the pages name each blanked entry.
        overview: what holds after all of it, if that is to stand beside it.
    """

    id: BookId
    title: str
    authors: Authors
    entries: Sequence[Entry]
    end: End | None = None
    retold: Mapping[int, Shown] = field(default_factory=dict)
    shows_blanked: bool = True
    overview: Overview | None = None


@dataclass(frozen=True, slots=True)
class WrittenBook:
    """What was written of a book.

    Attributes:
        folder: where it is in the zip.
        blanked: entries of which nothing is shown.
        messages: entries that somebody wrote or attached.
        missing_files: files that entries name, and that are not in the copy.
        unreadable: positions of entries that the pages cannot show.
        head: the last one.
    """

    title: str
    folder: str
    entries: int
    blanked: int
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
        self._beside: list[tuple[str, str]] = []
        self._pages = _page_templates()

    def begin(self, book: Book) -> BookWriter:
        """Verify a book and begin to write it; one at a time.

        Raises:
            JournalBroken: it does not verify. The zip is not complete and never will be.
        """
        head = verify(book.id, book.entries, book.end)
        return BookWriter(self, book, head)

    def close(self) -> list[WrittenBook]:
        """Write what leads through the books, and the verifier; complete the zip."""
        index = self.page("index.html.j2", books=self.written, beside=self._beside)
        self.write("index.html", index)
        self.write("README.txt", self.page("README.txt.j2"))
        source = resources.files("e2etherapy.journal") / "standalone_verifier.py"
        self.write("verify.py", source.read_bytes())
        self._zip.close()
        return self.written

    def write_beside(self, name: str, title: str, data: bytes) -> None:
        """Put a page beside the books into the zip, to which the first page leads by its title."""
        self.write(name, data)
        self._beside.append((name, title))

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
        erasures = Erasures(book.entries)
        lines = (
            book.retold.get(entry.position) or show(entry, book.authors, erasures)
            for entry in book.entries
        )
        self._lines = [line for line in lines if book.shows_blanked or line.kind != BLANKED_KIND]
        self._committed = {
            line.position: (line.own, *line.file) for line in self._lines if line.file is not None
        }
        self._items = {(own, item) for own, item, _ in self._committed.values()}
        self._files: dict[tuple[bool, str, str], ExportedFile] = {}

    def attach(self, file: AttachedFile) -> None:
        """Write one of the book's files, if an entry that can be read in this copy commits to it.

        Raises:
            JournalBroken: it is not the one that was recorded. The zip is not complete and never
                will be.
        """
        if (file.own, file.item) not in self._items:
            return
        digest = hashlib.sha256(file.data).hexdigest()
        if (file.own, file.item, digest) not in self._committed.values():
            raise JournalBroken(
                "The record is broken: an attached file is not the one that was recorded."
            )
        path = f"attachments/{len(self._files) + 1:03}-{inert_name(file.name)}"
        self._exporter.write(f"{self._folder}/{path}", file.data)
        exported = ExportedFile(file.item, path, digest, len(file.data))
        self._files[file.own, file.item, digest] = exported

    def close(self) -> WrittenBook:
        """Write what shows the book and what proves it."""
        paths = {
            position: self._files[file].path
            for position, file in self._committed.items()
            if file in self._files
        }
        book, head = self._book, self._head
        page = self._exporter.page(
            "book.html.j2",
            book=book,
            lines=self._lines,
            head=head.hex(),
            paths=paths,
            no_file=NO_FILE,
        )
        self._exporter.write(f"{self._folder}/journal.json", self._proof())
        self._exporter.write(f"{self._folder}/journal.txt", _plain(book, self._lines, paths))
        self._exporter.write(f"{self._folder}/index.html", page)
        if book.overview is not None:
            self._write_overview(book.overview)
        self._exporter.written.append(self._account())
        return self._exporter.written[-1]

    def _unreadable(self) -> list[int]:
        return [line.position for line in self._lines if line.kind == UNREADABLE_KIND]

    def _proof(self) -> bytes:
        """Return the book in the form that the verifier reads."""
        book = self._book
        retold = [exported_book.Retold(position, one.text) for position, one in book.retold.items()]
        listing = exported_book.Listing(list(self._files.values()), self._unreadable(), retold)
        return exported_book.encode((book.id, book.title, self._head), book.entries, listing)

    def _account(self) -> WrittenBook:
        book = self._book
        return WrittenBook(
            title=book.title,
            folder=self._folder,
            entries=len(book.entries),
            blanked=len(book.entries) - sum(line.kind != BLANKED_KIND for line in self._lines),
            messages=sum(line.kind in WRITTEN_KINDS for line in self._lines),
            files=len(self._files),
            missing_files=len(set(self._committed.values()) - self._files.keys()),
            unreadable=tuple(self._unreadable()),
            head=self._head,
        )

    def _write_overview(self, overview: Overview) -> None:
        page = self._exporter.page("overview.html.j2", overview=overview)
        self._exporter.write(f"{self._folder}/therapy.html", page)
        self._exporter.write(f"{self._folder}/therapy.txt", overview.text())
        self._exporter.write(f"{self._folder}/therapy.json", overview.json())


def _page_templates() -> Environment:
    # Loaded here: it takes as long as a fifth of a command, and few of them export anything.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("e2etherapy.journal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _plain(book: Book, lines: list[Shown], paths: dict[int, str]) -> bytes:
    title = visible_line(book.title)
    blocks = [f"{title}\n{'=' * len(title)}"]
    for line in lines:
        parts = (f"[{line.position}]", visible_line(line.heading), line.when)
        # What somebody wrote is indented: only an entry begins at the margin.
        words = textwrap.indent(visible(line.text), "    ", lambda _: True)
        if line.file is not None and line.position not in paths:
            words += f"\n    ({NO_FILE})"
        blocks.append("  ".join(part for part in parts if part) + "\n" + words)
    return ("\n\n".join(blocks) + "\n").encode()
