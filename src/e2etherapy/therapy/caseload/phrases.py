"""Finds where two texts have a phrase in common without keeping either.

A *phrase* is at least five words in a row, or words in a row with at least 25 characters, spaces
between them counted; equal where case, spaces and punctuation may differ. In a language that is
written without spaces, a word is all that stands between two marks of punctuation.

From each word of a text begins one shortest phrase, which the words that follow decide alone. Two
texts have a phrase in common exactly if they have a shortest one in common, so a thread is kept as
the numbers of its shortest phrases and of its words: Python's own keyed 64-bit hashes, which
cannot be read back, and mean nothing in any other process.
"""

from __future__ import annotations

import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

FEWEST_WORDS: Final = 5
FEWEST_CHARACTERS: Final = 25
_FRESH: Final = 8_192
"""Numbers that are kept apart before they are sorted in with the others."""
_BASIC_PLANE: Final = 0xFFFF
_APOSTROPHES: Final = frozenset("'`\u00b4\u02bc\u2018\u2019\uff07")
_VARIATION: Final = range(0xFE00, 0xFE10)
_SPACE: Final = " "


class _Letters(dict[int, int | str | None]):
    """Keeps letters, marks and digits; drops what is not seen; the rest separates words."""

    def __init__(self, apostrophe: str | None) -> None:
        super().__init__({ord(character): apostrophe for character in _APOSTROPHES})

    def __missing__(self, code: int) -> int | str | None:
        kept = _kept(code)
        if code <= _BASIC_PLANE:
            self[code] = kept
        return kept


def _kept(code: int) -> int | str | None:
    category = unicodedata.category(chr(code))
    if category in {"Cf", "Me"} or code in _VARIATION:
        return None
    return code if category[0] in "LMN" else _SPACE


_AS_ONE_WORD: Final = _Letters(None)
_AS_SEVERAL: Final = _Letters(_SPACE)


def words(text: str) -> list[str]:
    """Return a text's words, case folded; an apostrophe divides none: "don't" is one."""
    return _folded(text).translate(_AS_ONE_WORD).split()


def name_words(text: str) -> list[str]:
    """Return a text's words as names are looked for: "Anna's" has the word "anna" in it."""
    return _folded(text).translate(_AS_SEVERAL).split()


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True, slots=True)
class Shortest:
    """The shortest phrases of a text: that of its first word, of its second, and so on.

    They end where none begins any more, before the last words.

    Attributes:
        numbers: one for each.
        ends: the place of the word after each.
    """

    numbers: list[int]
    ends: list[int]


def shortest(said: Sequence[str]) -> Shortest:
    """Return the shortest phrase that begins at each of a text's words."""
    line = _SPACE.join(said)
    stops = [stop - 1 for stop in accumulate(len(word) + 1 for word in said)]
    stops.append(sys.maxsize)
    found = Shortest([], [])
    start = last = 0
    for first in range(len(said)):
        most, long_enough = first + FEWEST_WORDS - 1, start + FEWEST_CHARACTERS
        while last < most and stops[last] < long_enough:
            last += 1
        if last >= len(said):
            break
        found.numbers.append(hash(line[start : stops[last]]))
        found.ends.append(last + 1)
        start = stops[first] + 1
    return found


class Thread:
    """The phrases and words of one conversation; grows, and is never written anywhere."""

    def __init__(self) -> None:
        self._sorted = array("q")
        self._fresh: set[int] = set()

    def read(self, text: str) -> None:
        """Take a text."""
        said = words(text)
        self._fresh.update(shortest(said).numbers)
        self._fresh.update(map(hash, said))
        if not _APOSTROPHES.isdisjoint(text):
            self._fresh.update(map(hash, name_words(text)))
        if len(self._fresh) > max(_FRESH, len(self._sorted) // 4):
            new = self._fresh.difference(self._sorted)
            self._sorted = array("q", sorted([*self._sorted, *sorted(new)]))
            self._fresh.clear()

    def has_words(self, said: Iterable[str]) -> bool:
        """Say whether each of these words stands somewhere in it."""
        numbers = {hash(word) for word in said}
        return self.common(numbers) == numbers

    def common(self, numbers: set[int]) -> set[int]:
        """Return those of these numbers that it has."""
        if len(numbers) * 16 > len(self._sorted):
            return numbers.intersection(self._sorted) | (numbers & self._fresh)
        return {number for number in numbers if number in self._fresh or self._has(number)}

    def _has(self, number: int) -> bool:
        place = bisect_left(self._sorted, number)
        return place < len(self._sorted) and self._sorted[place] == number
