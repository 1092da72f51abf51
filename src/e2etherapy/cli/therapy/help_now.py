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
    from e2etherapy.cli.therapy.answers import Card
    from e2etherapy.therapy.crisis import CrisisCard

_ANOTHER = "To choose a country for good: e2etherapy help-now --country Ireland --remember"
_WIDE = 80


@click.command(
    "help-now",
    epilog="""\b
Examples:
  e2etherapy help-now --country IE
  e2etherapy help-now --country IE --remember
  e2etherapy help-now --add Anna "+353 1 496 0000\"""",
)
@click.option("--country", metavar="CC", help="Two letters, like IE. [default: of your language]")
@click.option(
    "--remember/--forget", default=None, help="Show that country from now on, or no more."
)
@click.option("--add", nargs=2, metavar="NAME NUMBER", help="Add a number of your own.")
@click.option("--remove", metavar="NAME", help="Remove a number of your own.")
@json_option
@click.pass_obj
def help_now(
    invocation: Invocation,
    country: str | None,
    remember: bool | None,
    add: tuple[str, str] | None,
    remove: str | None,
) -> None:
    """Show whom to call now. Needs no passphrase and no network.

    A country that is remembered, and numbers of your own, are kept in a plain file in your data
    folder, outside of the vault, only if you ask for it: whoever can use this device can read them.
    """
    from e2etherapy.cli.therapy import own_card
    from e2etherapy.cli.therapy.said import nothing_changed
    from e2etherapy.therapy.crisis import country_code

    if remember and country is None:
        raise click.UsageError("--remember needs --country. Nothing was changed.")
    with nothing_changed():
        code = None if country is None else country_code(country)
        if remember is not None:
            own_card.remember(code if remember else None)
        if remove is not None:
            own_card.remove(remove)
        if add is not None:
            own_card.add(*add)

    card = _card(code)
    output.answer(invocation, _answer(card), _text(card))


def text_for(country: str | None) -> str:
    """Return the card for a country, for the one remembered, or for that of the language."""
    return _text(_card(country))


def _text(card: CrisisCard) -> str:
    from e2etherapy.therapy import crisis

    width = terminal_width() or _WIDE
    shown = inert(crisis.render(card, width).rstrip("\n"))
    is_chosen = card.country is not None and not card.from_locale
    return shown if is_chosen else f"{shown}\n\n{_ANOTHER}"


def _answer(card: CrisisCard) -> Card:
    from e2etherapy.cli.therapy.answers import Card, Line, OwnNumber

    lines = [
        Line(name=line.name, how=line.how, number=line.number, checked=line.checked)
        for line in card.lines
    ]
    return Card(
        country=card.country,
        warnings=list(card.warnings),
        statements=list(card.statements),
        lines=lines,
        own=[OwnNumber(name=own.name, number=own.number) for own in card.own],
    )


def _card(country: str | None) -> CrisisCard:
    from e2etherapy.cli.therapy.own_card import own_card
    from e2etherapy.therapy import crisis

    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in variables if (value := os.environ.get(name))), "")
    today = date.today()  # noqa: DTZ011 - where they are
    own = own_card()
    return crisis.card(country or own.country, today, own.numbers, locale=locale)
