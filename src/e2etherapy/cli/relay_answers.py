"""What the commands for looking after a relay print with --json (docs/cli.md)."""

from __future__ import annotations

from typing import Any, Literal

from e2etherapy.cli.answer import Answer


class Allowance(Answer, frozen=True):
    """`relay allow`: a secret that pays for so many mailboxes, or the file that it was put into."""

    allowance: str | None
    mailboxes: int
    file: str | None


class Migrated(Answer, frozen=True):
    """`relay migrate`: the version that the database has now."""

    version: int


class Copied(Answer, frozen=True):
    """`relay copy`: how much was copied and compared."""

    allowances: int
    tickets: int
    mailboxes: int
    envelopes: int
    invitations: int


class ConfiguredSetting(Answer, frozen=True):
    """One setting of a relay, and where it was set."""

    name: str
    value: str | int | float | bool
    origin: str


class Configured(Answer, frozen=True):
    """`relay check`."""

    settings: list[ConfiguredSetting]


class BackedUp(Answer, frozen=True):
    """`relay backup`."""

    file: str
    bytes: int


class Restored(Answer, frozen=True):
    """`relay restore` and `relay restored`: what the relay begins with."""

    mailboxes: int
    envelopes: int
    invitations_deleted: int


class Bucket(Answer, frozen=True):
    """How many mailboxes have at most so many waiting envelopes, and more than the last bucket."""

    at_most: int
    mailboxes: int


class Statistics(Answer, frozen=True):
    """`relay stats`; `allowances` says what is left of each, without saying which."""

    mailboxes: int
    envelopes: int
    bytes: int
    invitations: int
    tickets: int
    allowances: list[int]
    waiting: list[Bucket]


Looked = Literal[
    "version",
    "configuration",
    "exposure",
    "certificate",
    "database",
    "file system",
    "disk",
    "permissions",
    "clock",
    "open files",
    "memory",
    "log",
]
"""What `relay doctor` looks at."""


class RelayCheck(Answer, frozen=True):
    """One thing that `relay doctor` looked at."""

    name: Looked
    ok: bool
    sentence: str


def fine(name: Looked, sentence: str) -> RelayCheck:
    """Return what was found in order."""
    return RelayCheck(name=name, ok=True, sentence=sentence)


def look(name: Looked, sentence: str) -> RelayCheck:
    """Return what somebody has to look at."""
    return RelayCheck(name=name, ok=False, sentence=sentence)


class RelayExamination(Answer, frozen=True):
    """`relay doctor`."""

    healthy: bool
    checks: list[RelayCheck]


BY_COMMAND: dict[str, Any] = {
    "relay allow": Allowance,
    "relay check": Configured,
    "relay backup": BackedUp,
    "relay restore": Restored,
    "relay restored": Restored,
    "relay stats": Statistics,
    "relay doctor": RelayExamination,
    "relay migrate": Migrated,
    "relay copy": Copied,
}
