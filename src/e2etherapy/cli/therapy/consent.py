"""Informed consent: ask for it, read it, give it, withdraw it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.output import moment
from e2etherapy.cli.wrapping import terminal_width
from e2etherapy.errors.therapy import InvalidAnswers, NotUnderstood

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.work_answers import Consent
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport
    from e2etherapy.therapy.care.consents import AskedConsent
    from e2etherapy.therapy.consent import ConsentText, Question

_WIDE = 80


@click.group()
def consent() -> None:
    """Informed consent: ask for it, read it, give it, withdraw it."""


@consent.command(epilog="\b\nExample:\n  e2etherapy consent request Robin")
@click.argument("name")
@click.option("--text", default="en-1", metavar="NAME", help="Which text. [default: en-1]")
@vault_options
@click.pass_obj
def request(invocation: Invocation, name: str, text: str) -> None:
    """Ask a client for informed consent."""
    from e2etherapy.cli.therapy import said

    said.send(invocation, name, lambda messenger: messenger.ask_consent(name, text))


@consent.command(epilog='\b\nExample:\n  e2etherapy consent read "Dr. Okafor"')
@click.argument("name")
@vault_options
@click.pass_obj
def read(invocation: Invocation, name: str) -> None:
    """Print the text that you are asked to agree to."""
    from e2etherapy.cli.therapy.work_answers import ConsentQuestion, ConsentText
    from e2etherapy.therapy import consent as texts

    text = invocation.unlocked(lambda messenger: messenger.consent_text(name))
    answer = ConsentText(
        text=text.name,
        title=text.title,
        words=text.text,
        questions=[
            ConsentQuestion(asked=one.asked, choices=list(one.choices)) for one in text.questions
        ],
    )
    asked = [_question(number, one) for number, one in enumerate(text.questions, 1)]
    human = "\n\n".join([texts.render(text, terminal_width() or _WIDE).rstrip("\n"), *asked])
    output.answer(invocation, answer, human)


def _question(number: int, one: Question) -> str:
    choices = [f"  {place}  {choice}" for place, choice in enumerate(one.choices)]
    return "\n".join([f"{number}. {one.asked}", *choices])


@consent.command(
    epilog="""\b
Examples:
  e2etherapy consent give "Dr. Okafor"
  e2etherapy consent give "Dr. Okafor" --answers 1,0,2,1,0,2,1"""
)
@click.argument("name")
@click.option("--answers", metavar="LIST", help="One for each question, from 0; or you are asked.")
@vault_options
@click.pass_obj
def give(invocation: Invocation, name: str, answers: str | None) -> None:
    """Answer some questions on the text, and agree to it.

    Read it first: e2etherapy consent read NAME. It is recorded once all answers are right; where
    one is not, you are told what the text says, and answer again as often as you like.
    """
    from e2etherapy.cli.therapy import said

    invocation.if_stopped = "Nothing was sent."
    listed = None if answers is None else _listed(answers)
    if listed is None and not sys.stdin.isatty():
        raise click.UsageError("Without a terminal, give --answers. Nothing was sent.")

    async def given(messenger: Messenger) -> SendReport:
        if listed is not None:
            with _explained_line_by_line(invocation):
                return await messenger.give_consent(name, listed)
        text = await messenger.consent_to_answer(name)
        with invocation.meanwhile("Nothing was sent, and the answers are not kept."):
            async with typed_text.asking(messenger):
                chosen = _asked(text)
        return await messenger.give_consent(name, chosen, text.name)

    said.send(invocation, name, given)


@contextmanager
def _explained_line_by_line(invocation: Invocation) -> Iterator[None]:
    """Show a person why answers are wrong on lines of their own; an error has but one line."""
    try:
        yield
    except NotUnderstood as wrong:
        if invocation.json:
            raise
        *why, undone = str(wrong).split("\n")
        output.shown("\n".join(why))
        raise NotUnderstood(undone, wrong.questions) from None


def _listed(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidAnswers(
            "Answers are whole numbers with commas between them. Nothing was sent."
        ) from None


def _asked(text: ConsentText) -> list[int]:
    """Ask until everything is answered rightly, and then whether the person agrees."""
    output.shown(f"Questions on text {text.name}: {text.title}")
    for number, question in enumerate(text.questions, 1):
        output.shown(f"\n{_question(number, question)}")
        offered = click.Choice([str(place) for place in range(len(question.choices))])
        while questions.choose("Your answer", offered) != str(question.right):
            output.shown(question.explanation)
    questions.confirm(f"All of this is what the text says. Do you agree to text {text.name}?")
    return [question.right for question in text.questions]


@consent.command(epilog='\b\nExample:\n  e2etherapy consent withdraw "Dr. Okafor"')
@click.argument("name")
@click.option("--note", default="", metavar="TEXT", help="Why, if you want to say.")
@vault_options
@click.pass_obj
def withdraw(invocation: Invocation, name: str, note: str) -> None:
    """Take your consent back, for what comes."""
    from e2etherapy.cli.therapy import said

    said.send(invocation, name, lambda messenger: messenger.withdraw_consent(name, note))


@consent.command(epilog="\b\nExample:\n  e2etherapy consent show Robin")
@click.argument("name")
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str) -> None:
    """Show what consent was asked for, given and withdrawn."""
    asked = invocation.unlocked(lambda messenger: messenger.consents(name))
    human = "\n".join(inert(_told(one)) for one in asked) or "Nobody has asked for consent yet."
    output.answer(invocation, [_line(one) for one in asked], human)


def _told(one: AskedConsent) -> str:
    parts = [f"Text {one.text}: asked for {moment(one.requested)}"]
    parts += ["not given"] if one.given is None else [f"given {moment(one.given)}"]
    parts += [] if one.withdrawn is None else [f"withdrawn {moment(one.withdrawn)}"]
    return f"{', '.join(parts)}."


def _line(one: AskedConsent) -> Consent:
    from e2etherapy.cli.therapy.work_answers import Consent

    return Consent(
        text=one.text,
        requested=one.requested,
        given=one.given,
        withdrawn=one.withdrawn,
        in_force=one.in_force,
    )
