from __future__ import annotations

import gc
import io
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from e2etherapy.errors import JournalBroken
from e2etherapy.journal.export import Book, Exporter
from e2etherapy.journal.shown import Authors
from tests.support.books import BOOK, WHEN
from tests.support.copies import add_book
from tests.support.exported_record import entries, exported, page


class Outside(HTMLParser):
    """Collects every tag, and every reference that leads out of the copy."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [value or "" for name, value in attrs if name in {"href", "src"}]


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
