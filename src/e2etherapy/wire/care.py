"""Items about the therapy itself (docs/protocol.md, section 7.3).

Here is their form alone. Who may say what, and what it means, is judged above (`therapy`,
`messenger`): an agreement or a plan is carried as the text that its author's device wrote.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from e2etherapy.wire.item import Digest, Item, Name, When

MAX_DOCUMENT = 40_000
"""Characters of an agreement, a plan or a card; of a letter and of notes, too."""
MAX_NOTE = 4_000
MAX_ANSWERS = 64
MAX_ANSWER = 1_000
MAX_EXTRACT = 500
"""Entries of the record that one request may name."""

_Document = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_DOCUMENT)]
_Note = Annotated[str, msgspec.Meta(max_length=MAX_NOTE)]
_Answer = Annotated[int, msgspec.Meta(ge=0, le=MAX_ANSWER)]
_Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", max_length=10)]


class Agreement(Item, frozen=True, tag="agreement"):
    """A reply agreement that a therapist proposes: its canonical text."""

    terms: _Document


class AgreementAcceptance(Item, frozen=True, tag="agreement_acceptance"):
    """Accepts the agreement that `answers` names; `digest` is over its text."""

    digest: Digest


class ConsentRequest(Item, frozen=True, tag="consent_request"):
    """Asks for consent to a text of this name; `digest` is over it."""

    text: Name
    digest: Digest


class Consent(Item, frozen=True, tag="consent"):
    """Consents to the text that the request in `answers` names, after it was understood."""

    text: Name
    digest: Digest


class ConsentWithdrawal(Item, frozen=True, tag="consent_withdrawal"):
    """Withdraws the consent that `answers` names."""

    note: _Note = ""


class CheckIn(Item, frozen=True, tag="check_in"):
    """A questionnaire's answers in its order, null for "not answered". No score is sent.

    Who reads it scores it anew: a score that does not follow from its answers cannot be said.
    """

    instrument: Name
    version: Name
    given: Annotated[list[_Answer | None], msgspec.Meta(min_length=1, max_length=MAX_ANSWERS)]
    taken: When


class CheckInSchedule(Item, frozen=True, tag="check_in_schedule"):
    """When a questionnaire is to be filled in, in the canonical words of a schedule.

    Empty words end an earlier schedule of the same questionnaire.
    """

    instrument: Name
    schedule: Name
    begins: _Day


class Priority(Item, frozen=True, tag="priority"):
    """The client needs the therapist sooner; `answers` names a check-in if that is why."""

    text: _Note = ""


class Homework(Item, frozen=True, tag="homework"):
    """Something to do between letters, until a day if one is named."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    text: _Note = ""
    until: _Day | None = None


class HomeworkAnswer(Item, frozen=True, tag="homework_answer"):
    """Accepts or declines the homework that `answers` names."""

    accepted: bool
    note: _Note = ""


class HomeworkLog(Item, frozen=True, tag="homework_log"):
    """What became of the homework that `answers` names on one day."""

    day: _Day
    done: bool
    note: _Note = ""


class HomeworkReview(Item, frozen=True, tag="homework_review"):
    """Ends the homework that `answers` names with what its therapist says of it."""

    note: _Note = ""


class Goal(Item, frozen=True, tag="goal"):
    """A goal that one side proposes; it is one once the other side agrees."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class GoalAnswer(Item, frozen=True, tag="goal_answer"):
    """What becomes of the goal that `answers` names."""

    outcome: Literal["agreed", "declined", "reached", "dropped"]
    note: _Note = ""


class Landing(Item, frozen=True, tag="landing"):
    """How the therapist's message that `answers` names landed, from best to worst."""

    mark: Literal["helped", "understood", "unsure", "missed", "hurt"]


class SafetyPlanShare(Item, frozen=True, tag="safety_plan"):
    """The client's own safety plan, shared by choice: its canonical text."""

    plan: _Document


class EmergencyCardShare(Item, frozen=True, tag="emergency_card"):
    """Whom to call and where the client is usually: its canonical text, confirmed when sent."""

    card: _Document


class Summary(Item, frozen=True, tag="summary"):
    """What was worked on since the last one, at a session's end."""

    text: _Document


class ExtractRequest(Item, frozen=True, tag="extract_request"):
    """Asks whether parts of the record may be shown to a supervisor; says to whom and why.

    `entries` are digests over exactly the items that may be shown, in the order of the record.
    """

    text: _Document
    entries: Annotated[list[Digest], msgspec.Meta(min_length=1, max_length=MAX_EXTRACT)]


class ExtractAnswer(Item, frozen=True, tag="extract_answer"):
    """Allows or refuses what the request in `answers` asks; a no takes back an earlier yes."""

    allowed: bool


class Ending(Item, frozen=True, tag="ending"):
    """Ends the therapy with a letter; nothing comes after it."""

    letter: _Document


CareItem = (
    Agreement
    | AgreementAcceptance
    | ConsentRequest
    | Consent
    | ConsentWithdrawal
    | CheckIn
    | CheckInSchedule
    | Priority
    | Homework
    | HomeworkAnswer
    | HomeworkLog
    | HomeworkReview
    | Goal
    | GoalAnswer
    | Landing
    | SafetyPlanShare
    | EmergencyCardShare
    | Summary
    | ExtractRequest
    | ExtractAnswer
    | Ending
)
CARE: tuple[type[Item], ...] = CareItem.__args__


def times_of(item: object) -> tuple[datetime, ...]:
    """Return the times in an item besides that of its writing."""
    return (item.taken,) if isinstance(item, CheckIn) else ()
