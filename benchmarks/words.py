"""Texts from a made-up vocabulary in which, as in any language, few words make up most of it."""

from __future__ import annotations

import itertools
import random

VOCABULARY = 30_000
_ONSETS = ("b", "br", "d", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ou")
_ENDS = ("", "n", "r", "s", "l", "t")


class Author:
    """Writes texts; the word of rank r is about 1/r as frequent as the first (Zipf's law)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        shuffled = random.Random(1)
        syllables = ["".join(parts) for parts in itertools.product(_ONSETS, _VOWELS, _ENDS)]
        pairs = ["".join(pair) for pair in itertools.product(syllables[::3], repeat=2)]
        self.words = syllables[::5] + shuffled.sample(pairs, VOCABULARY - len(syllables[::5]))
        weights = (1 / rank for rank in range(1, len(self.words) + 1))
        self._cumulative = list(itertools.accumulate(weights))

    def text(self, words: int) -> str:
        """Return a text of so many words."""
        return " ".join(self._random.choices(self.words, cum_weights=self._cumulative, k=words))
