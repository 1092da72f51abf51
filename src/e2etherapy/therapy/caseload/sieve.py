"""Finds the few texts that can matter to a recipient guard, at a tenth of what reading all takes.

A text matters to a draft only if they have a phrase in common (`phrases`), and so the first four
words of it, or all where it has fewer. A text that has none of these beginnings is not read.
"""

from __future__ import annotations

from collections.abc import Iterable

from e2etherapy.therapy.caseload.phrases import name_words, shortest, words

_MOST = 4
"""Words of a beginning: three in a row stand in too many texts, five in no shorter phrase."""


class Sieve:
    """What some drafts and names begin with."""

    def __init__(self, drafts: Iterable[str], names: Iterable[str] = ()) -> None:
        """Take what is looked for.

        Args:
            drafts: texts whose phrases matter.
            names: texts whose words matter one by one, such as a name that a draft says.
        """
        self._begun: dict[int, set[tuple[str, ...]]] = {}
        for draft in drafts:
            said = words(draft)
            for first, end in enumerate(shortest(said).ends):
                beginning = tuple(said[first : min(end, first + _MOST)])
                self._begun.setdefault(len(beginning), set()).add(beginning)
        self._names = {word for name in names for word in (*words(name), *name_words(name))}

    def holds(self, text: str) -> bool:
        """Say whether a text can matter; at times it does not, all the same."""
        said = words(text)
        if self._names and not self._names.isdisjoint((*said, *name_words(text))):
            return True
        return any(
            not begun.isdisjoint(zip(*(said[skipped:] for skipped in range(length)), strict=False))
            for length, begun in self._begun.items()
        )
