"""Needing an answer sooner, and recording what was done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport

_ALSO = (
    "It will stand on top when they look. Nobody is watching for it: if you may be in danger, call "
    "somebody from the list above."
)


@click.command(epilog='\b\nExample:\n  e2etherapy urgent "Dr. Okafor" "Can we talk today?"')
@click.argument("name")
@click.argument("text", required=False, default="")
@vault_options
@click.pass_obj
def urgent(invocation: Invocation, name: str, text: str) -> None:
    """Tell NAME that you need them sooner.

    Whom to call now is shown first.
    """
    from e2etherapy.cli.therapy import said
    from e2etherapy.cli.therapy.help_now import text_for

    invocation.if_stopped = "Nothing was sent."
    click.echo(text_for(None), err=True)  # before anything that takes time, or can fail

    async def asked(messenger: Messenger) -> SendReport:
        return await messenger.ask_sooner(name, text)

    sent = said.said(name, invocation.unlocked(asked))
    said.show(invocation, sent, sent, _ALSO)


@click.command(epilog='\b\nExample:\n  e2etherapy resolve Robin --note "Called at 10:05; is safe."')
@click.argument("name")
@click.option("--note", required=True, metavar="TEXT", help="What was done, and when.")
@vault_options
@click.pass_obj
def resolve(invocation: Invocation, name: str, note: str) -> None:
    """Record what was done about what NAME needs sooner.

    Nothing of it is sent.
    """
    from e2etherapy.cli.therapy.answers import Resolved

    flags = invocation.unlocked(lambda messenger: messenger.resolve(name, note))
    told = wording.counted(flags, "flag is closed", "flags are closed")
    human = f"Recorded: {told}. {inert_line(name)} does not stand on top any more."
    output.answer(invocation, Resolved(name=name, flags=flags), human)
