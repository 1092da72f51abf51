"""Completion of commands and options in a shell."""

from __future__ import annotations

import click


@click.command(epilog='\b\nExample, in ~/.bashrc:\n  eval "$(e2etherapy completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what a shell needs to complete commands."""
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    program = context.find_root().command
    click.echo(complete(program, {}, "e2etherapy", "_E2ETHERAPY_COMPLETE").source())
