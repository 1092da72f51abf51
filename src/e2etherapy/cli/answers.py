"""What each command prints with --json: the one schema, also as docs/cli-schema.json.

Times are RFC 3339 in UTC with a Z. A text is exactly what its author wrote.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from e2etherapy.cli import (
    attachment_answers,
    custody_answers,
    later_answers,
    record_answers,
    relay_answers,
)
from e2etherapy.cli.answer import Answer
from e2etherapy.cli.therapy import answers as therapy_answers
from e2etherapy.cli.therapy import check_in_answers, context_answers, ending_answers, work_answers

Role = Literal["client", "therapist"]
State = Literal["on_device", "stored", "fetched", "read", "received"]
Landed = Literal["helped", "understood", "unsure", "missed", "hurt"]
ItemKind = Literal["text", "attachment", "journal_share"]
Phase = Literal["invited", "joined", "opening", "ready", "waiting", "closed"]
Verification = Literal["unverified", "matched", "differed"]


class Made(Answer, frozen=True):
    """`init`: where the vault is; the 24 recovery words are shown this once.

    `problem` is why the relay did not answer meanwhile.
    """

    role: Role
    home: str
    relay: str
    recovery_words: list[str]
    problem: str | None


class Invitation(Answer, frozen=True):
    """`invite`: the link is a secret; `expires` is the last day on which it works.

    `lost` says that the relay did not know the one from before any more, so that this is another;
    `again` that it is the one from before; `replaced` that the one from before was withdrawn.
    """

    name: str
    link: str
    expires: str
    lost: bool
    again: bool
    replaced: bool


class Joined(Answer, frozen=True):
    """`join`: the conversation's name here, and the licence in the invitation, if any."""

    name: str
    credential: str | None


class SafetyPhrase(Answer, frozen=True):
    """`verify`: the six words, and what came of comparing them so far."""

    name: str
    words: list[str]
    verification: Verification


class SentItem(Answer, frozen=True):
    """One text or file that was sent; `problem` is why it is still only on this device.

    `cleaned` says whether a file was freed of what it says beside itself; it is null for a text.
    """

    id: str
    kind: ItemKind
    state: State
    problem: str | None
    cleaned: bool | None = None


class Sent(Answer, frozen=True):
    """`send` and `journal share`: `state` is that of the item which has come least far."""

    name: str
    state: State
    items: list[SentItem]


class Arrived(Answer, frozen=True):
    """How many new messages of one conversation arrived."""

    name: str
    messages: int


class Notice(Answer, frozen=True):
    """Something that a person should know."""

    name: str
    event: str
    sentence: str


class Synced(Answer, frozen=True):
    """`sync`: `delivered` counts messages that had waited; `unsent` what waits, `problem` why.

    `card_to_confirm` is the day on which a client's emergency card was last confirmed, if they
    have to do it anew; or null.
    """

    arrived: list[Arrived]
    notices: list[Notice]
    delivered: int
    unsent: int
    problem: str | None
    card_to_confirm: date | None


class Conversation(Answer, frozen=True):
    """A line of `conversations`; `role` is that of this vault's owner.

    `ended` says that the therapy is over.

    `unread` counts messages of the other side that `read` has not shown, `missing` items of it
    that later ones show to exist, `waiting` what this device still has to bring to the relay, and
    `begun` says that a message was begun here and not sent.
    `card_to_confirm` is as in `sync`, and the same on each line.
    """

    name: str
    role: Role
    phase: Phase
    verification: Verification
    relay: str
    messages: int
    unread: int
    missing: int
    waiting: int
    last: datetime | None
    ended: bool
    card_to_confirm: date | None
    begun: bool


class File(Answer, frozen=True):
    """An attached file; `saved` is where `read --save` has put it.

    `voice` is how many seconds a voice note lasts, by its sender, and 0 if they do not say.
    """

    name: str
    media_type: str
    size: int
    voice: int | None = None
    saved: str | None = None


class Message(Answer, frozen=True):
    """A line of `read`, oldest first; `unread` until now if the other side wrote it.

    `missing_before` counts what its author sent just before it and what has not arrived here:
    messages, or only receipts. `landed` is how a text of the therapist landed, if the client said.
    `due` is by when a client's message is to be answered, by the agreement with that number.
    `hidden` ones are there only with --hidden.
    """

    id: str
    author: Role
    own: bool
    kind: str
    text: str
    written: datetime
    arrived: datetime
    state: State
    unread: bool
    missing_before: int
    landed: Landed | None
    due: datetime | None
    agreement: int | None
    hidden: bool
    file: File | None


class Hit(Answer, frozen=True):
    """A line of `search`, newest first; `name` is null for the private journal."""

    name: str | None
    author: Role
    own: bool
    text: str
    written: datetime


class Setting(Answer, frozen=True):
    """`settings`: what was set; a secret is not repeated."""

    setting: Literal["allowance", "passphrase", "read-marks", "relay"]
    enabled: bool


class Check(Answer, frozen=True):
    """One thing that `doctor` looked at."""

    name: Literal["version", "vault", "copy", "disk", "allowance", "relay", "clock"]
    ok: bool
    sentence: str


class Examination(Answer, frozen=True):
    """`doctor`."""

    healthy: bool
    checks: list[Check]


class Fault(Answer, frozen=True):
    """Why a command failed; `code` and `exit` are a row of the table of exit codes."""

    code: str
    exit: int
    message: str


class Failed(Answer, frozen=True):
    """Any command that fails prints this to standard error."""

    error: Fault


BY_COMMAND: dict[str, Any] = {
    **relay_answers.BY_COMMAND,
    "init": Made,
    "invite": Invitation,
    "join": Joined,
    "verify": SafetyPhrase,
    "send": Sent,
    **later_answers.BY_COMMAND,
    "sync": Synced,
    "conversations": list[Conversation],
    "read": list[Message],
    **attachment_answers.BY_COMMAND,
    "search": list[Hit],
    **record_answers.BY_COMMAND,
    "journal share": Sent,
    **therapy_answers.BY_COMMAND,
    **check_in_answers.BY_COMMAND,
    **work_answers.BY_COMMAND,
    **ending_answers.BY_COMMAND,
    **context_answers.BY_COMMAND,
    **custody_answers.BY_COMMAND,
    "settings allowance": Setting,
    "settings passphrase": Setting,
    "settings read-marks": Setting,
    "settings relay": Setting,
    "doctor": Examination,
    "(any, on failure)": Failed,
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of every command's output, by the command's name."""
    commands = list(BY_COMMAND)
    described, components = msgspec.json.schema_components(
        [BY_COMMAND[command] for command in commands], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What e2etherapy prints with --json, by command",
        "properties": dict(zip(commands, described, strict=True)),
        "$defs": components,
    }
