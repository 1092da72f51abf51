"""What to know at a glance before answering one client."""

from __future__ import annotations

import click

from e2etherapy.cli import output
from e2etherapy.cli.invocation import Invocation, vault_options


@click.command(epilog="\b\nExample:\n  e2etherapy context Robin")
@click.argument("name")
@click.option("--hidden", is_flag=True, help="Messages that were hidden as well.")
@vault_options
@click.pass_obj
def context(invocation: Invocation, name: str, hidden: bool) -> None:
    """Show what to know before you answer NAME.

    The last exchange, goals, scores with their change, homework, the agreement, and what was or is
    flagged. Nothing counts as read by that.
    """
    from e2etherapy.cli.therapy import context_views

    view = invocation.unlocked(lambda messenger: messenger.context(name, hidden=hidden))
    output.answer(invocation, context_views.answer(view), context_views.shown(view))
