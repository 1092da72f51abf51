"""Says, before a text is sent, what in it looks as if it were meant for another client.

It finds another client's name (`called`), and a phrase (`phrases`) that stands in the thread of
another client and not in this one's. Both are reasons to look again and no more: it stops nothing,
judges nothing, and a text in which it finds nothing can still be on its way to the wrong person.

Each shortest phrase of a draft is looked for by itself: what begins as this thread does and goes on
as another's is found where that is long enough to be a phrase.

A phrase that stands in the threads of three or more other clients points to none of them: it is a
saying, or something that was written to everybody. The same goes for what a template says.

Build one, let it read each thread once, tell it what is new, and ask it about each draft.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from e2etherapy.therapy.caseload.called import EVERYDAY, IGNORED, Draft, Sign, signs
from e2etherapy.therapy.caseload.phrases import Shortest, Thread, name_words, shortest, words
from e2etherapy.therapy.plain_text import quoted

MOST_OWNERS: Final = 2
"""Other clients in whose threads a phrase may stand and still point to somebody."""
MOST_SHOWN: Final = 60
"""Characters of a phrase or a name in a sentence; all of them stand in the draft, or are a name."""


class Kind(StrEnum):
    """What was found."""

    NAME = "name"
    PHRASE = "phrase"


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to look again at whom a draft goes to.

    Attributes:
        kind: another client's name, or a phrase of their thread.
        clients: the names of the conversations that it points to.
        shown: the name, or how the phrase begins, without its case and punctuation.
        also_here: the name stands in the thread of this client as well, so it may be meant.
    """

    kind: Kind
    clients: tuple[str, ...] = field(repr=False)
    shown: str = field(repr=False)
    also_here: bool = False

    def sentence(self) -> str:
        """Return what a person reads."""
        others = " and ".join(quoted(client, MOST_SHOWN) for client in self.clients)
        several = len(self.clients) > 1
        what = quoted(self.shown, MOST_SHOWN)
        if self.kind is Kind.PHRASE:
            where = "conversations" if several else "conversation"
            return f"{what} also stands in the {where} with {others}, and not in this one."
        who = "other clients" if several else "another client"
        here = " It stands in this conversation as well." if self.also_here else ""
        return f"{what} is in the name of {who}: {others}.{here}"


class RecipientGuard:
    """What is known of all conversations; kept in memory, and never written anywhere."""

    def __init__(
        self, ignore: Collection[str] = IGNORED, everyday: Collection[str] = EVERYDAY
    ) -> None:
        """Begin without a conversation.

        Args:
            ignore: words that are never looked for by themselves.
            everyday: parts of names that count only where they are written like a name.
        """
        self._ignore = _parts(ignore)
        self._everyday = _parts(everyday)
        self._signs: dict[str, list[Sign]] = {}
        self._threads: dict[str, Thread] = {}
        self._everywhere = Thread()

    def know(self, client: str, called: Iterable[str] = ()) -> None:
        """Take a conversation, or other names for it.

        Args:
            client: the name of the conversation, by which it is told apart and looked for.
            called: how else the client is called.
        """
        self._signs[client] = signs((client, *called), self._ignore, self._everyday)
        self._threads.setdefault(client, Thread())

    def read(self, client: str, text: str) -> None:
        """Take a text of a thread, of either side; only numbers of it are kept."""
        if client not in self._threads:
            self.know(client)
        self._threads[client].read(text)

    def allow(self, text: str) -> None:
        """Take a text whose phrases point to nobody, such as a template."""
        self._everywhere.read(text)

    def forget(self, client: str) -> None:
        """Drop a conversation."""
        self._signs.pop(client, None)
        self._threads.pop(client, None)

    def findings(self, client: str, draft: str) -> tuple[Finding, ...]:
        """Return what in a draft points to somebody else: names first, then phrases.

        Args:
            client: whom the draft is for.
            draft: its text, of any length.
        """
        return (*self._names(client, draft), *self._phrases(client, draft))

    def _names(self, client: str, draft: str) -> Iterator[Finding]:
        looked_in = Draft(draft)
        owned = self._owned(client)
        thread = self._threads.get(client, Thread())
        found: dict[str, tuple[str, list[str]]] = {}
        for other, known in self._signs.items():
            said = (sign for sign in known if f" {sign.words} " not in owned)
            sign = next((sign for sign in said if looked_in.says(sign)), None)
            if other != client and sign is not None:
                found.setdefault(sign.words, (sign.shown, []))[1].append(other)
        for said_words, (shown, others) in sorted(found.items()):
            also_here = thread.has_words(said_words.split())
            yield Finding(Kind.NAME, tuple(sorted(others)), shown, also_here)

    def _owned(self, client: str) -> str:
        """Return the names of a client, which point to nobody else."""
        known = self._signs.get(client, ())
        return f" {' '.join(name_words(client))} | {' | '.join(sign.words for sign in known)} "

    def _phrases(self, client: str, draft: str) -> Iterator[Finding]:
        said = words(draft)
        begun = shortest(said)
        pointing = self._pointing(client, set(begun.numbers))
        everybody: set[int] = set().union(*pointing.values())
        places = [place for place, number in enumerate(begun.numbers) if number in everybody]
        found: dict[tuple[int, int], list[str]] = {}
        for other, numbers in sorted(pointing.items()):
            found.setdefault(_longest(begun, places, numbers), []).append(other)
        for (first, end), others in sorted(found.items()):
            shown = " ".join(said[first:end])[: MOST_SHOWN + 1]
            yield Finding(Kind.PHRASE, tuple(others), shown)

    def _pointing(self, client: str, numbers: set[int]) -> dict[str, set[int]]:
        """Return which phrases point to whom else; those who have none are left out."""
        numbers -= self._everywhere.common(numbers)
        if client in self._threads:
            numbers -= self._threads[client].common(numbers)
        found = {
            other: thread.common(numbers)
            for other, thread in self._threads.items()
            if other != client
        }
        owners = Counter(number for common in found.values() for number in common)
        too_many = {number for number, count in owners.items() if count > MOST_OWNERS}
        return {other: common - too_many for other, common in found.items() if common - too_many}


def _parts(names: Collection[str]) -> frozenset[str]:
    return frozenset(word for name in names for word in name_words(name))


def _longest(begun: Shortest, places: list[int], numbers: set[int]) -> tuple[int, int]:
    """Return from which word to which the longest phrase goes that is made of these shortest ones.

    Args:
        begun: the shortest phrases of a draft.
        places: those at which one of them may be, in order.
        numbers: at least one, which are at some of these places.
    """
    longest, first, before = (0, 0), 0, -2
    for place in places:
        if begun.numbers[place] not in numbers:
            continue
        first = first if place == before + 1 else place
        before = place
        if begun.ends[place] - first > longest[1] - longest[0]:
            longest = (first, begun.ends[place])
    return longest
