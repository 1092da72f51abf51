"""Words that somebody has replaced by hand in a copy of the record; nothing looks for names."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from e2etherapy.journal.folded import Folded
from e2etherapy.journal.shown import Shown

RETOLD = (
    "Words were replaced here: the entry as it was written is blank in this copy, and what is "
    "shown in its place does not verify."
)

_ESCAPED = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|([\"'\\/]))"
)
"""A character as JSON, or a list that is shown, may write it."""
_LETTERS = re.compile(r"[^\W_]+")


class _Replaced(NamedTuple):
    """Words and what stands there instead, with how they are looked for.

    Attributes:
        as_words: finds them; whether they are bounded is for the folded text to say.
        anywhere: finds them also within longer words, and with anything but letters between them.
    """

    words: str
    instead: str
    as_words: re.Pattern[str]
    anywhere: re.Pattern[str]


class Pseudonyms:
    """Replaces words by others, as whole words, whatever their capitals and Unicode form.

    Attributes:
        counts: how often each was replaced in what entries say, by the words as they were given.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Take what is to be replaced, each with what stands there instead; see `can_be_found`."""
        self.counts: Counter[str] = Counter({words: 0 for words, _ in pairs})
        # What is longer is tried first: "Robin Smith" before "Robin".
        rising = sorted(pairs, key=lambda pair: -len(pair[0]))
        self._all = [_replaced(words, instead) for words, instead in rising]

    def told(self, text: str) -> str:
        """Return a text with the words replaced; the rest of it as it is."""
        return self._told(text)[0]

    def stand_in(self, content: bytes) -> bool:
        """Say whether any string of an entry's JSON has one of the words."""
        return any(self._told(text)[1] for text in _strings(json.loads(content)))

    def retold(self, shown: Shown) -> Shown:
        """Return an entry as it is told with the words replaced; its file is left out."""
        text, found = self._told(shown.text)
        self.counts.update(found)
        heading, when = self.told(shown.heading), f"{shown.when} {RETOLD}"
        return Shown(shown.position, heading, when, text, shown.kind)

    def remaining(self, texts: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Return which of the words still stand in texts, each with the whole word it stands in.

        They may stand within a longer word, or be written apart or together. That can be chance,
        as of "Sam" in "same"; whoever knows the person has to say.
        """
        found: set[tuple[str, str]] = set()
        for text in texts:
            for form in {text, _unescaped(text)}:
                folded = Folded(form).text
                found.update(
                    (one.words, _around(folded, *match.span()))
                    for one in self._all
                    for match in one.anywhere.finditer(folded)
                )
        return frozenset(found)

    def _told(self, text: str) -> tuple[str, Counter[str]]:
        """Return a text with the words replaced, and how often each was."""
        folded = Folded(text)
        taken = bytearray(len(text))
        places: list[tuple[int, int, _Replaced]] = []
        for one in self._all:
            for match in one.as_words.finditer(folded.text):
                begin, end = folded.place(*match.span(1))
                if folded.bounded(*match.span(1)) and not any(taken[begin:end]):
                    taken[begin:end] = bytes([1]) * (end - begin)
                    places.append((begin, end, one))
        told, done = "", 0
        for begin, end, one in sorted(places, key=lambda place: place[0]):
            told += text[done:begin] + one.instead
            done = end
        return told + text[done:], Counter(one.words for *_, one in places)


def can_be_found(words: str) -> bool:
    """Say whether anything of some words is seen, so that they can be looked for."""
    return bool(Folded(words).text.strip())


def _replaced(words: str, instead: str) -> _Replaced:
    parts = [re.escape(part) for part in Folded(words).text.split()]
    # Looked for ahead, so that one which is not bounded hides none that begins within it.
    as_words = re.compile("(?=(" + r"[\s_]+".join(parts) + "))")
    return _Replaced(words, instead, as_words, re.compile(r"[\W_]*".join(parts)))


def _around(folded: str, begin: int, end: int) -> str:
    """Return the whole word in which something stands."""
    while begin and _LETTERS.match(folded[begin - 1]):
        begin -= 1
    while end < len(folded) and _LETTERS.match(folded[end]):
        end += 1
    return " ".join(folded[begin:end].split())


def _unescaped(text: str) -> str:
    """Return a text in which each letter is written as itself."""
    return _ESCAPED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    *codes, plain = found.groups()
    code = next((one for one in codes if one), None)
    return str(plain) if code is None else chr(int(code, 16))


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - JSON of any form
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in _strings(one)]
    if isinstance(value, dict):
        return [text for one in value.items() for part in one for text in _strings(part)]
    return []
