"""Texts with placeholders, kept to be filled for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, typed_text, wording
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.answers import Template
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.vault.templates import Kept


@click.group()
def template() -> None:
    """Keep texts with placeholders for 'batch draft'."""


@template.command(
    epilog="""\b
Examples:
  e2etherapy template add later "Dear {name}, I answer by {day}."
  e2etherapy template add later - < later.txt"""
)
@click.argument("name")
@click.argument("text", required=False)
@vault_options
@click.pass_obj
def add(invocation: Invocation, name: str, text: str | None) -> None:
    """Keep a text under NAME.

    A placeholder is written like {day}; for a brace that is meant, write {{ or }}. {name} is
    filled with the name of the conversation. TEXT may be - for standard input.
    """
    from e2etherapy.cli.typing_desk import OpenDrawer, Typing, typed
    from e2etherapy.messenger.autosaving import Typed

    invocation.if_stopped = "Nothing was changed."
    given = typed_text.piped(text)

    async def added(messenger: Messenger) -> Kept:
        heading = f"The template {inert_line(name)}."
        typing = Typing(
            heading, OpenDrawer(messenger, Typed.TEMPLATE, None), "No template was added."
        )
        words = await typed(invocation, messenger, typing) if given is None else given
        return await messenger.add_template(name, words)

    kept = invocation.unlocked(added)
    output.answer(invocation, _answer(kept), f"Kept: {_line(kept)}")


@template.command("list", epilog="\b\nExample:\n  e2etherapy template list")
@vault_options
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List all templates with their placeholders."""
    every = invocation.unlocked(lambda messenger: messenger.templates())
    human = "\n".join(map(_line, every)) or "There is no template."
    output.answer(invocation, [_answer(kept) for kept in every], human)


@template.command(epilog="\b\nExample:\n  e2etherapy template show later")
@click.argument("name")
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str) -> None:
    """Show the text of a template."""
    kept = invocation.unlocked(lambda messenger: messenger.template(name))
    output.answer(invocation, _answer(kept), inert(kept.text))


@template.command(epilog="\b\nExample:\n  e2etherapy template remove later")
@click.argument("name")
@vault_options
@click.pass_obj
def remove(invocation: Invocation, name: str) -> None:
    """Forget a template; drafts that came from it stay."""
    kept = invocation.unlocked(lambda messenger: messenger.remove_template(name))
    output.answer(invocation, _answer(kept), f"The template {inert_line(kept.name)} is gone.")


def _holes(kept: Kept) -> tuple[str, ...]:
    from e2etherapy.therapy.caseload.templates import parse

    return parse(kept.text).placeholders


def _line(kept: Kept) -> str:
    holes = ", ".join(f"{{{inert_line(hole)}}}" for hole in _holes(kept))
    length = wording.counted(len(kept.text), "character", "characters")
    name = click.style(inert_line(kept.name), bold=True)
    return f"{name}: {length}" + (f"; to be filled: {holes}" if holes else "")


def _answer(kept: Kept) -> Template:
    from e2etherapy.cli.therapy.answers import Template

    return Template(name=kept.name, text=kept.text, placeholders=list(_holes(kept)))
