"""What the commands about check-ins print with --json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from e2etherapy.cli.answer import Answer
from e2etherapy.cli.therapy.answers import Said


class Score(Answer, frozen=True):
    """What answers say, which is not a diagnosis; `total` is null where `reason` says why."""

    instrument: str
    total: int | None
    reason: str | None
    band: str | None
    missing: int
    imputed: bool
    priority: bool
    subscales: dict[str, int | None]
    findings: dict[str, bool | None]
    remarks: list[str]


class CheckedIn(Answer, frozen=True):
    """`check-in take`: the score, and how far it has come; `flagged` if it will be seen first."""

    score: Score
    sent: Said
    flagged: bool


class TakenCheckIn(Answer, frozen=True):
    """A line of `check-in show`, oldest first; `score` is null if another version has to score."""

    instrument: str
    taken: datetime
    answers: list[int | None]
    score: Score | None


class AskedCheckIn(Answer, frozen=True):
    """When an instrument is to be filled in, and next on which day after today.

    `due` is the last such day up to today, if nothing was filled in since; or null. `instead_of`
    is the one that was asked for, where it must not be asked now; or null.
    """

    instrument: str
    instead_of: str | None
    schedule: str
    begins: date
    due: date | None
    next: date | None


class CheckIns(Answer, frozen=True):
    """`check-in show`."""

    name: str
    taken: list[TakenCheckIn]
    asked: list[AskedCheckIn]
    trend: list[str]


class Plotted(Answer, frozen=True):
    """`check-in plot`: what the drawing shows, in words; `file` is null where none was drawn."""

    name: str
    instrument: str
    file: str | None
    sentences: list[str]


class ExportedCheckIns(Answer, frozen=True):
    """`check-in export`: how many are in the file; `left_out` are those of another version."""

    name: str
    file: str
    check_ins: int
    left_out: int


BY_COMMAND: dict[str, Any] = {
    "check-in take": CheckedIn,
    "check-in show": CheckIns,
    "check-in plot": Plotted,
    "check-in export": ExportedCheckIns,
}
