"""What the commands for homework, goals, consent and plans print with --json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from e2etherapy.cli.answer import Answer
from e2etherapy.cli.therapy.answers import Said


class HomeworkDay(Answer, frozen=True):
    """What became of a homework on one day."""

    day: date
    done: bool
    note: str
    logged: datetime


class Homework(Answer, frozen=True):
    """A line of `homework list`; `number` is its place, which it keeps.

    `accepted` is null until the client says, `answer` what they said with it; `reviewed` and
    `review` are the therapist's, who ends it.
    """

    number: int
    title: str
    text: str
    given: datetime
    until: date | None
    open: bool
    accepted: bool | None
    answered: datetime | None
    answer: str
    days: list[HomeworkDay]
    reviewed: datetime | None
    review: str
    hidden: bool


class GoalWord(Answer, frozen=True):
    """What one side said of a goal."""

    by: Literal["client", "therapist"]
    outcome: Literal["agreed", "declined", "reached", "dropped"]
    written: datetime
    note: str


class Goal(Answer, frozen=True):
    """A line of `goal list`; `number` is its place, which it keeps on this device."""

    number: int
    text: str
    by: Literal["client", "therapist"]
    proposed: datetime
    outcome: Literal["proposed", "agreed", "declined", "reached", "dropped"]
    hidden: bool
    said: list[GoalWord]


class ConsentQuestion(Answer, frozen=True):
    """A question on a text; the first of its choices is number 0."""

    asked: str
    choices: list[str]


class ConsentText(Answer, frozen=True):
    """`consent read`: the text, as Markdown."""

    text: str
    title: str
    words: str
    questions: list[ConsentQuestion]


class Consent(Answer, frozen=True):
    """A line of `consent show`: what was asked for, and what became of it."""

    text: str
    requested: datetime
    given: datetime | None
    withdrawn: datetime | None
    in_force: bool


class PlanPart(Answer, frozen=True):
    """What stands under one heading of a safety plan."""

    part: str
    heading: str
    words: str


class SafetyPlan(Answer, frozen=True):
    """`safety-plan show` and `edit`: one's own, or the one that was `shared` with somebody."""

    name: str | None
    written: date
    shared: datetime | None
    parts: list[PlanPart]


class EmergencyCard(Answer, frozen=True):
    """`emergency-card`: one's own, or the one that was `shared`; `stale` after a quarter."""

    name: str | None
    contact: str
    phone: str
    relation: str
    location: str
    consent: str
    confirmed: date
    stale: bool
    shared: datetime | None


BY_COMMAND: dict[str, Any] = {
    "homework assign": Said,
    "homework accept": Said,
    "homework decline": Said,
    "homework log": Said,
    "homework review": Said,
    "homework list": list[Homework],
    "goal propose": Said,
    "goal agree": Said,
    "goal decline": Said,
    "goal reached": Said,
    "goal drop": Said,
    "goal list": list[Goal],
    "landed": Said,
    "summary": Said,
    "consent request": Said,
    "consent read": ConsentText,
    "consent give": Said,
    "consent withdraw": Said,
    "consent show": list[Consent],
    "safety-plan edit": SafetyPlan,
    "safety-plan show": SafetyPlan,
    "safety-plan share": Said,
    "emergency-card set": EmergencyCard,
    "emergency-card show": EmergencyCard,
    "emergency-card confirm": EmergencyCard,
    "emergency-card share": Said,
}
"""As in `cli.answers`, which has all of them."""
