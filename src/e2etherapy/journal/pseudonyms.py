"""Words that somebody has replaced by hand in a copy of the record; nothing looks for names."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

from e2etherapy.journal.shown import Shown

RETOLD = (
    "Words were replaced here: the entry as it was written is blank in this copy, and what is "
    "shown in its place does not verify."
)

_BEGINS = r"(?:(?<!\w)|(?<=\\[bfnrt])|(?<=\\u00[0-9a-f]{2}))"
"""Where a word begins, also behind an escape: some items carry JSON as a text."""


class Pseudonyms:
    """Replaces words by others, as whole words and whatever their capitals.

    Attributes:
        counts: how often each was replaced in what entries say, by the words as they were given.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Take what is to be replaced, each with what stands there instead; neither is empty."""
        self.counts: Counter[str] = Counter({words: 0 for words, _ in pairs})
        # What is longer is tried first: "Robin Smith" before "Robin".
        self._pairs = sorted(pairs, key=lambda pair: -len(pair[0]))
        groups = (f"({_of_words(words)})" for words, _ in self._pairs)
        self._any = re.compile("|".join(groups), re.IGNORECASE) if pairs else None

    def told(self, text: str) -> str:
        """Return a text with the words replaced; one that has none of them as it is."""
        composed = unicodedata.normalize("NFC", text)
        if self._any is None or not self._any.search(composed):
            return text
        return self._any.sub(self._instead, composed)

    def stand_in(self, content: bytes) -> bool:
        """Say whether any string of an entry's JSON has one of the words."""
        return any(self._found(text) for text in _strings(json.loads(content)))

    def retold(self, shown: Shown) -> Shown:
        """Return an entry as it is told with the words replaced; its file is left out."""
        if self._any is not None:
            for found in self._any.finditer(unicodedata.normalize("NFC", shown.text)):
                self.counts[self._pair(found)[0]] += 1
        return Shown(
            shown.position,
            self.told(shown.heading),
            f"{shown.when} {RETOLD}",
            self.told(shown.text),
            shown.kind,
        )

    def _found(self, text: str) -> bool:
        return self._any is not None and bool(self._any.search(unicodedata.normalize("NFC", text)))

    def _instead(self, found: re.Match[str]) -> str:
        return self._pair(found)[1]

    def _pair(self, found: re.Match[str]) -> tuple[str, str]:
        return self._pairs[(found.lastindex or 1) - 1]


def _of_words(words: str) -> str:
    parts = (re.escape(part) for part in unicodedata.normalize("NFC", words).split())
    return _BEGINS + r"\s+".join(parts) + r"(?!\w)"


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - JSON of any form
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in _strings(one)]
    if isinstance(value, dict):
        return [text for one in value.items() for part in one for text in _strings(part)]
    return []
