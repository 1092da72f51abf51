"""Choosing a passphrase: long enough, and typed twice alike."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from e2etherapy.cli import output, passphrase
from e2etherapy.cli.passphrase import PassphraseUnusable

LEAST = 8
"""Characters of a new passphrase, spaces not counted; one that exists is taken as it is."""


def choose(file: Path | None, question: str = "Choose a passphrase: ") -> str:
    """Return a new passphrase, from a file or a hidden prompt that asks twice.

    At the prompt, one that is too short or was typed differently the second time is asked for
    again.

    Raises:
        PassphraseMissing, PassphraseUnusable, OSError: as for an old one; also if it is too short.
    """
    if file is not None:
        return _long_enough(passphrase.from_file(file))
    if passphrase.has_terminal():
        output.remark("Four or more unrelated words make a good passphrase.")
    while True:
        try:
            return _asked_twice(question)
        except PassphraseUnusable as unusable:
            output.remark(str(unusable))


def _asked_twice(question: str) -> str:
    first = _long_enough(passphrase.asked(question))
    if _normal(passphrase.asked("The same again: ")) != _normal(first):
        raise PassphraseUnusable("The two were different. Nothing was changed; once more, please.")
    return first


def _long_enough(chosen: str) -> str:
    """Return a new passphrase that is not among those that are tried first.

    What is counted is the form from which the key is made (docs/protocol.md, section 13).

    Raises:
        PassphraseUnusable: it is too short.
    """
    if len("".join(_normal(chosen).split())) < LEAST:
        raise PassphraseUnusable(
            f"This passphrase is too short: it needs at least {LEAST} characters, spaces not "
            "counted. Nothing was changed. Take four or more words that have nothing to do with "
            "each other or with you: they are easy to remember and hard to guess."
        )
    return chosen


def _normal(chosen: str) -> str:
    return unicodedata.normalize("NFKC", chosen)
