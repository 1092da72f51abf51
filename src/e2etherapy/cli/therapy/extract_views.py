"""Entries of the record that may be passed on, as a person and as a script reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2etherapy.cli import wording
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy.ending_answers import (
    Extract,
    ExtractEntry,
    ExtractPreview,
    ExtractWritten,
)
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from typing import Literal

    from e2etherapy.messenger.record.extracting import ExtractView, RecordEntry
    from e2etherapy.messenger.record.passing_on import WrittenExtract
    from e2etherapy.therapy.care.extracts import AskedExtract

_INDENT = "  "
_STATES = {
    "open": "not answered",
    "allowed": "allowed",
    "refused": "refused",
    "withdrawn": "allowed, and taken back",
}


def state(asked: AskedExtract) -> Literal["open", "allowed", "refused", "withdrawn"]:
    """Return what became of a request."""
    if asked.is_open:
        return "open"
    if asked.withdrawn is not None:
        return "withdrawn"
    return "allowed" if asked.allowed else "refused"


def line(one: RecordEntry) -> str:
    """Return an entry with its number on one line."""
    return (
        f"{one.number:>4}  {inert_line(one.shown.heading)}: {wording.excerpt(one.shown.text, 60)}"
    )


def entry(one: RecordEntry) -> ExtractEntry:
    """Return an entry for JSON."""
    return ExtractEntry(number=one.number, by=one.shown.heading, text=one.shown.text)


def request(view: ExtractView) -> str:
    """Return a request and what became of it."""
    count = wording.counted(len(view.asked.entries), "entry", "entries")
    head = f"{view.number}. {count}, asked {moment(view.asked.requested)}: "
    said = wrapped(inert(view.asked.text), terminal_width(), _INDENT)
    return "\n".join([f"{head}{_STATES[state(view.asked)]}.", *said])


def answer(view: ExtractView) -> Extract:
    """Return a request for JSON."""
    asked = view.asked
    return Extract(
        number=view.number,
        text=asked.text,
        requested=asked.requested,
        entries=len(asked.entries),
        missing=view.missing,
        state=state(asked),
        answered=asked.answered,
        withdrawn=asked.withdrawn,
    )


def preview(view: ExtractView) -> str:
    """Return exactly what would be passed on."""
    width = terminal_width()
    shown = []
    for one in view.entries:
        head = f"{inert_line(one.shown.heading)}. {one.shown.when}"
        file = ["(with its file)"] if one.shown.file else []
        words = [
            part
            for text in (inert(one.shown.text), *file)
            for part in wrapped(text, width, _INDENT)
        ]
        shown.append("\n".join([*wrapped(head, width), *words]))
    if view.missing:
        shown.append(f"NOT ON THIS DEVICE, and so not shown here: {view.missing}.")
    return "\n\n".join([request(view), "This and nothing else would be passed on:", *shown])


def preview_answer(view: ExtractView) -> ExtractPreview:
    """Return for JSON what would be passed on."""
    return ExtractPreview(extract=answer(view), entries=[entry(one) for one in view.entries])


def written(file: str, report: WrittenExtract) -> str:
    """Say what stands in a file, and what was not looked at."""
    entries = wording.counted(report.entries, "entry", "entries")
    files = wording.counted(report.files, "file", "files")
    lines = [f"Written to {file}: {entries}, {files}. It is not encrypted."]
    lines += [
        f"Replaced in what the entries say: {inert_line(words)}, "
        f"{wording.counted(count, 'time', 'times')}."
        for words, count in report.replaced.items()
    ]
    if report.replaced:
        lines.append("In names and in the request they are replaced as well.")
    lines.append("Read it before you pass it on: nothing has looked for names in texts or files.")
    return "\n".join(lines)


def written_answer(file: str, report: WrittenExtract) -> ExtractWritten:
    """Return for JSON what stands in a file."""
    return ExtractWritten(
        file=file,
        entries=report.entries,
        files=report.files,
        replaced=dict(report.replaced),
        head=report.book.head,
    )
