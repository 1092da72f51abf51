"""What the commands on the journal and the record print with --json."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from e2etherapy.cli.answer import Answer


class JournalEntry(Answer, frozen=True):
    """`journal write`, and a line of `journal list`."""

    number: int
    id: str
    written: datetime
    text: str
    mood: Annotated[int, msgspec.Meta(ge=0, le=10)] | None


class Book(Answer, frozen=True):
    """A book of the record that was verified; `head` in hex.

    `messages` counts those of its entries that somebody wrote: messages, files, journal entries.
    """

    title: str
    entries: int
    messages: int
    head: str


class Verified(Answer, frozen=True):
    """`journal verify`."""

    books: list[Book]


class ExportedBook(Book, frozen=True):
    """A book in an export.

    `unreadable` are the numbers of entries that it holds as bytes and cannot show, `missing_files`
    counts files that could not be read.
    """

    unreadable: list[int]
    missing_files: int


class Exported(Answer, frozen=True):
    """`journal export`."""

    file: str
    books: list[ExportedBook]


BY_COMMAND: dict[str, Any] = {
    "journal write": JournalEntry,
    "journal list": list[JournalEntry],
    "journal verify": Verified,
    "journal export": Exported,
    "export my-data": Exported,
    "export clinical-record": Exported,
}
