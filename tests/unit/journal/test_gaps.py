"""What an exported copy does not show or hold is said where it belongs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from e2etherapy.journal.chain import blank
from e2etherapy.journal.export import Book, Exporter
from e2etherapy.journal.shown import Authors
from tests.support.books import BOOK, WHEN, book_of, private
from tests.support.copies import add_book
from tests.support.exported_record import entries, exported, page, run_verifier, unpacked


def test_a_blanked_entry_verifies_and_its_words_are_nowhere(tmp_path: Path) -> None:
    some = entries()
    some[0] = blank(some[0])
    archive = exported(some)
    assert all(b"awake" not in archive.read(name) for name in archive.namelist())
    assert "Blanked in this copy." in page(archive, "index.html")
    assert "; blanked in this copy: 1<" in archive.read("index.html").decode()
    done = run_verifier(unpacked(archive, tmp_path))
    assert done.returncode == 0
    assert "1 blanked" in done.stdout


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
