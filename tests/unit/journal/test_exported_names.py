"""Names of files in an export: no file system, browser or program for zips minds them."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest

from e2etherapy.journal.export import AttachedFile, Book, Exporter
from e2etherapy.journal.file_names import inert_name, safe_name
from e2etherapy.journal.shown import Authors
from tests.support.books import BOOK, WHEN, book_of, private
from tests.support.copies import add_book


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../x", "___x"),
        ("", "file"),
        ("...", "file"),
        ("CON", "file-CON"),
        ("nul.txt", "file-nul.txt"),
        ("a/b\\c:d", "a_b_c_d"),
        ("été ü.png", "été ü.png"),
        ("x" * 300 + ".pdf", "x" * 76 + ".pdf"),
        ("a__b.txt", "a__b.txt"),
        ("Robin 🌱", "Robin _"),
        ("❤️ heart.png", "_ heart.png"),
        ("👩\u200d👩\u200d👧👍🏽.txt", "_.txt"),
        ("1\ufe0f\u20e3.txt", "1.txt"),
        ("𝓡obin ﬁle １２.txt", "Robin file 12.txt"),
        ("page.ｈｔｍｌ", "page.html"),
        ("夜 שלום नमस्ते 한글.txt", "夜 שלום नमस्ते 한글.txt"),
    ],
)
def test_file_names_mean_nothing_to_a_file_system(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@pytest.mark.parametrize("name", ["a" * 79 + " bbb", "a" * 79 + ".é", "a" * 75 + " .x.pdf" * 3])
def test_a_shortened_name_ends_in_nothing_that_a_file_system_drops(name: str) -> None:
    safe = safe_name(name)
    assert safe == safe.strip(". ")
    assert ".." not in safe


@pytest.mark.parametrize(
    "name", ["page.html", "drawing.SVG", "x.xhtml", "mail.mht", "sheet.xsl", "feed.RSS", "app.hta"]
)
def test_a_file_that_could_hold_a_script_opens_as_text(name: str) -> None:
    assert inert_name(name) == f"{name}.txt"


def test_a_harmless_file_keeps_its_name() -> None:
    assert inert_name("letter.pdf") == "letter.pdf"


def test_a_letter_in_disguise_hides_no_script() -> None:
    assert inert_name("page.ｈｔｍｌ") == "page.html.txt"


def test_the_pages_show_a_name_as_it_is() -> None:
    file = io.BytesIO()
    exporter = Exporter(file, WHEN)
    books = [
        Book(id=BOOK, title=title, authors=Authors("Sam", title), entries=book_of([private("x")]))
        for title in ("Robin 🌱", "Robin 🌿")
    ]
    for book in books:
        add_book(exporter, book, list[AttachedFile]())
    exporter.close()
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    assert len({name.casefold() for name in names}) == len(names)
    assert not {"So", "Cf", "Cn"} & {unicodedata.category(letter) for letter in "".join(names)}
    assert "Robin 🌿" in archive.read("index.html").decode()
