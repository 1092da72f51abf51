"""What the commands for the end of a therapy, and for extracts of its record, print with --json."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from e2etherapy.cli.answer import Answer
from e2etherapy.cli.therapy.answers import Said


class Letter(Answer, frozen=True):
    """A letter that ended the therapy, and who wrote it."""

    by: Literal["client", "therapist"]
    written: datetime
    letter: str


class Ending(Answer, frozen=True):
    """`ending show`: `closed` once the mailbox is, two letters only where they crossed."""

    name: str
    ended: bool
    closed: bool
    letters: list[Letter]


class Left(Answer, frozen=True):
    """`ending leave`: how many messages never left this device.

    `delayed` counts those that were to go out later; 'later list' has them.
    """

    name: str
    undelivered: int
    delayed: int


class ExtractEntry(Answer, frozen=True):
    """A line of `extract entries`: an entry that both people have, by its number here."""

    number: int
    by: str
    text: str


class Extract(Answer, frozen=True):
    """A line of `extract list`: `missing` counts entries that are not on this device."""

    number: int
    text: str
    requested: datetime
    entries: int
    missing: int
    state: Literal["open", "allowed", "refused", "withdrawn"]
    answered: datetime | None
    withdrawn: datetime | None


class ExtractPreview(Answer, frozen=True):
    """`extract show`: exactly what would be passed on."""

    extract: Extract
    entries: list[ExtractEntry]


class ExtractWritten(Answer, frozen=True):
    """`extract write`: `replaced` counts how often each of the words stood in the entries."""

    file: str
    entries: int
    files: int
    replaced: dict[str, int]
    head: str


BY_COMMAND: dict[str, Any] = {
    "ending write": Said,
    "ending leave": Left,
    "ending show": Ending,
    "extract entries": list[ExtractEntry],
    "extract request": Said,
    "extract list": list[Extract],
    "extract show": ExtractPreview,
    "extract allow": Said,
    "extract refuse": Said,
    "extract write": ExtractWritten,
}
"""As in `cli.answers`, which has all of them."""
