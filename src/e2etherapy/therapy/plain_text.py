"""A person's own words: what they may hold, and lines of them for a screen or a sheet of paper.

Loads nothing but the standard library: the crisis card is shown by way of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from e2etherapy.errors.therapy import InvalidWords

NARROWEST = 20
"""Cells that a line has at least: on anything narrower, words would come one by one."""
LINE_BREAK = "\n"
TIE = "\ue000"
"""Stands for a space at which a line must not be broken: a number must stay whole."""
_UNSEEN = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_REORDERING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""With these, a text can be shown in another order than it is hashed and accepted in."""
_WIDE = {"W", "F"}
_NO_CELL = {"Mn", "Me", "Cf"}


def require_words(words: str, subject: str, longest: int, *, lines: bool = True) -> str:
    """Return a text that everybody reads alike.

    Args:
        words: at least one character that is seen, no white space at either end.
        subject: what the text is, as a sentence begins.
        longest: in characters.
        lines: whether it may have several.

    Raises:
        InvalidWords: it is empty or too long, or holds a character that is not seen or that
            changes the order in which others are shown.
    """
    if not words.strip():
        raise InvalidWords(f"{subject} is empty.")
    if words != words.strip():
        raise InvalidWords(f"{subject} begins or ends with white space.")
    if len(words) > longest:
        raise InvalidWords(f"{subject} has more than {longest:,} characters.")
    if not lines and LINE_BREAK in words:
        raise InvalidWords(f"{subject} has more than one line.")
    if any(_is_unseen(character) for character in words):
        raise InvalidWords(f"{subject} holds a control character, or another that is not seen.")
    return words


def _is_unseen(character: str) -> bool:
    if character == LINE_BREAK:
        return False
    return unicodedata.category(character) in _UNSEEN or character in _REORDERING


def shortened(text: str, longest: int) -> str:
    """Return the first characters of any text, without those that are not seen.

    Args:
        text: anything.
        longest: in characters; what is longer is cut, and shown to be.
    """
    shown = "".join(c for c in text[:longest] if c.isprintable() and not _is_unseen(c))
    return f"{shown}…" if len(text) > longest else shown


def quoted(word: str, longest: int = NARROWEST) -> str:
    """Return a word of what somebody typed, safe to show in a sentence about it."""
    return f"“{shortened(word, longest)}”"


def wrapped(text: str, width: int, first: str = "", further: str | None = None) -> list[str]:
    """Return the lines of a text, broken at spaces.

    A word that is longer than a line is broken too, unless a TIE is in it: then it sticks out.

    Args:
        text: of one or several lines.
        width: of a line in cells, of which a wide character takes two; at least 20 are used.
        first: stands before the first line.
        further: stands before each other line; as many spaces as `first` takes if None.
    """
    indent = " " * cells(first) if further is None else further
    width = max(width, NARROWEST)
    shown: list[str] = []
    for line in text.split(LINE_BREAK):
        for part in _broken(line, max(width - max(cells(first), cells(indent)), 1)):
            before = indent if shown else first
            shown.append((before + part).rstrip().replace(TIE, " "))
    return shown


def _broken(line: str, room: int) -> Iterator[str]:
    current = ""
    for word in line.split():
        for piece in _pieces(word, room):
            longer = f"{current} {piece}" if current else piece
            if current and cells(longer) > room:
                yield current
                current = piece
            else:
                current = longer
    yield current


def _pieces(word: str, room: int) -> Iterator[str]:
    """Cut a word that is longer than a line: an address, or a language without spaces."""
    if TIE in word or cells(word) <= room:
        yield word
        return
    piece = ""
    for character in word:
        if piece and cells(piece + character) > room:
            yield piece
            piece = ""
        piece += character
    yield piece


def cells(text: str) -> int:
    """Return how many cells of a terminal a text without line breaks takes."""
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in _NO_CELL:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
