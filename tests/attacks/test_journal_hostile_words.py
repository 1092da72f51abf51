"""The other person chooses words, names and ids so that the exported record says something else."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from e2etherapy.journal import record
from e2etherapy.wire import content
from e2etherapy.wire.content import AnyItem, Text
from tests.support.books import WHEN, book_of, private, received
from tests.support.copies import ITEM, Unpacked, attached, attachment, copy_of, in_book

FORGED_ENTRY = "Yes.\n\n[2]  Sam  Written 2026-03-02 09:00:00 UTC.\nI agree to everything."
LINE_ENDS = ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"]
STEERING = "\x1b[2J\x9b31m\x00\x07\x7f\u202e\u2066\u2069\u202d"
STEERS = frozenset(character for character in STEERING if not character.isprintable())
MARGIN = re.compile(r"(?m)^\[([0-9]+)\]")


class Seen(HTMLParser):
    """What a browser makes of a page: its tags, references and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def said(text: str) -> bytes:
    return received(Text(id=ITEM, sequence=1, written=WHEN, text=text))


def sent(item: AnyItem) -> bytes:
    raw = msgspec.Raw(content.encode_item(item))
    return record.encode(record.Message(direction="sent", recorded=WHEN, item=raw))


def links(archive: zipfile.ZipFile) -> list[str]:
    found = Seen(in_book(archive, "index.html")).references
    return [name for name in found if name.startswith("attachments/")]


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_message_cannot_pass_for_further_entries_in_the_text(end: str) -> None:
    text = in_book(copy_of(book_of([said(FORGED_ENTRY.replace("\n", end))])), "journal.txt")
    assert "I agree to everything." in text
    assert MARGIN.findall("\n".join(text.splitlines())) == ["1"]


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_name_cannot_pass_for_further_entries_in_the_text(end: str) -> None:
    name = FORGED_ENTRY.replace("\n", end)
    text = in_book(copy_of(book_of([said("Yes.")]), title=name, other=name), "journal.txt")
    assert MARGIN.findall("\n".join(text.splitlines())) == ["1"]


def test_nothing_in_a_copy_steers_a_terminal_or_the_order_of_the_text(tmp_path: Path) -> None:
    letter = attachment(b"x", f"a{STEERING}b.pdf")
    entries = book_of([said(STEERING), received(letter), private(STEERING)])
    archive = copy_of(
        entries, [attached(b"x", letter.name)], title=f"Dr{STEERING}", other=f"Dr{STEERING}"
    )
    for name in archive.namelist():
        shown = name if name.endswith((".json", ".py")) else name + archive.read(name).decode()
        assert not STEERS & set(shown)
    assert "<U+001B>[2J" in in_book(archive, "journal.txt")
    code, printed = Unpacked(archive, tmp_path).verify(LC_ALL="C.UTF-8")
    assert code == 0
    assert not STEERS & set(printed.decode())


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", "C.UTF-8"])
def test_a_name_that_the_terminal_cannot_show_is_no_broken_record(
    tmp_path: Path, locale: str
) -> None:
    code, printed = Unpacked(copy_of(book_of([said("x")]), title="Доктор 🙂"), tmp_path).verify(
        LC_ALL=locale, PYTHONCOERCECLOCALE="0"
    )
    assert code == 0
    assert b"All of it fits" in printed


@pytest.mark.parametrize(
    "words",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f469\u200d\U0001f52c \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e007f",
        "e\u0301te\u0301 \u05e9\u05dc\u05d5\u05dd\u200f!",
        "tab\tand\nlines",
    ],
    ids=["Persian", "emoji", "marks", "white space"],
)
def test_honest_words_of_every_script_stand_as_they_were_written(words: str) -> None:
    archive = copy_of(book_of([said(words)]))
    assert words in in_book(archive, "index.html")
    assert words.replace("\n", "\n    ") in in_book(archive, "journal.txt")


def test_line_ends_of_another_system_are_line_ends() -> None:
    page = in_book(copy_of(book_of([said("one\r\ntwo")])), "index.html")
    assert "one\ntwo" in page


@pytest.mark.parametrize(
    "words",
    [
        "<script src=//evil.example></script>",
        '"><img src=x onerror=alert(1)>',
        "</title></style></article><iframe src=https://evil.example>",
        "javascript:alert(1)",
        "{{ 7 * 7 }}{% include 'x' %}",
        "&lt;script&gt;",
    ],
)
def test_words_and_names_become_no_markup(words: str) -> None:
    letter = attachment(b"x", words[:200])
    archive = copy_of(
        book_of([said(words), received(letter), private(words)]),
        [attached(b"x", letter.name)],
        title=words,
        other=words,
    )
    plain = Seen(in_book(copy_of(book_of([said("x")])), "index.html"))
    for page in (in_book(archive, "index.html"), archive.read("index.html").decode()):
        seen = Seen(page)
        assert not set(seen.tags) - {*plain.tags, "ul", "li", "span"}
        assert not seen.handlers
        assert not [name for name in seen.references if ":" in name or name.startswith("/")]
    assert words in in_book(archive, "journal.txt")


def test_an_id_that_the_other_person_used_again_does_not_redirect_ones_own_file() -> None:
    mine, theirs = attachment(b"mine", "mine.pdf"), attachment(b"theirs", "theirs.pdf")
    archive = copy_of(
        book_of([sent(mine), received(theirs)]),
        [attached(b"mine", "mine.pdf", own=True), attached(b"theirs", "theirs.pdf")],
    )
    assert links(archive) == ["attachments/001-mine.pdf", "attachments/002-theirs.pdf"]


def test_every_link_leads_to_a_file_in_the_copy(tmp_path: Path) -> None:
    letter = attachment(b"x", "50% & 日本 #1?.pdf")
    copy = Unpacked(copy_of(book_of([received(letter)]), [attached(b"x", letter.name)]), tmp_path)
    (page,) = tmp_path.glob("books/*/index.html")
    (link,) = [n for n in Seen(page.read_text()).references if n.startswith("attachments")]
    assert "#" not in link
    assert "?" not in link
    assert (page.parent / unquote(link)).read_bytes() == b"x"
    assert copy.verify()[0] == 0
