"""What the commands for the work of therapy print with --json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from e2etherapy.cli.answer import Answer


class Said(Answer, frozen=True):
    """What was sent: `state` is `on_device` or `stored`, `problem` why it has come no further."""

    name: str
    id: str
    state: Literal["on_device", "stored"]
    problem: str | None


class Agreement(Answer, frozen=True):
    """A line of `agreement show`, the first agreement first.

    `receipt` is the same on both devices; null until the agreement is `accepted`.
    """

    version: int
    proposed: datetime
    accepted: datetime | None
    receipt: str | None
    valid_from: datetime
    reply_within: str
    hours: str
    zone: str
    holidays: str
    cover: str
    crisis: str


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
    """When an instrument is to be filled in, and next on which day."""

    instrument: str
    schedule: str
    begins: date
    next: date | None


class CheckIns(Answer, frozen=True):
    """`check-in show`."""

    name: str
    taken: list[TakenCheckIn]
    asked: list[AskedCheckIn]
    trend: list[str]


class Queued(Answer, frozen=True):
    """A line of `queue`, in reading order.

    `flagged` is when the oldest open flag was raised, `late` by how many seconds the answer is.
    """

    name: str
    flagged: datetime | None
    due: datetime | None
    waiting_since: datetime | None
    messages: int
    late: int
    differed: bool


class Resolved(Answer, frozen=True):
    """`resolve`: how many flags the note closes."""

    name: str
    flags: int


class Line(Answer, frozen=True):
    """A number to call; `checked` is the day on which it was compared with what is published."""

    name: str
    how: str
    number: str
    checked: date | None


class OwnNumber(Answer, frozen=True):
    """A number that the person added with `help-now --add`."""

    name: str
    number: str


class Card(Answer, frozen=True):
    """`help-now`."""

    country: str | None
    warnings: list[str]
    statements: list[str]
    lines: list[Line]
    own: list[OwnNumber]
