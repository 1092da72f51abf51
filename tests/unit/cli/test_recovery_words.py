"""The recovery words fit the terminal."""

from __future__ import annotations

import pytest

from e2etherapy.cli import recovery_words

WORDS = ["abstract", *(["zoo"] * 22), "umbrella"]


@pytest.mark.parametrize(("width", "rows"), [(120, 6), (80, 6), (40, 8), (20, 24), (5, 24)])
def test_no_line_is_wider_than_the_terminal(width: int, rows: int) -> None:
    lines = recovery_words.table(WORDS, width).split("\n")
    assert len(lines) == rows
    assert max(map(len, lines)) <= max(width, len("24 umbrella"))
    assert " ".join(lines).split() == [
        part for number, word in enumerate(WORDS, 1) for part in (str(number), word)
    ]
