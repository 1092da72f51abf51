"""How long records are kept, legal holds, and erasing what is due."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, record, typed_text, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, json_option, vault_options
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.therapy.said import nothing_changed

if TYPE_CHECKING:
    from e2etherapy.cli.custody_answers import Hold, Retention
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.record.erasing import ErasedView
    from e2etherapy.messenger.record.holding import HoldView
    from e2etherapy.messenger.record.retaining import Retained, RetentionView, RuleView

_DAY = click.DateTime(["%Y-%m-%d"])
_MORE = "'e2etherapy retention show' says more."
_NOTHING_DUE = "Nothing is due to be erased."
_DOUBT = (
    "This device's clock does not follow in small steps on what stands in the record: it may be or "
    "have been wrong, or the device was not used for more than a month. Nothing is erased until "
    "you have said which day it is."
)


@click.group()
@vault_options
def retention() -> None:
    """How long records are kept, and what is due."""


@retention.command(
    "set",
    epilog="""\b
Examples:
  e2etherapy retention set Robin "7 years"
  e2etherapy retention set Robin until-erased""",
)
@click.argument("name")
@click.argument("rule")
@vault_options
@click.pass_obj
def set_(invocation: Invocation, name: str, rule: str) -> None:
    """Set how long the record with NAME is kept.

    RULE is like "7 years" or "90 days" after the last contact, until-erased, or a name from
    'retention profiles'. Nothing is erased by setting it.
    """
    _set(invocation, name, rule)


@retention.command(epilog='\b\nExample:\n  e2etherapy retention default "7 years"')
@click.argument("rule")
@vault_options
@click.pass_obj
def default(invocation: Invocation, rule: str) -> None:
    """Set how long a record is kept that has no RULE of its own.

    Until you set one, that is until-erased. Nothing is erased by setting it.
    """
    _set(invocation, None, rule)


def _set(invocation: Invocation, name: str | None, words: str) -> None:
    from e2etherapy.cli.custody_answers import Rule
    from e2etherapy.therapy import retention as rules

    async def done(messenger: Messenger) -> RuleView:
        with nothing_changed():
            return await messenger.set_retention(name, words)

    set_now = invocation.unlocked(done)
    whose = "Every record without a rule of its own"
    if set_now.name is not None:
        whose = inert_line(set_now.name)
    kept = inert_line(rules.rule(set_now.rule).told())
    human = f"{whose}: kept {kept}. Nothing was erased; {_MORE}"
    output.answer(invocation, Rule(name=set_now.name, rule=set_now.rule), told(human))


@retention.command(epilog="\b\nExample:\n  e2etherapy retention show")
@vault_options
@click.pass_obj
def show(invocation: Invocation) -> None:
    """Show when what is due to be erased."""
    found = invocation.unlocked(lambda messenger: messenger.retention())
    lines = [_line(view) for view in found.conversations] or ["There are no conversations yet."]
    if not found.believed:
        lines.insert(0, _DOUBT)
    output.answer(invocation, _answer(found), "\n".join(lines))


def _line(view: RetentionView) -> str:
    from e2etherapy.therapy import retention as rules

    name = click.style(inert_line(view.name), bold=True)
    last = f"last contact {view.last_contact:%Y-%m-%d}"
    if view.fate == "held":
        return f"{name}: under a legal hold, nothing may be erased; {last}"
    if view.fate == "empty":
        return f"{name}: nothing left to erase; {last}"
    if view.due is None:
        return f"{name}: kept until you erase it; {last}"
    due = f"{'DUE since' if view.fate == 'due' else 'kept until'} {view.due:%Y-%m-%d}"
    length = inert_line(rules.rule(view.rule).length())
    return f"{name}: {due} ({length}; {last})"


def _answer(found: Retained) -> Retention:
    from e2etherapy.cli.custody_answers import Kept, Retention

    kept = [
        Kept(
            name=view.name,
            rule=view.rule,
            own=view.own,
            last_contact=view.last_contact,
            due=view.due,
            fate=view.fate.value,
        )
        for view in found.conversations
    ]
    return Retention(clock=found.clock, believed=found.believed, conversations=kept)


@retention.command(epilog="\b\nExample:\n  e2etherapy retention profiles")
@json_option
@click.pass_obj
def profiles(invocation: Invocation) -> None:
    """List published rules with their sources.

    Whether one applies to you, you have to know.
    """
    from e2etherapy.cli.custody_answers import Profile
    from e2etherapy.therapy import retention as rules

    answers, lines = [], []
    for one in rules.profiles():
        answers.append(
            Profile(
                name=one.name,
                years=one.years,
                says=one.says,
                source=one.source,
                address=one.address,
                read=one.read,
            )
        )
        name = click.style(one.name, bold=True)
        lines.append(f"{name}: {one.years} years. {one.says} ({one.source}; read {one.read}.)")
    output.answer(invocation, answers, "\n".join(lines))


@retention.command(
    epilog="""\b
Examples:
  e2etherapy retention apply
  e2etherapy retention apply --yes-to Robin
  e2etherapy retention apply --yes-to Robin --today 2033-03-01"""
)
@click.option("--yes-to", multiple=True, metavar="NAME", help="Erase this record without asking.")
@click.option(
    "--today", type=_DAY, metavar="YYYY-MM-DD", help="Which day it is, if the clock is in doubt."
)
@vault_options
@click.pass_obj
def apply(invocation: Invocation, yes_to: tuple[str, ...], today: datetime | None) -> None:
    """Erase the records that are due, after asking.

    All that a record says is erased, with drafts and process notes; when and why stays. What the
    other side has stays there, and so do exports and backups. At a terminal you type each name;
    without one, nobody can be asked, and --yes-to is needed.
    """
    invocation.if_stopped = "Nothing was erased."
    if not (yes_to or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, erasing needs --yes-to. Nothing was erased.")
    day = None if today is None else today.date()

    async def applied(messenger: Messenger) -> list[ErasedView]:
        if yes_to:
            return await messenger.apply_retention(yes_to, day)
        with invocation.meanwhile("Nothing was erased."):
            names, said = await _asked(messenger, day)
        invocation.if_stopped = "'e2etherapy retention show' shows what was erased."
        return await messenger.apply_retention(names, said) if names else []

    views = invocation.unlocked(applied)
    lines = [_erased(view) for view in views] or ["Nothing was erased."]
    if views:
        lines.append(record.STAYS)
    output.answer(invocation, [record.erased_answer(view) for view in views], "\n".join(lines))


async def _asked(messenger: Messenger, today: date | None) -> tuple[list[str], date | None]:
    """Return the names that a person has typed, and the day if it had to be asked for."""
    from e2etherapy.messenger.record import retaining

    found = await messenger.retention()
    due = [view for view in found.conversations if view.fate == "due"]
    if not due:
        output.remark(_NOTHING_DUE)
        return [], None
    output.remark(f"All that these records say is erased from this device. {record.STAYS}")
    names = []
    async with typed_text.asking(messenger):
        if not found.believed and today is None:
            output.remark(_DOUBT)
            today = _day()
            retaining.require_day(messenger.device, today)
        for view in due:
            output.shown(_line(view))
            typed = questions.line("Type the name to erase it, or press Enter to keep it", "")
            if questions.same(typed, view.name):
                names.append(view.name)
    return names, today


def _day() -> date:
    while True:
        typed = questions.ask("Which day is it (YYYY-MM-DD)")
        try:
            return date.fromisoformat(typed.strip())
        except ValueError:
            output.remark("Write the day like 2033-03-01.")


def _erased(view: ErasedView) -> str:
    entries = wording.counted(len(view.entries), "entry", "entries")
    notes = f", {wording.counted(view.notes, 'process note', 'process notes')}" * bool(view.notes)
    return f"{inert_line(view.name or '')}: erased {entries}{notes}."


@click.group()
@vault_options
def hold() -> None:
    """Legal holds: nothing may be erased."""


@hold.command(epilog='\b\nExample:\n  e2etherapy hold place Robin --reason "Request of a court."')
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="It stands in the record.")
@vault_options
@click.pass_obj
def place(invocation: Invocation, name: str, reason: str) -> None:
    """Let nothing of NAME's be erased until it is lifted."""
    view = invocation.unlocked(lambda messenger: messenger.place_hold(name, reason))
    human = f"{inert_line(view.name)} is under a legal hold. Nothing of it can be erased."
    output.answer(invocation, _hold(view), human)


@hold.command(epilog='\b\nExample:\n  e2etherapy hold lift Robin --reason "The case is closed."')
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="It stands in the record.")
@vault_options
@click.pass_obj
def lift(invocation: Invocation, name: str, reason: str) -> None:
    """End a legal hold; nothing is erased by that."""
    view = invocation.unlocked(lambda messenger: messenger.lift_hold(name, reason))
    human = f"The legal hold on {inert_line(view.name)} is lifted. Nothing was erased."
    output.answer(invocation, _hold(view), human)


def _hold(view: HoldView) -> Hold:
    from e2etherapy.cli.custody_answers import Hold

    return Hold(name=view.name, standing=view.standing, since=view.since, reason=view.reason)
