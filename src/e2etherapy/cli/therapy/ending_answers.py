"""What the commands for the end of a therapy print with --json."""

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
    """`ending leave`: how many messages never left this device."""

    name: str
    undelivered: int


BY_COMMAND: dict[str, Any] = {
    "ending write": Said,
    "ending leave": Left,
    "ending show": Ending,
}
"""As in `cli.answers`, which has all of them."""
