"""Holidays and cover, told to every client in a message of their own."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from e2etherapy.cli import output, typed_text
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2etherapy.messenger.caseload.announcing import Told
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.therapy.caseload.announcement import Absence

_DAY = click.DateTime(["%Y-%m-%d"])


class _Given(TypedDict):
    """What is announced, as it stands on the command line."""

    file: Path | None
    first: datetime | None
    last: datetime | None
    called: str
    cover: str | None
    left_out: tuple[str, ...]


def _absence(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take what is announced, and who is left out."""
    for option in (
        click.option(
            "--except",
            "left_out",
            multiple=True,
            metavar="NAME",
            help="Leave this client out; may be given again.",
        ),
        click.option("--cover", metavar="TEXT", help="Who covers; otherwise each one's stays."),
        click.option("--called", default="", metavar="TEXT", help="With --from: a name for it."),
        click.option("--to", "last", type=_DAY, metavar="DAY", help="The last day off."),
        click.option("--from", "first", type=_DAY, metavar="DAY", help="The first day off."),
        click.argument("file", type=click.Path(path_type=Path), required=False),
    ):
        command = option(command)
    return command


@click.group()
def holidays() -> None:
    """Tell all clients of holidays and cover, each alone."""


@holidays.command(
    epilog="""\b
Examples:
  e2etherapy holidays review --from 2026-08-03 --to 2026-08-14
  e2etherapy holidays review holidays.txt --cover "Dr. Byrne, by telephone." """
)
@_absence
@vault_options
@click.pass_obj
def review(invocation: Invocation, /, **given: Unpack[_Given]) -> None:
    """Show what each client would be told; send nothing.

    FILE has one day, half-day or range on each line, as for an agreement.
    """
    from e2etherapy.cli.therapy import holiday_views

    absence = _read(given)
    found = invocation.unlocked(
        lambda messenger: messenger.review_absence(absence, given["left_out"])
    )
    human = holiday_views.shown(found)
    output.answer(invocation, [holiday_views.answer(one) for one in found], human)


@holidays.command(
    epilog="""\b
Examples:
  e2etherapy holidays announce --from 2026-08-03 --to 2026-08-14 --cover "Dr. Byrne."
  e2etherapy holidays announce holidays.txt --within 1800 --yes"""
)
@_absence
@click.option(
    "--within",
    type=click.IntRange(0, 86_400),
    default=0,
    metavar="SECONDS",
    help="Spread them over this time by chance. [default: at once]",
)
@click.option("--yes", is_flag=True, help="Send without asking.")
@vault_options
@click.pass_obj
def announce(invocation: Invocation, /, within: int, yes: bool, **given: Unpack[_Given]) -> None:
    """Tell every client, each in an agreement of their own.

    The list is shown first. It holds with each one once they accept it. No message goes to
    several people. Given once more, the same command tells those who were not told.
    """
    from e2etherapy.cli.therapy import holiday_sending, holiday_views

    invocation.if_stopped = "Nothing was sent."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, announcing needs --yes. Nothing was sent.")
    absence = _read(given)

    async def announced(messenger: Messenger) -> list[Told]:
        with invocation.meanwhile("Nothing was sent."):
            found = await messenger.review_absence(absence, given["left_out"])
            if not yes:
                await holiday_sending.confirm(messenger, found)
        return await holiday_sending.sent(invocation, messenger, found, within)

    holiday_views.show_sent(invocation, invocation.unlocked(announced))


@holidays.command(epilog="\b\nExample:\n  e2etherapy holidays show")
@vault_options
@click.pass_obj
def show(invocation: Invocation) -> None:
    """Show which days off hold with whom, and who did not accept."""
    from e2etherapy.cli.therapy import holiday_views

    found = invocation.unlocked(lambda messenger: messenger.agreements_in_force())
    human = "\n\n".join(holiday_views.in_force(one) for one in found)
    answers = [holiday_views.in_force_answer(one) for one in found]
    output.answer(invocation, answers, human or holiday_views.NOBODY)


def _read(given: _Given) -> Absence:
    """Return what is announced."""
    from e2etherapy.errors.therapy import TherapyError
    from e2etherapy.therapy import holidays as days
    from e2etherapy.therapy.caseload.announcement import Absence

    words = _words(given)
    if not words.strip() and given["cover"] is None:
        raise click.UsageError("Give a FILE, --from and --to, or --cover. Nothing was sent.")
    try:
        return Absence(days.parse(words), given["cover"])
    except TherapyError as error:
        raise type(error)(f"{error} Nothing was sent.") from None


def _words(given: _Given) -> str:
    first, last = given["first"], given["last"]
    if given["file"] is not None:
        if first or last or given["called"]:
            raise click.UsageError("Give a FILE or --from and --to, not both. Nothing was sent.")
        return typed_text.text_in(given["file"])
    if first is None:
        if last or given["called"]:
            raise click.UsageError("--to and --called go with --from. Nothing was sent.")
        return ""
    return f"{first:%Y-%m-%d}..{last or first:%Y-%m-%d} {given['called']}"
