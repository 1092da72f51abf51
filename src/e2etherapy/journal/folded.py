"""A text in one form in which the same words are the same, with where each of it came from.

Compatibility decomposition, no capitals, and nothing that a reader does not see: a name is found
in whatever form, and with whatever joiners or soft hyphens, it was typed.
"""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u20dd-\u20e4\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""What is neither seen nor a format character: fillers, variation selectors, enclosing marks."""
_ESCAPE = re.compile(r"\\(?:[bfnrt]|u00[01][0-9a-f])\Z")
"""What may end just before a word: some items carry JSON as a text."""
_LONGEST_ESCAPE = 6


class Folded:
    """A text as it is searched.

    Attributes:
        text: the one form of it.
    """

    def __init__(self, original: str) -> None:
        """Fold a text."""
        pairs = [
            (folded, place)
            for place, character in enumerate(original)
            for folded in _of_character(character)
        ]
        pairs = _in_canonical_order(pairs)
        self.text = "".join(folded for folded, _ in pairs)
        self._places = [place for _, place in pairs]

    def place(self, begin: int, end: int) -> tuple[int, int]:
        """Return where a piece of the folded text stands in the original one; it is not empty."""
        there = self._places[begin:end]
        return min(there), max(there) + 1

    def bounded(self, begin: int, end: int) -> bool:
        """Say whether a piece stands there as words, and not within a longer word or number."""
        text = self.text
        before = text[begin - 1] if begin else ""
        after = text[end : end + 1]
        if _continues(text[end - 1], after):
            return False
        escaped = _ESCAPE.search(text[max(0, begin - _LONGEST_ESCAPE) : begin])
        return bool(escaped) or not _continues(text[begin], before)


def _of_character(character: str) -> str:
    if character.isascii():
        return character.lower()
    if unicodedata.category(character) == "Cf" or _UNSEEN.match(character):
        return ""
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return _UNSEEN.sub("", unicodedata.normalize("NFKD", decomposed))


def _in_canonical_order(pairs: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Sort each run of combining marks by their class, as decomposing a whole text does."""
    ordered: list[tuple[str, int]] = []
    run: list[tuple[str, int]] = []
    for pair in pairs:
        if unicodedata.combining(pair[0]):
            run.append(pair)
            continue
        ordered += sorted(run, key=lambda one: unicodedata.combining(one[0]))
        ordered.append(pair)
        run = []
    return ordered + sorted(run, key=lambda one: unicodedata.combining(one[0]))


def _continues(edge: str, beyond: str) -> bool:
    """Say whether what stands beyond the edge of a word belongs to the same word or number."""
    if not beyond:
        return False
    kind, other = unicodedata.category(edge)[0], unicodedata.category(beyond)[0]
    if kind in "LM":
        return other in "LM"
    return other == kind == "N"
