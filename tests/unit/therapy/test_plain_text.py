from __future__ import annotations

import pytest

from e2etherapy.errors.therapy import InvalidWords
from e2etherapy.therapy.plain_text import TIE, cells, quoted, require_words, wrapped


@pytest.mark.parametrize(
    "words", ["fine", "two\nlines", "Grüße, 東京, سلام", "\U0001f469\u200d\U0001f467 and me"]
)
def test_words_of_any_language_are_taken(words: str) -> None:
    assert require_words(words, "This", 100) == words


@pytest.mark.parametrize(
    "words",
    [
        *("", "  ", " a", "a\n", "a\tb", "a\x00b", "a\x1b[31mb", "a\x7fb", "a\u0085b", "a\rb"),
        *("\ud800", "a\u202eb", "a\u2066b", "a\u2028b", "a\ue000b", "x" * 101),
    ],
)
def test_words_that_are_not_read_alike_by_everybody_are_refused(words: str) -> None:
    with pytest.raises(InvalidWords, match=r"^This "):
        require_words(words, "This", 100)


def test_a_name_has_one_line() -> None:
    with pytest.raises(InvalidWords):
        require_words("two\nlines", "This", 100, lines=False)


def test_what_is_quoted_in_a_refusal_is_short_and_can_be_seen() -> None:
    assert quoted("Mn\x1b-Fr\u202e") == "“Mn-Fr”"
    assert len(quoted("x" * 1_000)) < 30


def test_lines_are_broken_at_spaces_and_hang_behind_what_stands_first() -> None:
    assert wrapped("one two three four five six", 20, "* ") == [
        "* one two three four",
        "  five six",
    ]
    assert wrapped("one\n\ntwo", 20) == ["one", "", "two"]


def test_a_number_is_never_broken() -> None:
    number = TIE.join(["+353", "1", "496", "0000", "0000", "0000"])
    assert wrapped(f"call {number} now", 20) == ["call", "+353 1 496 0000 0000 0000", "now"]


@pytest.mark.parametrize("text", ["x" * 100, "東" * 60, "a\u0301" * 80, "short " * 40])
def test_no_line_is_wider_than_the_screen(text: str) -> None:
    lines = wrapped(text, 24, "  ")
    assert max(cells(line) for line in lines) <= 24
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
