"""A client's own safety plan: kept in the vault, shared by choice."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.therapy.said import nothing_changed
from e2etherapy.cli.wrapping import terminal_width
from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import InvalidSafetyPlan, TherapyError

if TYPE_CHECKING:
    from e2etherapy.cli.therapy import work_answers
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.therapy.safety_plan import Part, SafetyPlan

_WIDE = 80
_HEADING = "# "
_EMPTY = "-"


@click.group("safety-plan")
def safety_plan() -> None:
    """Your own plan for bad hours: write, show, share it."""


@safety_plan.command(
    epilog="""\b
Examples:
  e2etherapy safety-plan edit
  e2etherapy safety-plan edit --file plan.txt"""
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your words; - is standard input.",
)
@vault_options
@click.pass_obj
def edit(invocation: Invocation, file: Path | None) -> None:
    """Write your plan; it stays on this device.

    At a terminal you are asked under each heading. In a file, a line "# worst" begins a part:
    prepared, beginning, first_hour, company, asking, worst, reminder, afterwards. Parts that are
    not in it stay.
    """
    invocation.if_stopped = "Nothing was changed."
    if file is None and not sys.stdin.isatty():
        raise click.UsageError("Without a terminal, give --file. Nothing was changed.")
    given = None if file is None else _parts(_text(file))
    today = date.today()  # noqa: DTZ011 - where the person is

    async def edited(messenger: Messenger) -> SafetyPlan:
        words = given
        if words is None:
            before = await messenger.safety_plan()
            with invocation.meanwhile("Nothing was changed, and what was typed is not kept."):
                async with typed_text.asking(messenger):
                    words = _asked(before, today)
        with nothing_changed():
            return await messenger.write_safety_plan(words, today)

    plan = invocation.unlocked(edited)
    output.answer(invocation, _answer(None, plan, None), f"{_shown(plan)}\n\nOn this device only.")


def _text(file: Path) -> str:
    if str(file) == typed_text.STANDARD_INPUT:
        return typed_text.standard_input()
    return typed_text.text_in(file)


def _parts(text: str) -> dict[str, str]:
    """Return what stands under each heading of a file."""
    lines: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        if line.startswith(_HEADING):
            current = lines.setdefault(_part(line.removeprefix(_HEADING)), [])
        elif current is not None:
            current.append(line)
        elif line.strip():
            raise InvalidSafetyPlan(
                "Above the first words of a plan stands a line like “# worst”. Nothing was changed."
            )
    return {part: "\n".join(words) for part, words in lines.items()}


def _part(heading: str) -> Part:
    from e2etherapy.therapy.safety_plan import HEADINGS, Part

    meant = heading.strip().casefold()
    for part in Part:
        if meant in {part, HEADINGS[part].casefold()}:
            return part
    raise InvalidSafetyPlan(
        f"A line that begins with # names a part: {', '.join(Part)}. Nothing was changed."
    )


def _asked(before: SafetyPlan | None, today: date) -> dict[str, str]:
    from e2etherapy.therapy.safety_plan import HEADINGS, Part

    output.shown(f"Enter keeps what is there; {_EMPTY} empties it.")
    words: dict[str, str] = {}
    for part in Part:
        kept = "" if before is None else before.words(part)
        output.shown("\n".join(filter(None, [f"\n{HEADINGS[part]}", inert(kept)])))
        words[part] = _typed(part, kept, today)
    return words


def _typed(part: Part, kept: str, today: date) -> str:
    """Ask again at once for words that a plan cannot hold: others were typed before."""
    from e2etherapy.therapy.safety_plan import plan

    while True:
        typed = questions.line("Your words", kept)
        if not typed.strip() or typed == kept:
            return typed
        if typed.strip() == _EMPTY:
            return ""
        try:
            plan(today, {part: typed})
        except TherapyError as error:
            output.remark(str(error))
        else:
            return typed


@safety_plan.command(epilog="\b\nExample:\n  e2etherapy safety-plan show")
@click.argument("name", required=False)
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str | None) -> None:
    """Show your plan, or the one that was shared with NAME."""

    async def found(messenger: Messenger) -> tuple[SafetyPlan, datetime | None]:
        if name is None:
            own = await messenger.safety_plan()
            if own is None:
                raise MessengerError("There is no safety plan yet: e2etherapy safety-plan edit")
            return own, None
        shared = (await messenger.shared_plans(name)).plan
        if shared is None:
            raise MessengerError("No safety plan was shared in this conversation.")
        return shared.content, shared.shared

    plan, shared = invocation.unlocked(found)
    output.answer(invocation, _answer(name, plan, shared), _shown(plan))


def _shown(plan: SafetyPlan) -> str:
    from e2etherapy.therapy.safety_plan import render

    return inert(render(plan, terminal_width() or _WIDE).rstrip("\n"))


def _answer(name: str | None, plan: SafetyPlan, shared: datetime | None) -> work_answers.SafetyPlan:
    from e2etherapy.cli.therapy.work_answers import PlanPart, SafetyPlan
    from e2etherapy.therapy.safety_plan import HEADINGS, Part

    parts = [
        PlanPart(part=str(part), heading=HEADINGS[part], words=plan.words(part)) for part in Part
    ]
    return SafetyPlan(name=name, written=plan.written, shared=shared, parts=parts)


@safety_plan.command(epilog='\b\nExample:\n  e2etherapy safety-plan share "Dr. Okafor"')
@click.argument("name")
@vault_options
@click.pass_obj
def share(invocation: Invocation, name: str) -> None:
    """Send a copy of your plan to NAME.

    What you change later stays with you until you share it again. Nobody is alerted by it.
    """
    from e2etherapy.cli.therapy import said

    said.send(invocation, name, lambda messenger: messenger.share_safety_plan(name))
