"""What a client is called, and where a text says it.

A name is found whole and in its parts, as whole words, whatever their case. A part needs three
letters, and so does a whole name: "Li" would be found everywhere. A part that is an everyday word
of English, as in "Will" or "Hope", counts only where it is written like a name: with a capital in
the middle of a sentence, or before a comma where a line begins.

What is not found: a name of one or two letters, a nickname that nobody entered, a misspelled name,
an ending that a language adds to a name, and a name within a text written without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from e2etherapy.therapy.caseload.phrases import name_words

FEWEST_LETTERS: Final = 3
_IGNORED: Final = """
and bin client clients couple das del den der des die dos ibn junior miss mrs new old patient
senior test the van von
"""
_EVERYDAY: Final = """
amber angel april art august autumn baker bill bird bishop black bright brown bush chance chase
chuck church close cook cross dark dawn day dot drew early english eve fair faith field fisher fox
frank french friday gentle ginger good grace grant gray green grey guy hall hand head heart hill
home hope house hunter ivy jay jewel joy june key king knight lake lance last law light lily
little long love major march mark may melody miles monday moody moon north olive page park pat
patience peace pearl peg poppy power price prudence ray rich rivers rob rose rusty savage self
short skip small smart song south speed star stone strong sue summer sunday sunny swift true wade
wall ward way west white will winter wise wolf wood woods worth young
"""
IGNORED: Final = frozenset(_IGNORED.split())
"""Parts that say nothing of whose a name is; one of several words is still looked for whole."""
EVERYDAY: Final = frozenset(_EVERYDAY.split())
"""English words that are names too; in another language others are, so that it can be replaced."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A name, or a part of one.

    Attributes:
        words: as they are looked for.
        shown: as they were entered.
        everyday: whether they count only where they are written like a name.
    """

    words: str
    shown: str
    everyday: bool = False


def signs(names: Iterable[str], ignore: Collection[str], everyday: Collection[str]) -> list[Sign]:
    """Return what names are found by, the longest first.

    Args:
        names: of one client: whole ones, as they were entered.
        ignore: words that never count by themselves, case folded.
        everyday: parts that count only where they are written like a name, case folded.
    """
    found = {sign.words: sign for name in names for sign in _of(name, ignore, everyday)}
    return sorted(found.values(), key=lambda sign: (-len(sign.words), sign.words))


def _of(name: str, ignore: Collection[str], everyday: Collection[str]) -> Iterator[Sign]:
    whole = name_words(name)
    if len(whole) > 1 and _letters("".join(whole)) >= FEWEST_LETTERS:
        yield Sign(" ".join(whole), " ".join(name.split()))
    for word in whole:
        if _letters(word) >= FEWEST_LETTERS and word not in ignore:
            yield Sign(word, word[:1].upper() + word[1:], word in everyday)


def _letters(word: str) -> int:
    return sum(unicodedata.category(character)[0] == "L" for character in word)


class Draft:
    """A text in which names are looked for."""

    def __init__(self, text: str) -> None:
        self._text = unicodedata.normalize("NFC", text)
        said = name_words(text)
        self._words = frozenset(said)
        self._line = f" {' '.join(said)} "

    def says(self, sign: Sign) -> bool:
        """Say whether a name, or a part of one, stands in the text."""
        if " " in sign.words:
            return f" {sign.words} " in self._line
        if sign.words not in self._words:
            return False
        return not sign.everyday or self._is_written_like_a_name(sign.shown)

    def _is_written_like_a_name(self, word: str) -> bool:
        exactly = re.escape(word)
        within = rf"(?<=[\w,;:)] ){exactly}(?!\w)|^[ \t]*{exactly}(?=[,!])"
        return re.search(within, self._text, re.MULTILINE) is not None
