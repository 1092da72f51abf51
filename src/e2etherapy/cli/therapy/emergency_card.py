"""Whom a therapist may call about a client, and where to send help: shared by choice."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.therapy.said import nothing_changed
from e2etherapy.cli.wrapping import terminal_width
from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import TherapyError

if TYPE_CHECKING:
    from e2etherapy.cli.therapy import work_answers
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.therapy.emergency_card import EmergencyCard

_WIDE = 80
_QUESTIONS = {
    "contact": "Whom to call, by name",
    "phone": "Their telephone number",
    "relation": "What they are to you",
    "location": "Where you usually are",
    "consent": "When your therapist may call them, and what they may say",
}
_REMINDER = "Look at it, and say that it is still right: e2etherapy emergency-card confirm"


@click.group("emergency-card")
def emergency_card() -> None:
    """Whom to call about you, and where you are."""


@emergency_card.command(
    "set",
    epilog="""\b
Examples:
  e2etherapy emergency-card set
  e2etherapy emergency-card set --phone "+353 1 496 0000\"""",
)
@click.option("--contact", metavar="NAME", help="Whom to call.")
@click.option("--phone", metavar="NUMBER", help="Their number, like +353 1 496 0000.")
@click.option("--relation", metavar="TEXT", help="What they are to you, like sister.")
@click.option("--location", metavar="TEXT", help="Where you usually are.")
@click.option("--consent", metavar="TEXT", help="When they may be called, and what may be said.")
@vault_options
@click.pass_obj
def set_card(invocation: Invocation, /, **given: str | None) -> None:
    """Write your card; it stays on this device.

    What is not given is asked for at a terminal, or stays as it is.
    """
    invocation.if_stopped = "Nothing was changed."
    today = date.today()  # noqa: DTZ011 - where the person is
    named = {field: words for field, words in given.items() if words is not None}

    async def written(messenger: Messenger) -> EmergencyCard:
        words = named
        if not _QUESTIONS.keys() <= named.keys():  # a card that cannot be read can be replaced
            words = _before(await messenger.emergency_card()) | named
        if not named and sys.stdin.isatty():
            with invocation.meanwhile("Nothing was changed, and what was typed is not kept."):
                async with typed_text.asking(messenger):
                    words = _asked(words, today)
        card = _card(words, today)
        await messenger.write_emergency_card(card)
        return card

    _show(invocation, None, invocation.unlocked(written), None, "On this device only.")


def _asked(words: dict[str, str], today: date) -> dict[str, str]:
    """Ask for everything, and again for what cannot stand on a card."""
    while True:
        words = {
            field: questions.line(question, words.get(field, ""), shown=True)
            for field, question in _QUESTIONS.items()
        }
        try:
            _card(words, today)
        except TherapyError as error:
            output.remark(str(error))
        else:
            return words


def _before(card: EmergencyCard | None) -> dict[str, str]:
    return {} if card is None else {field: getattr(card, field) for field in _QUESTIONS}


def _card(words: dict[str, str], today: date) -> EmergencyCard:
    from e2etherapy.therapy.emergency_card import EmergencyCard

    missing = [f"--{field}" for field in _QUESTIONS if field not in words]
    if missing:
        raise click.UsageError(f"A card has to have {', '.join(missing)}. Nothing was changed.")
    with nothing_changed():
        typed = {field: text.strip() for field, text in words.items()}
        return EmergencyCard(**typed, confirmed=today)


@emergency_card.command(epilog="\b\nExample:\n  e2etherapy emergency-card show")
@click.argument("name", required=False)
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str | None) -> None:
    """Show your card, or the one that was shared with NAME."""

    async def found(messenger: Messenger) -> tuple[EmergencyCard, datetime | None]:
        if name is None:
            return _own(await messenger.emergency_card()), None
        shared = (await messenger.shared_plans(name)).card
        if shared is None:
            raise MessengerError("No emergency card was shared in this conversation.")
        return shared.content, shared.shared

    card, shared = invocation.unlocked(found)
    reminder = told(_REMINDER) if name is None and card.is_stale(_today()) else ""
    _show(invocation, name, card, shared, reminder)


def _own(card: EmergencyCard | None) -> EmergencyCard:
    if card is None:
        raise MessengerError("There is no emergency card yet: e2etherapy emergency-card set")
    return card


def _today() -> date:
    return date.today()  # noqa: DTZ011 - where the person is


@emergency_card.command(
    epilog="""\b
Examples:
  e2etherapy emergency-card confirm
  e2etherapy emergency-card confirm --yes"""
)
@click.option("--yes", is_flag=True, help="Confirm without asking.")
@vault_options
@click.pass_obj
def confirm(invocation: Invocation, yes: bool) -> None:
    """Say that everything on your card is right.

    At a terminal the card is shown first; without one, nobody can be asked, and --yes is needed.
    Share it again afterwards.
    """
    invocation.if_stopped = "Nothing was changed."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, this needs --yes. Nothing was changed.")

    async def confirmed(messenger: Messenger) -> EmergencyCard:
        if not yes:
            output.shown(_rendered(_own(await messenger.emergency_card())))
            with invocation.meanwhile("Nothing was changed."):
                async with typed_text.asking(messenger):
                    questions.confirm("Is all of this right?")
        return await messenger.confirm_emergency_card(_today())

    _show(invocation, None, invocation.unlocked(confirmed), None, "")


@emergency_card.command(epilog='\b\nExample:\n  e2etherapy emergency-card share "Dr. Okafor"')
@click.argument("name")
@vault_options
@click.pass_obj
def share(invocation: Invocation, name: str) -> None:
    """Send a copy of your card to NAME.

    They can call once they have read that you need it, not before.
    """
    from e2etherapy.cli.therapy import said

    today = _today()
    said.send(invocation, name, lambda messenger: messenger.share_emergency_card(name, today))


def _show(
    invocation: Invocation,
    name: str | None,
    card: EmergencyCard,
    shared: datetime | None,
    remark: str,
) -> None:
    human = "\n".join(filter(None, [_rendered(card), remark]))
    output.answer(invocation, _answer(name, card, shared), human)


def _rendered(card: EmergencyCard) -> str:
    from e2etherapy.therapy.emergency_card import render

    return inert(render(card, _today(), terminal_width() or _WIDE).rstrip("\n"))


def _answer(
    name: str | None, card: EmergencyCard, shared: datetime | None
) -> work_answers.EmergencyCard:
    from e2etherapy.cli.therapy.work_answers import EmergencyCard

    return EmergencyCard(
        name=name,
        contact=card.contact,
        phone=card.phone,
        relation=card.relation,
        location=card.location,
        consent=card.consent,
        confirmed=card.confirmed,
        stale=card.is_stale(_today()),
        shared=shared,
    )
