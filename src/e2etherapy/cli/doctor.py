"""Looking at everything that has to be right, and saying what is not."""

from __future__ import annotations

import sys

import click

from e2etherapy.cli import output, questions, wording
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.wrapping import terminal_width


@click.command(epilog="\b\nExamples:\n  e2etherapy doctor\n  e2etherapy doctor --only-copy")
@click.option(
    "--only-copy",
    is_flag=True,
    help="Say that no other copy of this vault is in use, so that sending works again.",
)
@click.option("--yes", is_flag=True, help="With --only-copy: do not ask.")
@vault_options
@click.pass_obj
def doctor(invocation: Invocation, only_copy: bool, yes: bool) -> None:
    """Check version, vault, disk, relay and clock."""
    from e2etherapy.cli import examination
    from e2etherapy.cli.exit_codes import Findings

    invocation.if_stopped = "Nothing was changed."
    if only_copy:
        _confirm_only_copy(yes=yes)
    found = examination.examine(invocation, only_copy=only_copy)
    output.answer(invocation, found, wording.checks(found.checks, terminal_width()))
    if not found.healthy:
        wrong = [check.name for check in found.checks if not check.ok]
        raise Findings(f"To put right: {', '.join(wrong)}. See above for what to do.")


def _confirm_only_copy(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal, --only-copy needs --yes.")
    questions.confirm(
        "Two copies of a vault in use would lose messages and weaken their protection. "
        "Is this the only copy in use, on any device?"
    )
