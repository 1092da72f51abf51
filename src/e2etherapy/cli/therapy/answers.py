"""What the commands for the work of therapy print with --json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from e2etherapy.cli.answer import Answer


class Said(Answer, frozen=True):
    """What was sent: `state` is `on_device` or `stored`, `problem` why it has come no further.

    `reaches_nobody` is true of what can never be delivered.
    """

    name: str
    id: str
    state: Literal["on_device", "stored"]
    problem: str | None
    reaches_nobody: bool = False


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


class Queued(Answer, frozen=True):
    """A line of `queue`, in reading order.

    `flagged` is when the oldest open flag was raised, `late` by how many seconds the answer is.
    `ended` says that the therapy is over: then `messages` are those that nobody has read.
    """

    name: str
    flagged: datetime | None
    due: datetime | None
    waiting_since: datetime | None
    messages: int
    late: int
    differed: bool
    ended: bool


class Resolved(Answer, frozen=True):
    """`resolve`: how many flags the note closes."""

    name: str
    flags: int


class Draft(Answer, frozen=True):
    """`batch draft`: what is kept; `unfilled` is what keeps it from being sent in a batch."""

    name: str
    text: str
    changed: datetime
    unfilled: list[str]


class Dropped(Answer, frozen=True):
    """`batch drop`: whose draft is gone."""

    name: str


class Finding(Answer, frozen=True):
    """Why a text may be meant for another client; `shown` is the name, or how the phrase begins."""

    kind: Literal["name", "phrase"]
    clients: list[str]
    shown: str
    also_here: bool


class Reviewed(Answer, frozen=True):
    """A line of `batch review`, in the order in which they leave; `length` is in characters."""

    name: str
    flagged: bool
    due: datetime | None
    first_words: str
    length: int
    unfilled: list[str]
    findings: list[Finding]
    left_out: str | None


class LeftOut(Answer, frozen=True):
    """A draft for somebody to whom nothing can be sent, and why; it is kept."""

    name: str
    reason: str


class BatchSent(Answer, frozen=True):
    """`batch send`: `kept` names those whose draft was changed meanwhile, and was not sent."""

    sent: list[Said]
    kept: list[str]
    left_out: list[LeftOut]


class Announcement(Answer, frozen=True):
    """A line of `holidays review`: what a client would be told, or has been.

    `standing` is `to_send`, `told` (not accepted so far), `agreed` (accepted), or `cannot` with a
    `reason`.
    """

    name: str
    standing: Literal["to_send", "told", "agreed", "cannot"]
    version: int | None
    holidays: str | None
    cover: str | None
    reason: str


class NotTold(Answer, frozen=True):
    """Somebody who was to be told, and why they were not."""

    name: str
    reason: str


class Announced(Answer, frozen=True):
    """`holidays announce`."""

    sent: list[Said]
    not_told: list[NotTold]


class HolidaysInForce(Answer, frozen=True):
    """A line of `holidays show`: the agreement that holds, and the one that is not accepted."""

    name: str
    version: int | None
    holidays: str | None
    cover: str | None
    waiting: int | None
    waiting_holidays: str | None


class Template(Answer, frozen=True):
    """A line of `template list`, and what the other commands on templates print."""

    name: str
    text: str
    placeholders: list[str]


class Replies(Answer, frozen=True):
    """How soon clients were answered; times are in seconds, null where nobody was."""

    answered: int
    with_due: int
    in_time: int
    median: int | None
    nine_of_ten: int | None
    waiting: int
    late: int


class Written(Answer, frozen=True):
    """How much a client wrote in the last 28 days: messages in a week, and on how many days."""

    name: str
    per_week: float
    days: int


class Changes(Answer, frozen=True):
    """How many clients' last score of an instrument differs reliably from their first."""

    instrument: str
    improved: int
    unchanged: int
    deteriorated: int
    not_compared: int


class Caseload(Answer, frozen=True):
    """`caseload`: counted on this device alone."""

    replies: Replies
    clients: list[Written]
    changes: list[Changes]


class Attendance(Answer, frozen=True):
    """`attendance`: the days of contact; `digest` is the same for the same days of the same two."""

    client: str
    therapist: str
    zone: str
    first: date
    last: date
    made: date
    days: list[date]
    digest: str


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


BY_COMMAND: dict[str, Any] = {
    "agreement propose": Said,
    "agreement accept": Said,
    "agreement show": list[Agreement],
    "check-in schedule": Said,
    "urgent": Said,
    "queue": list[Queued],
    "resolve": Resolved,
    "batch draft": Draft,
    "batch drop": Dropped,
    "batch review": list[Reviewed],
    "batch send": BatchSent,
    "holidays review": list[Announcement],
    "holidays announce": Announced,
    "holidays show": list[HolidaysInForce],
    "template add": Template,
    "template list": list[Template],
    "template show": Template,
    "template remove": Template,
    "caseload": Caseload,
    "attendance": Attendance,
    "help-now": Card,
}
