"""What the commands on what is kept of a therapy print with --json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from e2etherapy.cli.answer import Answer


class RecordEntry(Answer, frozen=True):
    """A line of `record show`; `when` and `text` are sentences where nobody wrote it.

    `recorded` is null where the entry was erased or cannot be read.
    """

    number: int
    state: Literal["shown", "hidden", "erased"]
    heading: str
    when: str
    text: str
    recorded: datetime | None


class Hidden(Answer, frozen=True):
    """`record hide`, `record unhide`, and the same of `journal`, where `name` is null."""

    name: str | None
    entries: list[int]
    hidden: bool


class Erased(Answer, frozen=True):
    """`record erase`, `journal erase`, a line of `retention apply`.

    `notes` counts process notes that were erased with it.
    """

    name: str | None
    entries: list[int]
    erased: datetime
    notes: int


class Note(Answer, frozen=True):
    """`note write`, `note erase`, a line of `note show`; `text` is null if gone or damaged."""

    name: str
    number: int
    written: datetime
    text: str | None
    damaged: bool


class NotesOn(Answer, frozen=True):
    """A line of `note list`."""

    name: str
    notes: int
    last: datetime


class NotesSecret(Answer, frozen=True):
    """`note secret`: what was done.

    `erased` counts notes that nothing opened any more, `damaged` those that stay as they are.
    """

    done: Literal["chosen", "changed", "anew"]
    erased: int
    damaged: int


class Rule(Answer, frozen=True):
    """`retention set` and `retention default`, where `name` is null."""

    name: str | None
    rule: str


class Kept(Answer, frozen=True):
    """How long a conversation is kept; `own` if the rule is its own, `due` null if it never is."""

    name: str
    rule: str
    own: bool
    last_contact: datetime
    due: datetime | None
    fate: Literal["kept", "due", "held", "empty"]


class Retention(Answer, frozen=True):
    """`retention show`: `clock` is what the device says; nothing is erased unless `believed`."""

    clock: datetime
    believed: bool
    conversations: list[Kept]


class Profile(Answer, frozen=True):
    """A line of `retention profiles`: a published rule, where it stands, and when that was read."""

    name: str
    years: int
    says: str
    source: str
    address: str
    read: date


class Hold(Answer, frozen=True):
    """`hold place` and `hold lift`."""

    name: str
    standing: bool
    since: datetime
    reason: str


BY_COMMAND: dict[str, Any] = {
    "record show": list[RecordEntry],
    "record hide": Hidden,
    "record unhide": Hidden,
    "record erase": Erased,
    "journal hide": Hidden,
    "journal unhide": Hidden,
    "journal erase": Erased,
    "note write": Note,
    "note show": list[Note],
    "note list": list[NotesOn],
    "note erase": Note,
    "note secret": NotesSecret,
    "retention set": Rule,
    "retention default": Rule,
    "retention show": Retention,
    "retention profiles": list[Profile],
    "retention apply": list[Erased],
    "hold place": Hold,
    "hold lift": Hold,
}
