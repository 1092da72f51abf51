"""Commands in a sentence, as a person has to type them to mean the vault they mean now."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation

_OF_A_VAULT = re.compile(
    r"(?<![\w./-])e2etherapy (?=(?:init|invite|join|verify|send|sync|conversations|read|search"
    r"|journal|settings|doctor|agreement|check-in|homework|goal|consent|safety-plan"
    r"|emergency-card|later|batch|template|record|note|retention|hold|resolve)\b)"
)
_PLAIN_IN_DOUBLE_QUOTES = re.compile(r'[^"$`\\!\']*')


def told(sentence: str) -> str:
    """Return a sentence of this program; its commands name the vault's folder if --home did.

    Never for what a person wrote: that is shown as it is.
    """
    context = click.get_current_context(silent=True)
    invocation = None if context is None else context.find_object(Invocation)
    return sentence if invocation is None else for_home(sentence, invocation.home)


def for_home(sentence: str, home: Path | None) -> str:
    """Return a sentence whose commands name this folder; none where the flag was not used."""
    if home is None:
        return sentence
    command = f"e2etherapy --home {_quoted(inert_line(str(home)))} "
    return _OF_A_VAULT.sub(lambda _: command, sentence)


def _quoted(folder: str) -> str:
    """Quote for a shell: with double marks where they do, since commands stand in single ones."""
    single = shlex.quote(folder)
    if single == folder or not _PLAIN_IN_DOUBLE_QUOTES.fullmatch(folder):
        return single
    return f'"{folder}"'
