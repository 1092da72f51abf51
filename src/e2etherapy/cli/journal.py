"""The private journal; checking and exporting the whole record."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from e2etherapy.cli import output, typed_text, wording
from e2etherapy.cli.exit_codes import DiskFull, UnusableFile, exit_for
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.cli.answers import Book, ExportedBook, JournalEntry, Sent
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
    given = typed_text.piped(text)

    async def written(messenger: Messenger) -> JournalView:
        words = given
        if words is None:
            words = await typed_text.typed(messenger, "Your journal.")
        return await messenger.journal_write(words, mood)

    view = invocation.unlocked(written)
    output.answer(invocation, _entry(view), f"Entry {view.number}, on this device only.")


@journal.command("list")
@vault_options
@click.pass_obj
def list_entries(invocation: Invocation) -> None:
    """Show your entries, oldest first."""
    views = invocation.unlocked(lambda messenger: messenger.journal())
    human = "\n\n".join(wording.journal_entry(view) for view in views)
    output.answer(invocation, [_entry(view) for view in views], human or wording.NO_ENTRIES)


@journal.command(epilog='\b\nExample:\n  e2etherapy journal share 3 "Dr. Okafor"')
@click.argument("number", type=int)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Share without asking.")
@vault_options
@click.pass_obj
def share(invocation: Invocation, number: int, name: str, yes: bool) -> None:
    """Send a copy of one entry to NAME.

    Nothing else of the journal leaves this device. At a terminal the entry is shown first.
    """
    from e2etherapy.cli import sending

    asks = not yes and not invocation.json and sys.stdin.isatty()

    async def shared(messenger: Messenger) -> Sent:
        if asks:
            await _confirm(messenger, number, name)
        report = await messenger.journal_share(number, name)
        return sending.sent(name, [sending.item("journal_share", report)])

    sending.show(invocation, invocation.unlocked(shared))


async def _confirm(messenger: Messenger, number: int, name: str) -> None:
    output.remark(wording.journal_entry(await messenger.journal_entry(number)))
    async with typed_text.asking(messenger):
        click.confirm(f"\nSend this entry to {inert_line(name)}?", abort=True, err=True)


@journal.command()
@vault_options
@click.pass_obj
def verify(invocation: Invocation) -> None:
    """Check the record from first to last entry.

    None may have been changed, removed or inserted.
    """
    from e2etherapy.cli.answers import Verified

    views = invocation.unlocked(lambda messenger: messenger.journal_verify())
    lines = [_book_line(view) for view in views]
    lines.append("Every entry is as it was written.")
    output.answer(invocation, Verified(books=_books(views)), "\n".join(lines))


@journal.command(epilog="\b\nExample:\n  e2etherapy journal export record.zip")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--conversation", metavar="NAME", help="This conversation alone.")
@vault_options
@click.pass_obj
def export(invocation: Invocation, file: Path, conversation: str | None) -> None:
    """Write the record to a zip that anyone can read.

    It holds pages that need no software, the data, and a verifier. It is not encrypted: whoever
    has it can read it.
    """
    from e2etherapy.cli.answers import Exported

    async def exported(messenger: Messenger) -> list[ExportedBookView]:
        with _new_file(file) as opened:
            return await messenger.export(opened, conversation)

    views = invocation.unlocked(exported)
    lines = [line for view in views for line in (_book_line(view), *_gaps(view))]
    lines.append(f"Written to {file}. It is not encrypted.")
    answer = Exported(file=str(file), books=[_exported_book(view) for view in views])
    output.answer(invocation, answer, "\n".join(lines))


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that does not exist yet; a part of it is not left behind."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UnusableFile(f"{path} exists already. Nothing was written; name another.") from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
    except BaseException as error:
        path.unlink()
        if exit_for(error).name == "disk_full":
            raise DiskFull(
                f"The disk has no room for {path}. Nothing was left behind, and your vault is as "
                "it was. Free some space, or export to another disk."
            ) from None
        raise


def _entry(view: JournalView) -> JournalEntry:
    from e2etherapy.cli.answers import JournalEntry

    return JournalEntry(
        number=view.number, id=view.id, written=view.written, text=view.text, mood=view.mood
    )


def _books(views: list[BookView]) -> list[Book]:
    from e2etherapy.cli.answers import Book

    return [Book(title=view.title, entries=view.entries, head=view.head) for view in views]


def _exported_book(view: ExportedBookView) -> ExportedBook:
    from e2etherapy.cli.answers import ExportedBook

    return ExportedBook(
        title=view.title,
        entries=view.entries,
        head=view.head,
        unreadable=list(view.unreadable),
        missing_files=view.missing_files,
    )


def _gaps(view: ExportedBookView) -> list[str]:
    """Say what of a book the export's pages cannot show."""
    lines = []
    if view.unreadable:
        numbers = ", ".join(map(str, view.unreadable))
        lines.append(f"  Entries that cannot be shown, and are kept as they are: {numbers}.")
    if view.missing_files:
        counted = wording.counted(view.missing_files, "file", "files")
        lines.append(f"  Could not be read on this device, and left out: {counted}.")
    return lines


def _book_line(view: BookView) -> str:
    return f"{inert_line(view.title)}: {wording.counted(view.entries, 'entry', 'entries')}."
