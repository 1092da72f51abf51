"""How a message landed, and what was worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from e2etherapy.cli import typed_text
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import Landed, SendReport

_MARKS = ("helped", "understood", "unsure", "missed", "hurt")


@click.command(epilog='\b\nExample:\n  e2etherapy landed "Dr. Okafor" understood')
@click.argument("name")
@click.argument("mark", type=click.Choice(_MARKS))
@click.option("--message", metavar="ID", help="Which one, by its id in read --json.")
@vault_options
@click.pass_obj
def landed(invocation: Invocation, name: str, mark: str, message: str | None) -> None:
    """Tell how your therapist's last message landed.

    The last mark on a message counts; both of you see it beside the message.
    """
    from e2etherapy.cli.therapy import said

    chosen = cast("Landed", mark)
    said.send(invocation, name, lambda messenger: messenger.mark_landed(name, chosen, message))


@click.command(
    epilog="""\b
Examples:
  e2etherapy summary Robin "We looked at what helps with sleep."
  e2etherapy summary Robin - < summary.txt"""
)
@click.argument("name")
@click.argument("text", required=False)
@vault_options
@click.pass_obj
def summary(invocation: Invocation, name: str, text: str | None) -> None:
    """Sum up for NAME what you worked on.

    TEXT may be - for standard input; without it, a pipe is read or you are asked.
    """
    from e2etherapy.cli.therapy import said
    from e2etherapy.cli.typing_desk import OpenDrawer, Typing, typed
    from e2etherapy.messenger.autosaving import Typed

    invocation.if_stopped = "Nothing was sent."
    given = typed_text.piped(text)

    async def summed_up(messenger: Messenger) -> SendReport:
        words = given
        if words is None:
            typing = Typing(
                "Your summary.", OpenDrawer(messenger, Typed.SUMMARY, name), "Nothing was sent."
            )
            words = await typed(invocation, messenger, typing)
        return await messenger.summarise(name, words)

    said.send(invocation, name, summed_up)
