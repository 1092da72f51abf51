"""Entries of the record by their numbers: shown, hidden and erased."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from e2etherapy.cli import output, questions, typed_text, wording
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from e2etherapy.cli.custody_answers import Erased, RecordEntry
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.record.erasing import EntryView, ErasedView, HiddenView

    _Do = Callable[[Messenger], Awaitable[HiddenView]]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_JOURNAL = "your private journal"
STAYS = "What the other side has stays there, and so do exports and backups that were made before."


@click.group()
@vault_options
def record() -> None:
    """Entries by number: show, hide, erase."""


def _numbers(command: _Command) -> _Command:
    return click.argument("numbers", nargs=-1, type=click.IntRange(min=1), required=True)(command)


def _erasing(command: _Command) -> _Command:
    reason = click.option("--reason", required=True, metavar="TEXT", help="It stays in the record.")
    yes = click.option("--yes", is_flag=True, help="Erase without asking.")
    return reason(yes(command))


@record.command(
    epilog="""\b
Examples:
  e2etherapy record show Robin --last 20
  e2etherapy record show Robin --hidden"""
)
@click.argument("name")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="At most the last N of them.")
@click.option("--hidden", is_flag=True, help="The hidden ones as well.")
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str, last: int | None, hidden: bool) -> None:
    """Show the record with NAME, by numbers that stay.

    Hidden entries are left out; of erased ones it says when and why.
    """
    found = invocation.unlocked(lambda messenger: messenger.entries(name, hidden=True))
    views = [view for view in found if hidden or view.state.value != "hidden"]
    left_out = len(found) - len(views)
    views = views[-(last or len(views)) :]
    width = terminal_width()
    lines = [_shown(view, width) for view in views]
    if left_out:
        counted = wording.counted(left_out, "hidden entry is", "hidden entries are")
        lines.append(f"{counted} not shown; --hidden shows them too.")
    output.answer(invocation, [_entry(view) for view in views], "\n\n".join(lines))


def _shown(view: EntryView, width: int | None) -> str:
    parts = [str(view.number), inert_line(view.heading), view.when]
    if view.state == "hidden":
        parts.append("[hidden]")
    first = wrapped("  ".join(filter(None, parts)), width)
    return "\n".join([*first, *wrapped(inert(view.text), width, "  ")])


def _entry(view: EntryView) -> RecordEntry:
    from e2etherapy.cli.custody_answers import RecordEntry

    return RecordEntry(
        number=view.number,
        state=view.state.value,
        heading=view.heading,
        when=view.when,
        text=view.text,
        recorded=view.recorded,
    )


@record.command(epilog="\b\nExample:\n  e2etherapy record hide Robin 12 13")
@click.argument("name")
@_numbers
@vault_options
@click.pass_obj
def hide(invocation: Invocation, name: str, numbers: tuple[int, ...]) -> None:
    """Show entries no more in 'read' and 'search'.

    Nothing is lost: --hidden shows them, 'unhide' brings them back, and an export holds them.
    What waits for an answer still waits.
    """
    _hide(invocation, lambda messenger: messenger.hide(name, numbers), hidden=True)


@record.command(epilog="\b\nExample:\n  e2etherapy record unhide Robin 12 13")
@click.argument("name")
@_numbers
@vault_options
@click.pass_obj
def unhide(invocation: Invocation, name: str, numbers: tuple[int, ...]) -> None:
    """Show hidden entries again."""
    _hide(invocation, lambda messenger: messenger.unhide(name, numbers), hidden=False)


@record.command(
    epilog="""\b
Examples:
  e2etherapy record erase Robin 12 --reason "Sent to the wrong person."
  e2etherapy record erase Robin 12 --reason "Asked for by Robin." --yes"""
)
@click.argument("name")
@_numbers
@_erasing
@vault_options
@click.pass_obj
def erase(
    invocation: Invocation, name: str, numbers: tuple[int, ...], reason: str, yes: bool
) -> None:
    """Erase what entries say from this device, for good.

    That there was an entry stays, with when and why it was erased, and the record still verifies.
    What the other side has stays there, and so do exports and backups. At a terminal you type the
    name first; without one, nobody can be asked, and --yes is needed.
    """
    _erase(invocation, name, numbers, reason, yes=yes)


@click.command("hide", epilog="\b\nExample:\n  e2etherapy journal hide 3")
@_numbers
@vault_options
@click.pass_obj
def hide_private(invocation: Invocation, numbers: tuple[int, ...]) -> None:
    """Show entries no more, unless asked for."""
    _hide(invocation, lambda messenger: messenger.hide(None, numbers), hidden=True)


@click.command("unhide", epilog="\b\nExample:\n  e2etherapy journal unhide 3")
@_numbers
@vault_options
@click.pass_obj
def unhide_private(invocation: Invocation, numbers: tuple[int, ...]) -> None:
    """Show hidden entries again."""
    _hide(invocation, lambda messenger: messenger.unhide(None, numbers), hidden=False)


@click.command(
    "erase", epilog='\b\nExample:\n  e2etherapy journal erase 3 --reason "Not to be kept."'
)
@_numbers
@_erasing
@vault_options
@click.pass_obj
def erase_private(invocation: Invocation, numbers: tuple[int, ...], reason: str, yes: bool) -> None:
    """Erase what entries say, for good.

    That there was an entry stays, with when and why it was erased. What was shared before, exports
    and backups stay as they are. Without a terminal, --yes is needed.
    """
    _erase(invocation, None, numbers, reason, yes=yes)


def _hide(invocation: Invocation, do: _Do, *, hidden: bool) -> None:
    from e2etherapy.cli.custody_answers import Hidden

    done = invocation.unlocked(do)
    answer = Hidden(name=done.name, entries=list(done.entries), hidden=hidden)
    counted = wording.counted(len(done.entries), "entry is", "entries are")
    output.answer(invocation, answer, f"{counted} {'hidden' if hidden else 'shown again'}.")


def _erase(
    invocation: Invocation, name: str | None, numbers: tuple[int, ...], reason: str, *, yes: bool
) -> None:
    invocation.if_stopped = "Nothing was erased."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, erasing needs --yes. Nothing was erased.")

    async def erased(messenger: Messenger) -> ErasedView:
        if not yes:
            with invocation.meanwhile("Nothing was erased."):
                await _confirm(messenger, name, numbers)
        invocation.if_stopped = "'e2etherapy record show' shows what was erased."
        return await messenger.erase(name, numbers, reason)

    view = invocation.unlocked(erased)
    counted = wording.counted(len(view.entries), "entry is", "entries are")
    output.answer(invocation, erased_answer(view), f"{counted} erased from this device. {STAYS}")


async def _confirm(messenger: Messenger, name: str | None, numbers: tuple[int, ...]) -> None:
    from e2etherapy.messenger.record import erasing

    book, _ = await erasing.erasable(messenger.device, name, numbers)
    called = _JOURNAL if name is None else inert_line(book.title)
    width = terminal_width()
    for view in await messenger.entries(name, hidden=True):
        if view.number in numbers:
            output.shown(_shown(view, width) + "\n")
    counted = wording.counted(len(set(numbers)), "entry", "entries")
    output.remark(f"This erases {counted} of {called} from this device, for good. {STAYS}")
    async with typed_text.asking(messenger):
        if name is None:
            questions.confirm("Erase?")
        else:
            questions.named(f"Type the name ({called}) to erase", called)


def erased_answer(view: ErasedView) -> Erased:
    """Return for JSON what was erased."""
    from e2etherapy.cli.custody_answers import Erased

    return Erased(name=view.name, entries=list(view.entries), erased=view.erased, notes=view.notes)
