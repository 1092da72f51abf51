"""What somebody probably meant whose command line was not understood."""

from __future__ import annotations

import click

_TOO_MANY = "Got unexpected extra argument"


def hint(error: click.ClickException) -> str | None:
    """Return how a text or name has to be given, if that is what went wrong."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return None
    arguments = [one for one in context.command.params if isinstance(one, click.Argument)]
    if not any(_is_text(one) for one in arguments):
        return None
    if isinstance(error, click.NoSuchOption) and not error.possibilities:
        names = " ".join(_shown(one) for one in arguments)
        return (
            f"What begins with - and is no option comes after --: {context.command_path} -- {names}"
        )
    if error.message.startswith(_TOO_MANY):
        names = " ".join(_shown(one) for one in arguments)
        return f"What has several words stands in quotes: {context.command_path} {names}"
    return None


def _is_text(argument: click.Argument) -> bool:
    return argument.type is click.STRING


def _shown(argument: click.Argument) -> str:
    name = argument.human_readable_name.upper()
    return f'"{name}"' if _is_text(argument) else name
