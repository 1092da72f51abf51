"""Searching bytes for the words of texts: what a relay's operator could find, if it were there.

A word of four letters turns up by chance in a megabyte of random bytes once in four thousand
times, so that a search for hundreds of words would raise a false alarm now and then. Each word is
therefore searched together with the character beside it in its text; whatever holds a text holds
that too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"\w{4,}")
_ENCODINGS = ("utf-8", "utf-16-le")
_ESCAPED_IN_JSON = '"\\'


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found.

    Attributes:
        words: how many were searched.
        searched: bytes.
        found: the words that were found, with where.
    """

    words: int
    searched: int
    found: dict[str, str]


def distinct_words(texts: Iterable[str]) -> dict[str, set[str]]:
    """Return the words of four letters and more, each with all its pieces of text to search."""
    words: dict[str, set[str]] = {}
    for text in texts:
        for match in _WORD.finditer(text):
            words.setdefault(match.group(), set()).add(_with_neighbour(text, match))
    return words


def search(words: Mapping[str, set[str]], places: Mapping[str, bytes]) -> Findings:
    """Look for every word in every place, in UTF-8 and UTF-16."""
    found = {}
    for word, pieces in words.items():
        needles = [piece.encode(encoding) for piece in pieces for encoding in _ENCODINGS]
        for place, data in places.items():
            if any(needle in data for needle in needles):
                found[word] = place
    return Findings(len(words), sum(map(len, places.values())), found)


def _with_neighbour(text: str, match: re.Match[str]) -> str:
    start, end = match.span()
    if text[end : end + 1].isprintable() and text[end : end + 1] not in _ESCAPED_IN_JSON:
        return text[start : end + 1]
    if start and text[start - 1].isprintable() and text[start - 1] not in _ESCAPED_IN_JSON:
        return text[start - 1 : end]
    return match.group()
