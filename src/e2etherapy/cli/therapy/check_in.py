"""Check-ins: a questionnaire's questions, its score, and when it is asked for."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.errors.therapy import InvalidAnswers

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.check_in_answers import Score
    from e2etherapy.messenger.care.checking_in import TakenReport
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport
    from e2etherapy.therapy.instruments.definition import Instrument
    from e2etherapy.therapy.instruments.scoring import Result

_NOT_ANSWERED = "-"


@click.group("check-in")
def check_in() -> None:
    """Questionnaires such as PHQ-9 and GAD-7: fill in, show, ask for."""


@check_in.command(
    epilog="""\b
Examples:
  e2etherapy check-in take "Dr. Okafor" gad-7
  e2etherapy check-in take "Dr. Okafor" phq-9 --answers 0,1,2,0,-,0,0,0,1"""
)
@click.argument("name")
@click.argument("instrument")
@click.option(
    "--answers",
    metavar="LIST",
    help='One for each question, "-" for none; or you are asked.',
)
@vault_options
@click.pass_obj
def take(invocation: Invocation, name: str, instrument: str, answers: str | None) -> None:
    """Fill in INSTRUMENT and send the answers to NAME.

    They are scored on this device, and again on the other one. A score is no diagnosis.
    """
    from e2etherapy.cli.therapy import said
    from e2etherapy.cli.therapy.check_in_answers import CheckedIn
    from e2etherapy.therapy.instruments.pack import instrument as find

    invocation.if_stopped = "Nothing was sent."
    with said.nothing_sent():
        definition = find(instrument)
    listed = None if answers is None else _listed(definition, answers)

    async def taken(messenger: Messenger) -> TakenReport:
        fits = definition
        if listed is None:
            fits = await _fitting(invocation, messenger, name, definition)
        await messenger.require_fitting(name, fits.id)
        given = await _asked(invocation, messenger, fits) if listed is None else listed
        return await messenger.take_check_in(name, fits.id, given)

    with said.nothing_sent():
        report = invocation.unlocked(taken)
    definition = find(report.result.instrument)
    if report.priority:
        _show_help_first(invocation)
    sent = said.said(name, report.sent)
    answer = CheckedIn(score=_score(report.result), sent=sent, flagged=report.priority)
    said.show(invocation, answer, sent, _told(definition, report.result))


async def _fitting(
    invocation: Invocation, messenger: Messenger, name: str, definition: Instrument
) -> Instrument:
    """Offer another instrument to a person at a terminal where this one must not be asked."""
    from e2etherapy.cli import questions, typed_text
    from e2etherapy.therapy.instruments.pack import instrument as find

    other = find(await messenger.fitting_check_in(name, definition.id))
    if other is definition or not sys.stdin.isatty():
        return definition
    output.remark(
        f"{definition.title} asks about thoughts of death, and no agreement with "
        f"{inert_line(name)} says that somebody reads the answer within one working day. "
        f"{other.title} is the same without that question. If you need help now: e2etherapy "
        "help-now"
    )
    with invocation.meanwhile("Nothing was sent."):
        async with typed_text.asking(messenger):
            questions.confirm(f"Fill in {other.id} instead?")
    return other


def _show_help_first(invocation: Invocation) -> None:
    """Show whom to call now, before anything else: a flag does not mean that somebody watches."""
    from e2etherapy.cli.therapy.help_now import text_for

    if not invocation.json:
        click.echo(text_for(None), err=True)


def _listed(definition: Instrument, text: str) -> list[int | None]:
    """Return answers in the order of the questions; those that do not count may be left out."""
    parts = [part.strip() for part in text.split(",")]
    try:
        given = [None if part == _NOT_ANSWERED else int(part) for part in parts]
    except ValueError:
        raise InvalidAnswers(
            "Answers are whole numbers with commas between them, and - for not answered. "
            "Nothing was sent."
        ) from None
    left = definition.items[len(given) :]
    if left and not any(item.role == "scored" for item in left):
        given += [None] * len(left)
    return given


async def _asked(
    invocation: Invocation, messenger: Messenger, definition: Instrument
) -> list[int | None]:
    from e2etherapy.cli import questions, typed_text

    said = [definition.notice, definition.instructions, definition.stem]
    output.shown("\n\n".join([definition.title, *(words for words in said if words)]))
    given: list[int | None] = []
    with invocation.meanwhile("Nothing was sent, and the answers are not kept."):
        async with typed_text.asking(messenger):
            for number, item in enumerate(definition.items, 1):
                options = definition.options_of(item)
                lines = [f"  {option.value}  {option.label}" for option in options]
                click.echo("\n".join([f"\n{number}. {item.wording}", *lines]), err=True)
                offered = click.Choice([*(str(option.value) for option in options), _NOT_ANSWERED])
                chosen = questions.choose("Your answer, - for none", offered, _NOT_ANSWERED)
                given.append(None if chosen == _NOT_ANSWERED else int(chosen))
    return given


def _told(definition: Instrument, result: Result) -> str:
    from e2etherapy.therapy.instruments.sentences import NOT_A_DIAGNOSIS

    if result.total is None:
        lines = [f"{definition.title}: no total. {result.reason}"]
    else:
        band = f" ({result.band})" if result.band else ""
        highest = definition.scoring.highest
        lines = [f"{definition.title}: {result.total} of {highest}{band}. {NOT_A_DIAGNOSIS}"]
    return "\n".join([*lines, *result.remarks])


def _score(result: Result) -> Score:
    from e2etherapy.cli.therapy.check_in_answers import Score

    return Score(
        instrument=result.instrument,
        total=result.total,
        reason=result.reason,
        band=result.band,
        missing=result.missing,
        imputed=result.imputed,
        priority=result.priority,
        subscales={one.id: one.score for one in result.subscales},
        findings={_finding_id(one.id, one.sex): one.met for one in result.findings},
        remarks=list(result.remarks),
    )


def _finding_id(name: str, sex: str | None) -> str:
    return name if sex is None else f"{name} ({sex})"


@check_in.command(
    epilog="""\b
Examples:
  e2etherapy check-in schedule Robin phq-9 "every second Monday"
  e2etherapy check-in schedule Robin phq-9 never"""
)
@click.argument("name")
@click.argument("instrument")
@click.argument("words", metavar="SCHEDULE")
@click.option(
    "--from",
    "begins",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The first day. [default: today]",
)
@vault_options
@click.pass_obj
def schedule(
    invocation: Invocation, name: str, instrument: str, words: str, begins: datetime | None
) -> None:
    """Ask NAME to fill in INSTRUMENT on some days.

    "never" ends that.
    """
    from e2etherapy.cli.therapy import said

    first = date.today() if begins is None else begins.date()  # noqa: DTZ011 - where the person is

    async def asked(messenger: Messenger) -> SendReport:
        return await messenger.ask_check_in(
            name, instrument, "" if words == "never" else words, first
        )

    said.send(invocation, name, asked)


@check_in.command(epilog="\b\nExample:\n  e2etherapy check-in show Robin")
@click.argument("name")
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str) -> None:
    """Show the check-ins with NAME, and what is asked for."""
    from e2etherapy.cli.therapy import check_in_views

    view = invocation.unlocked(lambda messenger: messenger.check_ins(name))
    output.answer(invocation, *check_in_views.shown(name, view, _score))
