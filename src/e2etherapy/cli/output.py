"""Printing: data to standard output, everything said about it to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.wrapping import prose, terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.answer import Answer


def answer(invocation: Invocation, data: Answer | Sequence[Answer], human: str) -> None:
    """Print what a command found, in the form that was asked for."""
    if invocation.json:
        click.echo(as_json(data, indent=2))
    elif human:
        click.echo(prose(human, terminal_width()))


def line(data: Answer) -> None:
    """Print JSON on one line, for commands that go on printing."""
    click.echo(as_json(data, indent=None))


def remark(sentence: str) -> None:
    """Say something to a person without disturbing a script that reads the output."""
    shown(told(sentence))


def shown(text: str) -> None:
    """Show a person something that is not this program's own, where no script reads."""
    click.echo(prose(text, terminal_width(sys.stderr)), err=True)


def as_json(data: Answer | Sequence[Answer], indent: int | None) -> str:
    """Return JSON in ASCII, so that no text in it can steer a terminal."""
    import msgspec

    return json.dumps(msgspec.to_builtins(data), indent=indent)


def moment(when: datetime) -> str:
    """Return a time as a person reads it, in this machine's time zone."""
    try:
        local = when.astimezone()
    except (OverflowError, ValueError):
        # At the ends of the calendar there is no other zone. A peer may write such a time.
        local = when
    return f"{local.day} {local:%B %Y, %H:%M}"
