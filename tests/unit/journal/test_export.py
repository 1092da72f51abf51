from __future__ import annotations

import ast
import gc
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from e2etherapy.errors import JournalBroken
from e2etherapy.journal.chain import Entry, blank
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
    add_book(exporter, book, [AttachedFile(FILE_ITEM.id.hex(), FILE_ITEM.name, FILE)])
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


class Outside(HTMLParser):
    """Collects every tag, and every reference that leads out of the copy."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_the_verifier_needs_nothing_but_python_and_says_that_all_fits(tmp_path: Path) -> None:
    done = run_verifier(unpacked(exported(), tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 entries (0 blanked in this copy), 1 file. All of it fits." in done.stdout


def _change(edit: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        (path,) = folder.glob("books/*/journal.json")
        book = json.loads(path.read_text())
        edit(book)
        path.write_text(json.dumps(book))

    return tamper


def _entry(book: dict[str, object], number: int) -> dict[str, object]:
    found = book["entries"]
    assert isinstance(found, list)
    entry = found[number]
    assert isinstance(entry, dict)
    return entry


def _drop(book: dict[str, object], number: int) -> None:
    found = book["entries"]
    assert isinstance(found, list)
    del found[number]


def _change_file(folder: Path) -> None:
    (path,) = folder.glob("books/*/attachments/*")
    path.write_bytes(FILE + b"!")


def _remove_file(folder: Path) -> None:
    (path,) = folder.glob("books/*/attachments/*")
    path.unlink()


def _garble(folder: Path) -> None:
    (path,) = folder.glob("books/*/journal.json")
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (_change(lambda book: _entry(book, 0).update(content="{}")), "entry 1 was changed"),
        (_change(lambda book: _drop(book, 0)), "entry 1 is missing"),
        (_change(lambda book: _drop(book, 2)), "the end of the book is missing"),
        (
            _change(
                lambda book: _entry(book, 1).update(commitment="00" * 32, content=None, salt=None)
            ),
            "entry 2 does not follow",
        ),
        (_change_file, "was changed"),
        (_remove_file, "is missing"),
        (_garble, "journal.json is damaged"),
    ],
)
def test_the_verifier_notices_tampering(
    tmp_path: Path, tamper: Callable[[Path], None], sentence: str
) -> None:
    folder = unpacked(exported(), tmp_path)
    tamper(folder)
    done = run_verifier(folder)
    assert done.returncode == 1
    assert sentence in done.stdout
    assert not done.stderr


def test_a_blanked_entry_verifies_and_its_words_are_nowhere(tmp_path: Path) -> None:
    some = entries()
    some[0] = blank(some[0])
    archive = exported(some)
    assert all(b"awake" not in archive.read(name) for name in archive.namelist())
    assert "Blanked in this copy." in page(archive, "index.html")
    done = run_verifier(unpacked(archive, tmp_path))
    assert done.returncode == 0
    assert "1 blanked" in done.stdout


def test_a_broken_book_is_not_exported() -> None:
    with pytest.raises(JournalBroken):
        exported(entries()[1:])


def test_hostile_words_are_shown_and_do_nothing() -> None:
    archive = exported()
    parser = Outside()
    parser.feed(page(archive, "index.html") + archive.read("index.html").decode())
    assert parser.tags.isdisjoint({"script", "img", "b", "iframe", "link"})
    assert not [name for name in parser.references if ":" in name or name.startswith("//")]
    text = page(archive, "journal.txt")
    assert "<script>alert(1)</script>" in text
    assert not {"\x1b", "\u202e", "\x00"} & set(text + page(archive, "index.html"))


def test_a_page_loads_nothing_and_says_so_to_the_browser() -> None:
    assert "default-src 'none'" in page(exported(), "index.html")


def test_no_name_in_the_zip_leads_out_of_its_folder() -> None:
    for name in exported().namelist():
        assert ".." not in name
        assert not name.startswith("/")
        assert name.isprintable()


def test_the_same_export_gives_the_same_bytes() -> None:
    one, two = exported(), exported()
    assert [one.read(name) for name in one.namelist()] == [
        two.read(name) for name in two.namelist()
    ]


def test_the_same_export_gives_the_same_archive() -> None:
    archives = []
    for _ in range(2):
        file = io.BytesIO()
        exporter = Exporter(file, WHEN)
        add_book(exporter, Book(BOOK, "Private journal", Authors("Sam", ""), entries()))
        exporter.close()
        archives.append(file.getvalue())
    assert archives[0] == archives[1]


@pytest.mark.parametrize("year", [1970, 2300])
def test_a_clock_that_is_far_off_prevents_no_export(year: int) -> None:
    file = io.BytesIO()
    exporter = Exporter(file, WHEN.replace(year=year))
    add_book(exporter, Book(BOOK, "Private journal", Authors("Sam", ""), entries()))
    exporter.close()
    assert f"Exported {year}-03-01" in zipfile.ZipFile(file).read("index.html").decode()


def test_an_export_that_was_given_up_leaves_no_archive_and_no_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "record.zip").open("w+b") as file, pytest.raises(JournalBroken):
        Exporter(file, WHEN).begin(Book(BOOK, "t", Authors("Sam", ""), entries()[1:]))
    gc.collect()
    assert not capsys.readouterr().err
    assert not zipfile.is_zipfile(tmp_path / "record.zip")


def test_the_verifier_is_written_for_python_3_8() -> None:
    source = exported().read("verify.py").decode()
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else _names(node))
    }
    assert imported <= sys.stdlib_module_names


def _names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def recorded_by_hand(**members: object) -> bytes:
    return json.dumps({"recorded": "2026-03-01T21:30:00Z", **members}).encode()


MALFORMED = {
    "no json": b"not json",
    "no utf-8": b"\xff\xfe\x00",
    "nothing": b"",
    "no kind": b"{}",
    "a kind that is a number": b'{"kind":1}',
    "deep nesting": b"[" * 100_000,
    "half a surrogate pair": b'{"kind":"private","text":"\\ud83d"}',
    "a mood of 99": recorded_by_hand(kind="private", id="A" * 22 + "==", text="", mood=99),
    "an unknown member": recorded_by_hand(kind="event", event="x", more=1),
    "an item that is none": recorded_by_hand(kind="message", direction="sent", item=5),
    "an item without a text": recorded_by_hand(
        kind="message", direction="sent", item={"kind": "text"}
    ),
    "a number of 5,000 digits": b'{"kind":"event","recorded":"2026-03-01T21:30:00Z","event":"x",'
    b'"details":{"n":' + b"9" * 5_000 + b"}}",
    "a time before the first day": recorded_by_hand(
        kind="event", event="x", recorded="0001-01-01T00:00:00+14:00"
    ),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_an_entry_that_breaks_its_form_is_named_and_withholds_no_other(
    tmp_path: Path, content: bytes
) -> None:
    some = book_of([private("before it"), content, private("after it")])
    archive = exported(some)
    for shown in (page(archive, "index.html"), page(archive, "journal.txt")):
        assert "before it" in shown
        assert "after it" in shown
        assert shown.count("This entry cannot be shown") == 1
    assert "[2]\n    This entry cannot be shown" in page(archive, "journal.txt")
    assert "entries that cannot be shown: 2" in archive.read("index.html").decode()
    book = json.loads(page(archive, "journal.json"))
    assert book["unreadable"] == [2]
    entry = book["entries"][1]
    kept = bytes.fromhex(entry["content_hex"]) if "content_hex" in entry else None
    assert content == (entry["content"].encode() if kept is None else kept)
    done = run_verifier(unpacked(archive, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All of it fits. Entries that are kept and cannot be shown: 2." in done.stdout


def test_a_copy_in_which_everything_can_be_shown_speaks_of_nothing_else(tmp_path: Path) -> None:
    archive = exported()
    everything = b"".join(archive.read(name) for name in archive.namelist() if "books" in name)
    assert b"cannot be shown" not in everything + archive.read("index.html")
    assert b"not in this copy" not in everything
    assert json.loads(page(archive, "journal.json"))["unreadable"] == []
    assert "cannot be shown" not in run_verifier(unpacked(archive, tmp_path)).stdout


def test_a_file_that_could_not_be_read_is_said_where_it_belongs(tmp_path: Path) -> None:
    file = io.BytesIO()
    exporter = Exporter(file, WHEN)
    written = add_book(exporter, Book(BOOK, "Dr. Okafor", Authors("Sam", "Dr."), entries()))
    exporter.close()
    assert (written.files, written.missing_files, written.unreadable) == (0, 1, ())
    archive = zipfile.ZipFile(file)
    for shown in (page(archive, "index.html"), page(archive, "journal.txt")):
        assert shown.count("The file is not in this copy") == 1
    assert "files that are not in this copy: 1" in archive.read("index.html").decode()
    done = run_verifier(unpacked(archive, tmp_path))
    assert done.returncode == 0
    assert "Recorded files that are not in this copy: 1." in done.stdout


def test_the_verifier_does_not_seem_to_check_what_is_named(tmp_path: Path) -> None:
    folder = unpacked(exported(), tmp_path)
    done = run_verifier(folder, "another.zip")
    assert done.returncode == 2
    assert "without arguments" in done.stdout
    assert "fits" not in done.stdout
