"""Questions that a person answers at a terminal, in the open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


def confirm(question: str) -> None:
    """Go on only after a yes.

    Raises:
        click.Abort: it was a no, or Ctrl-C.
    """
    if not agreed(question):
        raise click.Abort


def agreed(question: str, *, default: bool = False) -> bool:
    """Say whether a person agrees; Enter alone is `default`.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    with _line_ended():
        return click.confirm(question, default=default, err=True)


def ask(question: str) -> str:
    """Return one line of what a person types.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    with _line_ended():
        return str(click.prompt(question, err=True))


def named(question: str, name: str) -> None:
    """Go on only after somebody has typed a name, whatever its capitals and spaces.

    Raises:
        click.Abort: it was something else, or Ctrl-C.
    """
    if not same(ask(question), name):
        raise click.Abort


def same(typed: str, name: str) -> bool:
    """Say whether somebody has typed a name, whatever its capitals and spaces."""
    return typed.casefold().split() == name.casefold().split()


def line(question: str, kept: str, *, shown: bool = False) -> str:
    """Return one line of what a person types, or what is there if they only press Enter.

    Args:
        question: what is asked for.
        kept: what is there; may be empty.
        shown: whether it stands behind the question.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    with _line_ended():
        return str(
            click.prompt(question, default=kept, show_default=shown and bool(kept), err=True)
        )


def choose(question: str, choices: click.Choice[str], default: str | None = None) -> str:
    """Return one of the choices.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    with _line_ended():
        return str(click.prompt(question, type=choices, default=default, err=True))


@contextmanager
def _line_ended() -> Iterator[None]:
    """End the line in which Ctrl-C was pressed: click does so for hidden questions only."""
    try:
        yield
    except click.Abort:
        click.echo(err=True)
        raise
