"""Whom to call now: without a passphrase, without a network."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.invocation import Invocation, json_option
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.therapy.crisis import CrisisCard

_WIDE = 80


@click.command("help-now", epilog="\b\nExample:\n  e2etherapy help-now --country IE")
@click.option("--country", metavar="CC", help="Two letters, like IE. [default: of your language]")
@json_option
@click.pass_obj
def help_now(invocation: Invocation, country: str | None) -> None:
    """Show whom to call now. Needs no passphrase and no network."""
    from e2etherapy.cli.therapy.answers import Card, Line
    from e2etherapy.therapy.crisis import country_code

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
    )
    output.answer(invocation, answer, text_for(code))


def text_for(country: str | None) -> str:
    """Return the card for a country, or for that of the device's language."""
    from e2etherapy.therapy import crisis

    return crisis.render(_card(country), terminal_width() or _WIDE).rstrip("\n")


def _card(country: str | None) -> CrisisCard:
    from e2etherapy.therapy import crisis

    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in variables if (value := os.environ.get(name))), "")
    return crisis.card(country, date.today(), locale=locale)  # noqa: DTZ011 - where they are
