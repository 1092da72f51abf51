"""What `context` prints with --json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from e2etherapy.cli.answer import Answer


class ContextMessage(Answer, frozen=True):
    """A message of the last exchange."""

    by: Literal["client", "therapist"]
    text: str
    written: datetime
    unread: bool


class ContextGoal(Answer, frozen=True):
    """A goal under way."""

    text: str
    outcome: Literal["proposed", "agreed", "declined", "reached", "dropped"]


class ScoreChange(Answer, frozen=True):
    """How a last total differs from an earlier one; `verdict` as far as a figure is published."""

    since: date
    points: int
    verdict: Literal[
        "reliable improvement", "reliable deterioration", "no reliable change", "not published"
    ]


class ContextScore(Answer, frozen=True):
    """The last result of one instrument; `total` is null where there is no score."""

    instrument: str
    taken: datetime
    total: int | None
    band: str | None
    from_previous: ScoreChange | None
    from_first: ScoreChange | None


class ContextHomework(Answer, frozen=True):
    """An open homework; `done` counts the days on which it was, of those that were logged."""

    title: str
    until: date | None
    accepted: bool | None
    logged: int
    done: int


class ContextAgreement(Answer, frozen=True):
    """The agreement that holds now."""

    version: int
    reply_within: str
    hours: str
    zone: str
    holidays: str
    cover: str


class ContextFlag(Answer, frozen=True):
    """What has or had to be seen first; `resolution` and `resolved` once something was done."""

    reason: Literal["asked", "check_in"]
    raised: datetime
    text: str
    resolution: str | None
    resolved: datetime | None


class Context(Answer, frozen=True):
    """`context`: what to know before answering somebody."""

    name: str
    ended: bool
    exchange: list[ContextMessage]
    unanswered: int
    due: datetime | None
    flags: list[ContextFlag]
    resolved: list[ContextFlag]
    goals: list[ContextGoal]
    scores: list[ContextScore]
    homework: list[ContextHomework]
    agreement: ContextAgreement | None


BY_COMMAND: dict[str, Any] = {"context": Context}
"""As in `cli.answers`, which has all of them."""
