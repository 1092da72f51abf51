"""The reply agreement: by when an answer comes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.inert import inert
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.answers import Agreement
    from e2etherapy.messenger.care.agreeing import AgreementView
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport

_CRISIS = (
    "This conversation is not watched. In a crisis call your local emergency number, or see "
    "'e2etherapy help-now'."
)
_WIDE = 80


@click.group()
def agreement() -> None:
    """By when an answer comes: propose it, read it, accept it."""


@agreement.command(
    epilog="""\b
Example:
  e2etherapy agreement propose Robin --reply-within "1 working day" \\
      --hours "Mon-Fri 09:00-17:00" --zone Europe/Berlin --holidays holidays.txt"""
)
@click.argument("name")
@click.option("--reply-within", required=True, metavar="TIME", help='Like "1 working day".')
@click.option("--hours", required=True, metavar="HOURS", help='Like "Mon-Fri 09:00-17:00".')
@click.option("--zone", required=True, metavar="ZONE", help="Like Europe/Berlin.")
@click.option(
    "--holidays",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="One day, half-day or range on each line.",
)
@click.option("--cover", default="", metavar="TEXT", help="Who covers at other times.")
@click.option("--crisis", default=_CRISIS, metavar="TEXT", help="What to do in a crisis.")
@vault_options
@click.pass_obj
def propose(invocation: Invocation, /, name: str, file: Path | None, **words: str) -> None:
    """Propose to a client by when you answer.

    It holds once they accept it; the last one holds until then.
    """
    from e2etherapy.cli.therapy import said
    from e2etherapy.cli.typed_text import text_in
    from e2etherapy.messenger.care.agreeing import Wish

    invocation.if_stopped = "Nothing was sent."
    wish = Wish(holidays="" if file is None else text_in(file), **words)

    async def proposed(messenger: Messenger) -> SendReport:
        return await messenger.propose_agreement(name, wish)

    said.send(invocation, name, proposed)


@agreement.command(epilog='\b\nExample:\n  e2etherapy agreement accept "Dr. Okafor"')
@click.argument("name")
@vault_options
@click.pass_obj
def accept(invocation: Invocation, name: str) -> None:
    """Accept what your therapist proposed last.

    Read it first: e2etherapy agreement show NAME.
    """
    from e2etherapy.cli.therapy import said

    async def accepted(messenger: Messenger) -> SendReport:
        return await messenger.accept_agreement(name)

    said.send(invocation, name, accepted)


@agreement.command(epilog='\b\nExample:\n  e2etherapy agreement show "Dr. Okafor"')
@click.argument("name")
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str) -> None:
    """Show all agreements with NAME, the first one first."""
    views = invocation.unlocked(lambda messenger: messenger.agreements(name))
    human = "\n".join(_shown(view) for view in views) or "Nothing has been proposed yet."
    output.answer(invocation, [_line(view) for view in views], human)


def _shown(view: AgreementView) -> str:
    from e2etherapy.cli.output import moment
    from e2etherapy.therapy.agreement import render

    terms = inert(render(view.terms, terminal_width() or _WIDE))
    if view.accepted is None:
        return f"{terms}\nNot accepted yet.\n"
    return f"{terms}\nAccepted {moment(view.accepted)}.\nReceipt: {view.receipt}\n"


def _line(view: AgreementView) -> Agreement:
    from e2etherapy.cli.therapy.answers import Agreement

    terms = view.terms
    return Agreement(
        version=terms.version,
        proposed=view.proposed,
        accepted=view.accepted,
        receipt=view.receipt,
        valid_from=terms.valid_from,
        reply_within=terms.reply_time.text(),
        hours=terms.office_hours.text(),
        zone=terms.zone,
        holidays=terms.holidays.text(),
        cover=terms.cover,
        crisis=terms.crisis,
    )
