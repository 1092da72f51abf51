"""No text from a peer steers the terminal of who reads it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.cli.inert import inert, inert_line

OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
        ("\x9b31mred", "⟨9B⟩31mred"),
        ("\x85next", "⟨85⟩next"),
        ("back\x08\x08\rover", "back␈␈␍over"),
        ("\x00\x7f", "␀␡"),
        ("a\u202eb\u202cc", "a⟨RLO⟩b⟨PDF⟩c"),
        ("a\u202ab\u202bc\u202d", "a⟨LRE⟩b⟨RLE⟩c⟨LRO⟩"),
        ("one\u2028two\u2029", "one⟨LINE SEPARATOR⟩two⟨PARAGRAPH SEPARATOR⟩"),
        ("lone \ud800 half", "lone \ufffd half"),
    ],
)
def test_what_steers_a_terminal_becomes_a_sign(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_lines_tabs_and_ordinary_writing_stay() -> None:
    text = "one\n\ttwo\nשלם العربية 夜里 e\u0301 👩\u200d👧 naïve"
    assert inert(text) == text
    assert inert("dos\r\nlines") == "dos\nlines"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\u2067open", "\u2067open\u2069"),
        ("\u2066\u2068two", "\u2066\u2068two\u2069\u2069"),
        ("\u2067closed\u2069", "\u2067closed\u2069"),
        ("stray\u2069", "stray"),
    ],
)
def test_isolates_end_with_their_line(line: str, shown: str) -> None:
    assert inert(f"{line}\nnext") == f"{shown}\nnext"


def test_a_name_stays_on_one_line() -> None:
    assert inert_line(" Robin\n\n  (therapist)\t") == "Robin (therapist)"


@given(st.text(st.characters()))
def test_no_control_or_override_is_left_in_any_text(text: str) -> None:
    shown = inert(text)
    assert not {
        letter
        for letter in shown
        if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} and letter not in "\n\t"
    }
    assert not OVERRIDES & set(shown)
    assert inert(shown) == shown


@given(st.text(st.sampled_from("ab\n\u2066\u2067\u2068\u2069")))
def test_isolates_are_balanced_on_every_line(text: str) -> None:
    for line in inert(text).split("\n"):
        depth = 0
        for letter in line:
            depth += (letter in "\u2066\u2067\u2068") - (letter == "\u2069")
            assert depth >= 0
        assert depth == 0
