"""Whom to call now: without a passphrase, without a network."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.inert import inert
from e2etherapy.cli.invocation import Invocation, json_option
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.therapy.crisis import CrisisCard

_ANOTHER = "To choose a country: e2etherapy help-now --country Ireland"
_WIDE = 80


@click.command(
    "help-now",
    epilog="""\b
Examples:
  e2etherapy help-now --country IE
  e2etherapy help-now --add Anna "+353 1 496 0000\"""",
)
@click.option("--country", metavar="CC", help="Two letters, like IE. [default: of your language]")
@click.option("--add", nargs=2, metavar="NAME NUMBER", help="Add a number of your own.")
@click.option("--remove", metavar="NAME", help="Remove a number of your own.")
@json_option
@click.pass_obj
def help_now(
    invocation: Invocation,
    country: str | None,
    add: tuple[str, str] | None,
    remove: str | None,
) -> None:
    """Show whom to call now. Needs no passphrase and no network.

    Numbers of your own are kept in a plain file in your data folder, outside of the vault, only if
    you add them: whoever can use this device can read them.
    """
    from e2etherapy.cli.therapy import own_lines
    from e2etherapy.cli.therapy.answers import Card, Line, OwnNumber
    from e2etherapy.cli.therapy.said import nothing_changed
    from e2etherapy.therapy.crisis import country_code

    with nothing_changed():
        if remove is not None:
            own_lines.remove(remove)
        if add is not None:
            own_lines.add(*add)

    code = None if country is None else country_code(country)
    card = _card(code)
    lines = [
        Line(name=line.name, how=line.how, number=line.number, checked=line.checked)
        for line in card.lines
    ]
    answer = Card(
        country=card.country,
        warnings=list(card.warnings),
        statements=list(card.statements),
        lines=lines,
        own=[OwnNumber(name=own.name, number=own.number) for own in card.own],
    )
    output.answer(invocation, answer, text_for(code))


def text_for(country: str | None) -> str:
    """Return the card for a country, or for that of the device's language."""
    from e2etherapy.therapy import crisis

    width = terminal_width() or _WIDE
    shown = inert(crisis.render(_card(country), width).rstrip("\n"))
    return shown if country else f"{shown}\n\n{_ANOTHER}"


def _card(country: str | None) -> CrisisCard:
    from e2etherapy.cli.therapy.own_lines import own_lines
    from e2etherapy.therapy import crisis

    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in variables if (value := os.environ.get(name))), "")
    today = date.today()  # noqa: DTZ011 - where they are
    return crisis.card(country, today, own_lines(), locale=locale)
