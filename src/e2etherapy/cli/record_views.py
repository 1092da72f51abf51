"""Books of the record, checked or exported, as a person and as a script reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.record_answers import Exported, ExportedBook

if TYPE_CHECKING:
    from pathlib import Path

    from e2etherapy.messenger.views import BookView, ExportedBookView


def exported_book(view: ExportedBookView) -> ExportedBook:
    """Return an exported book for JSON."""
    return ExportedBook(
        title=view.title,
        entries=view.entries,
        messages=view.messages,
        head=view.head,
        unreadable=list(view.unreadable),
        missing_files=view.missing_files,
    )


def gaps(view: ExportedBookView) -> list[str]:
    """Say what of a book the export's pages cannot show."""
    lines = []
    if view.unreadable:
        numbers = ", ".join(map(str, view.unreadable))
        lines.append(f"  Entries that cannot be shown, and are kept as they are: {numbers}.")
    if view.missing_files:
        counted = wording.counted(view.missing_files, "file", "files")
        lines.append(f"  Could not be read on this device, and left out: {counted}.")
    return lines


def book_line(view: BookView) -> str:
    """Return on one line what a book holds."""
    parts = wording.counted(view.entries, "entry", "entries")
    if others := view.entries - view.messages:
        written = (
            f"{view.messages:,} of your own"
            if view.private
            else wording.counted(view.messages, "message", "messages")
        )
        parts += f" ({written}, {wording.counted(others, 'other note', 'other notes')})"
    return f"{inert_line(view.title)}: {parts}."


def show_exported(
    invocation: Invocation, file: Path, views: list[ExportedBookView], remark: str
) -> None:
    """Print what was exported, and into which file."""
    lines = [line for view in views for line in (book_line(view), *gaps(view))]
    lines.append(f"Written to {file}. {remark}")
    answer = Exported(file=str(file), books=[exported_book(view) for view in views])
    output.answer(invocation, answer, "\n".join(lines))
