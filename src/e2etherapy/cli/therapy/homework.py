"""Homework: give it, accept it, log it, review it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.therapy import numbered
from e2etherapy.cli.therapy.numbered import of_a_list

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.work_answers import Homework
    from e2etherapy.therapy.care.homeworks import GivenHomework

_DAY = click.DateTime(["%Y-%m-%d"])
_NONE = "There is no homework to show. What was hidden is listed with --hidden."


@click.group()
def homework() -> None:
    """Homework: give it, accept it, log it, review it."""


@homework.command(
    epilog="""\b
Example:
  e2etherapy homework assign Robin "Walk to the lake" --until 2026-12-01"""
)
@click.argument("name")
@click.argument("title")
@click.option("--text", default="", metavar="TEXT", help="More about it.")
@click.option("--until", type=_DAY, metavar="DAY", help="The last day for it, like 2026-12-01.")
@vault_options
@click.pass_obj
def assign(
    invocation: Invocation, name: str, title: str, text: str, until: datetime | None
) -> None:
    """Give a client something to do."""
    from e2etherapy.cli.therapy import said
    from e2etherapy.messenger.care.assigning import Assignment

    assignment = Assignment(title, text, None if until is None else until.date())
    said.send(invocation, name, lambda messenger: messenger.assign_homework(name, assignment))


@homework.command(epilog='\b\nExample:\n  e2etherapy homework accept "Dr. Okafor" 1')
@of_a_list
def accept(invocation: Invocation, name: str, number: int, note: str) -> None:
    """Accept a homework, by its number in the list."""
    _answer(invocation, name, number, accepted=True, note=note)


@homework.command(
    epilog="""\b
Example:
  e2etherapy homework decline "Dr. Okafor" 1 --note "Not this week." """
)
@of_a_list
def decline(invocation: Invocation, name: str, number: int, note: str) -> None:
    """Decline a homework, by its number in the list."""
    _answer(invocation, name, number, accepted=False, note=note)


def _answer(invocation: Invocation, name: str, number: int, *, accepted: bool, note: str) -> None:
    from e2etherapy.cli.therapy import said

    said.send(
        invocation,
        name,
        lambda messenger: messenger.answer_homework(name, number, accepted=accepted, note=note),
    )


@homework.command(
    epilog="""\b
Examples:
  e2etherapy homework log "Dr. Okafor" 1 --note "Twenty minutes."
  e2etherapy homework log "Dr. Okafor" 1 --day 2026-11-27 --not-done"""
)
@click.argument("name")
@click.argument("number", type=int)
@click.option("--day", type=_DAY, metavar="DAY", help="Which day. [default: today]")
@click.option("--not-done", is_flag=True, help="It was not done on that day.")
@numbered.note
@vault_options
@click.pass_obj
def log(
    invocation: Invocation, name: str, number: int, day: datetime | None, not_done: bool, note: str
) -> None:
    """Tell how a homework went on a day.

    What you tell later of the same day replaces it.
    """
    from e2etherapy.cli.therapy import said
    from e2etherapy.messenger.care.assigning import Worked

    today = date.today()  # noqa: DTZ011 - where the person is
    worked = Worked(today if day is None else day.date(), not not_done, note)
    said.send(invocation, name, lambda messenger: messenger.log_homework(name, number, worked))


@homework.command(epilog='\b\nExample:\n  e2etherapy homework review Robin 1 --note "Well done."')
@of_a_list
def review(invocation: Invocation, name: str, number: int, note: str) -> None:
    """End a homework with what you say of it."""
    from e2etherapy.cli.therapy import said

    said.send(invocation, name, lambda messenger: messenger.review_homework(name, number, note))


@homework.command("list", epilog="\b\nExample:\n  e2etherapy homework list Robin")
@click.argument("name")
@click.option("--hidden", is_flag=True, help="What was hidden as well.")
@vault_options
@click.pass_obj
def list_homework(invocation: Invocation, name: str, hidden: bool) -> None:
    """List all homework with NAME, by number."""
    from e2etherapy.cli.therapy import work_views

    given = invocation.unlocked(lambda messenger: messenger.homework(name, hidden=hidden))
    human = "\n".join(work_views.homework(one) for one in given)
    answers = [_line(one) for one in given]
    output.answer(invocation, answers, human or _NONE)


def _line(one: GivenHomework) -> Homework:
    from e2etherapy.cli.therapy.work_answers import Homework, HomeworkDay

    days = [
        HomeworkDay(day=day.day, done=day.done, note=day.note, logged=day.logged)
        for day in one.days()
    ]
    return Homework(
        number=one.number,
        title=one.title,
        text=one.text,
        given=one.given,
        until=one.until,
        open=one.is_open,
        accepted=one.accepted,
        answered=one.answered,
        answer=one.answer,
        days=days,
        reviewed=one.reviewed,
        review=one.review,
        hidden=one.hidden,
    )
