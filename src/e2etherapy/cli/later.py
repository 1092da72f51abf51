"""What was written to go out later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.output import moment
from e2etherapy.cli.suggestion import told

if TYPE_CHECKING:
    from e2etherapy.cli.later_answers import Delayed
    from e2etherapy.messenger.outbound.delaying import DelayedView


class _Time(click.DateTime):
    """A time of this machine's clock, with a sentence for what is none."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time.

        Raises:
            click.BadParameter: it is none.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail("give a day and a time, like 2026-12-01 09:00. Nothing was sent.", param, ctx)


TIME = _Time(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])
_EXCERPT = 60


def in_utc(local: datetime) -> datetime:
    """Return a time of this machine's clock in UTC.

    Raises:
        click.UsageError: there is no such time in UTC.
    """
    try:
        return local.astimezone(UTC)
    except (OverflowError, ValueError):
        raise click.UsageError("There is no such time. Nothing was sent.") from None


@click.group()
def later() -> None:
    """What 'send --later' keeps: list it, cancel it."""


@later.command("list", epilog="\b\nExample:\n  e2etherapy later list")
@vault_options
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List what waits for its time, by number."""
    views = invocation.unlocked(lambda messenger: messenger.delayed())
    human = "\n".join(line(view) for view in views) or "Nothing waits for its time."
    output.answer(invocation, [answer(view) for view in views], human)


@later.command(epilog="\b\nExample:\n  e2etherapy later cancel 3")
@click.argument("number", type=int)
@vault_options
@click.pass_obj
def cancel(invocation: Invocation, number: int) -> None:
    """Forget what waits under NUMBER; it is not sent."""
    view = invocation.unlocked(lambda messenger: messenger.cancel_delayed(number))
    human = f"Cancelled: nothing was sent to {inert_line(view.name)}."
    output.answer(invocation, answer(view), human)


def answer(view: DelayedView) -> Delayed:
    """Return for JSON what waits."""
    from e2etherapy.cli.later_answers import Delayed

    return Delayed(number=view.number, name=view.name, text=view.text, at=view.at, ended=view.ended)


def kept(view: DelayedView) -> str:
    """Return what a person is told whose text waits now."""
    return (
        f"Kept as number {view.number}: it goes to {inert_line(view.name)} with the first sync "
        f"after {moment(view.at)}. 'e2etherapy later cancel {view.number}' takes it back."
    )


def line(view: DelayedView) -> str:
    """Return what waits as a line; one more where it waits in vain."""
    name = click.style(inert_line(view.name), bold=True)
    head = f"{view.number}  {moment(view.at)}  {name}: {wording.excerpt(view.text, _EXCERPT)}"
    if not view.ended:
        return head
    forget = told(f"'e2etherapy later cancel {view.number}' forgets it.")
    return f"{head}\n  It never goes: it has ended. {forget}"
