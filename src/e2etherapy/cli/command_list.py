"""The list of commands in the first help, on one screen."""

from __future__ import annotations

from collections.abc import Iterable

import click

_OTHERS = frozenset(
    {
        *("agreement", "check-in", "homework", "goal", "landed", "summary"),
        *("consent", "safety-plan", "emergency-card", "context", "resolve", "holidays"),
        *("export", "extract", "ending", "record", "note", "retention", "hold"),
        *("template", "caseload", "attendance", "attachments"),
    }
)
"""Commands for the work of therapy that are named there, and described by `COMMAND --help`."""


class CommandList(click.Group):
    """Lists commands in the order in which a person meets them; some by their names alone."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what most people need line by line, and the rest in a paragraph."""
        names = self.list_commands(ctx)
        shown = [name for name in names if name not in _OTHERS]
        limit = formatter.width - 6 - max(map(len, shown))
        rows = [(name, self.commands[name].get_short_help_str(limit)) for name in shown]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        with formatter.section("The work of therapy (COMMAND --help says more)"):
            formatter.write_text(_enumerated(name for name in names if name in _OTHERS))


def _enumerated(names: Iterable[str]) -> str:
    return ", ".join(names)
