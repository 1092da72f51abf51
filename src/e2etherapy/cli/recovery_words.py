"""The 24 recovery words: shown once, and proven to be on paper."""

from __future__ import annotations

import signal
from types import FrameType

import click

from e2etherapy.cli import output, questions

_PROVEN_WORDS = 3
_WIDEST_WORD = 8
_GAP = "  "
ON_PAPER = (
    "\nWrite these 24 words on paper, with their numbers, and keep the paper safe. They open your "
    "vault if the passphrase is lost, and they are not shown again."
)


def table(words: list[str], width: int) -> str:
    """Return the words with their numbers, in up to four columns of a terminal so wide."""
    cells = [f"{number:>2} {word:<{_WIDEST_WORD}}" for number, word in enumerate(words, 1)]
    columns = max(1, min(4, (width + len(_GAP)) // (len(cells[0]) + len(_GAP))))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    return "\n".join(_GAP.join(row).rstrip() for row in rows)


def prove(words: list[str]) -> None:
    """Ask for three of them; whoever closes the terminal has not shown that they have them.

    Raises:
        click.Abort: the person ended it.
    """
    from e2etherapy.primitives.randomness import system_entropy

    for ending in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(ending, _abort)
    output.remark("\nTo be sure that they are on paper, three of them:")
    drawn = sorted(range(len(words)), key=lambda _: system_entropy(8))[:_PROVEN_WORDS]
    for index in sorted(drawn):
        while questions.ask(f"Word {index + 1}").strip().lower() != words[index]:
            output.remark("That is another word. Please look at your paper again.")


def _abort(_signal: int, _frame: FrameType | None) -> None:
    raise click.Abort
