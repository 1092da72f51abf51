"""The private journal; checking and exporting the whole record."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.saving import new_file
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.answers import Sent
    from e2etherapy.cli.record_answers import Book, JournalEntry
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import BookView, ExportedBookView, JournalView


@click.group()
@vault_options
def journal() -> None:
    """Keep a private journal; check and export."""


@journal.command(epilog='\b\nExample:\n  e2etherapy journal write "Walked to the lake." --mood 6')
@click.argument("text", required=False)
@click.option("--mood", type=click.IntRange(0, 10), help="0 to 10.")
@vault_options
@click.pass_obj
def write(invocation: Invocation, text: str | None, mood: int | None) -> None:
    """Write a private entry; it stays on this device.

    TEXT may be - for standard input; without it, a pipe is read or you are asked.
    """
    from e2etherapy.cli.typing_desk import OpenDrawer, Typing, typed
    from e2etherapy.messenger.autosaving import Typed

    invocation.if_stopped = "Nothing was written."
    given = typed_text.piped(text)

    async def written(messenger: Messenger) -> JournalView:
        words = given
        if words is None:
            typing = Typing(
                "Your journal.", OpenDrawer(messenger, Typed.ENTRY, None), "Nothing was written."
            )
            words = await typed(invocation, messenger, typing)
        invocation.if_stopped = "'e2etherapy journal list' shows whether the entry was written."
        return await messenger.journal_write(words, mood)

    view = invocation.unlocked(written)
    output.answer(invocation, _entry(view), f"Entry {view.number}, on this device only.")


@journal.command("list", epilog="\b\nExample:\n  e2etherapy journal list")
@click.option("--hidden", is_flag=True, help="The hidden ones as well.")
@vault_options
@click.pass_obj
def list_entries(invocation: Invocation, hidden: bool) -> None:
    """Show your entries, oldest first."""
    views = invocation.unlocked(lambda messenger: messenger.journal(hidden=hidden))
    width = terminal_width()
    human = "\n\n".join(wording.journal_entry(view, width) for view in views)
    output.answer(invocation, [_entry(view) for view in views], human or told(wording.NO_ENTRIES))


@journal.command(
    epilog="""\b
Examples:
  e2etherapy journal share 3 "Dr. Okafor"
  e2etherapy journal share 3 "Dr. Okafor" --yes"""
)
@click.argument("number", type=int)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Share without asking.")
@vault_options
@click.pass_obj
def share(invocation: Invocation, number: int, name: str, yes: bool) -> None:
    """Send a copy of one entry to NAME.

    Nothing else of the journal leaves this device. At a terminal the entry is shown first;
    without one, nobody can be asked, and --yes is needed.
    """
    from e2etherapy.cli import sending

    invocation.if_stopped = "Nothing was sent."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, sharing needs --yes. Nothing was sent.")

    async def shared(messenger: Messenger) -> Sent:
        if not yes:
            with invocation.meanwhile("Nothing was sent."):
                await _confirm(messenger, number, name)
        async with sending.interruptible(messenger, name, ["The journal entry"]) as called:
            report = await messenger.journal_share(number, name)
        invocation.if_stopped = wording.SENT_ALREADY
        return sending.sent(called, [sending.item("journal_share", report)])

    sending.show(invocation, invocation.unlocked(shared))


async def _confirm(messenger: Messenger, number: int, name: str) -> None:
    from e2etherapy.messenger.outbound.sending import require_ready
    from e2etherapy.messenger.reading import standing

    await require_ready(messenger.device, name)  # what cannot be sent is said before asking
    called = (await standing(messenger.device.vault, name)).name
    entry = await messenger.journal_entry(number)
    # A mood is not sent, and so is no part of what is shown.
    output.shown(wording.journal_entry(replace(entry, mood=None), terminal_width()))
    async with typed_text.asking(messenger):
        questions.confirm(f"\nSend this entry to {inert_line(called)}?")


@journal.command(epilog="\b\nExample:\n  e2etherapy journal verify")
@vault_options
@click.pass_obj
def verify(invocation: Invocation) -> None:
    """Check the record from first to last entry.

    None may have been changed, removed or inserted.
    """
    from e2etherapy.cli import record_views
    from e2etherapy.cli.record_answers import Verified

    async def verified(messenger: Messenger) -> list[BookView]:
        invocation.if_stopped = "The record was not checked to its end. Nothing was changed."
        return await messenger.journal_verify()

    views = invocation.unlocked(verified)
    lines = [record_views.book_line(view) for view in views]
    lines.append("Every entry is as it was written.")
    output.answer(invocation, Verified(books=_books(views)), "\n".join(lines))


@journal.command(
    epilog="""\b
Examples:
  e2etherapy journal export record.zip
  e2etherapy journal export copy.zip --conversation Robin --blank 12 --blank 13"""
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--conversation", metavar="NAME", help="This conversation alone.")
@click.option(
    "--blank",
    "blanked",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="NUMBER",
    help="Leave out what this entry says; may be given again.",
)
@vault_options
@click.pass_obj
def export(
    invocation: Invocation, file: Path, conversation: str | None, blanked: tuple[int, ...]
) -> None:
    """Write the record to a zip that anyone can read.

    It holds pages that need no software, the data, and a verifier. It is not encrypted: whoever
    has it can read it. A blanked entry still counts: the verifier shows that only these are blank.
    """
    from e2etherapy.cli import record_views

    invocation.if_stopped = "Nothing was exported."

    async def exported(messenger: Messenger) -> list[ExportedBookView]:
        undone = "Nothing was exported, and no file is left."
        with invocation.meanwhile(undone), new_file(file) as opened:
            views = await messenger.export(opened, conversation, blanked)
        invocation.if_stopped = f"The export was complete before that: {file}"
        return views

    views = invocation.unlocked(exported)
    record_views.show_exported(invocation, file, views, "It is not encrypted.")


def _entry(view: JournalView) -> JournalEntry:
    from e2etherapy.cli.record_answers import JournalEntry

    return JournalEntry(
        number=view.number, id=view.id, written=view.written, text=view.text, mood=view.mood
    )


def _books(views: list[BookView]) -> list[Book]:
    from e2etherapy.cli.record_answers import Book

    return [
        Book(title=view.title, entries=view.entries, messages=view.messages, head=view.head)
        for view in views
    ]
