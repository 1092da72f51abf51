"""What commands on one line of a list have in common: whom it is with, its number, and a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from e2etherapy.cli.invocation import vault_options

Command = Callable[..., Any]

note = click.option("--note", default="", metavar="TEXT", help="What you want to say with it.")


def of_a_list(command: Command) -> Command:
    """Let a command take a name, a number, --note, and the options of what opens a vault."""
    taking = note(vault_options(click.pass_obj(command)))
    return click.argument("name")(click.argument("number", type=int)(taking))
