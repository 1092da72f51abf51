"""What can be counted of a caseload, from what is recorded on this device and for nobody else.

Only times, and results that have a score anyway, are looked at; no words are. A share stands beside
its counts, so that nobody takes two of three for 67 percent of anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from statistics import median
from typing import Final

from e2etherapy.therapy.care.check_ins import Taken
from e2etherapy.therapy.caseload.exchange import (
    Message,
    Reply,
    earliest_due,
    replies,
    unanswered,
)
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.trend import Dated, Verdict, trend
from e2etherapy.wire.role import Role

DAYS: Final = 28
"""Over which writing is counted: four whole weeks, so that each day of a week counts alike."""
WEEK: Final = 7
_MOST_OF_TEN: Final = 9


@dataclass(frozen=True, slots=True)
class Course:
    """One conversation, as far as figures follow from it.

    Attributes:
        name: of the conversation.
        exchange: its messages in the order of the record.
        check_ins: the client's.
        ended: the therapy is over: nobody waits any more.
    """

    name: str
    exchange: tuple[Message, ...] = ()
    check_ins: tuple[Taken, ...] = ()
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ReplyFigures:
    """How soon somebody was answered.

    Attributes:
        answered: how many times a client waited and was answered.
        with_due: how many of these had a due time.
        in_time: how many of those came by it.
        median: of the time to a reply; None if there was none.
        nine_of_ten: within which at least nine of ten replies came; None if there was none.
        waiting: conversations in which a client waits now.
        late: how many of these are late.
    """

    answered: int
    with_due: int
    in_time: int
    median: timedelta | None
    nine_of_ten: timedelta | None
    waiting: int
    late: int

    @property
    def share_in_time(self) -> float | None:
        """From 0 to 1, of the replies with a due time; None if there was none."""
        return self.in_time / self.with_due if self.with_due else None


@dataclass(frozen=True, slots=True)
class Engagement:
    """How much a client wrote in the last 28 days.

    Attributes:
        name: of the conversation.
        per_week: messages in a week; of the days since the first, if these are fewer, but of a week
            at least.
        days: on how many days something was written.
    """

    name: str
    per_week: float
    days: int


@dataclass(frozen=True, slots=True)
class TrendFigures:
    """For how many clients the last score of an instrument differs from the first.

    Attributes:
        instrument: its id.
        improved: reliably.
        unchanged: by less than the instrument's own error.
        deteriorated: reliably.
        not_compared: only one score, or no published figure to compare by.
    """

    instrument: str
    improved: int
    unchanged: int
    deteriorated: int
    not_compared: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them; clients and instruments by name."""

    replies: ReplyFigures
    engagement: tuple[Engagement, ...]
    trends: tuple[TrendFigures, ...]


def figures(courses: Sequence[Course], now: datetime, zone: tzinfo = UTC) -> Figures:
    """Count.

    Args:
        courses: of the conversations that are counted.
        now: UTC.
        zone: on whose clock days are told apart.
    """
    ordered = sorted(courses, key=lambda course: (course.name.casefold(), course.name))
    return Figures(
        replies=_reply_figures(ordered, now),
        engagement=tuple(_engagement(course, now, zone) for course in ordered),
        trends=_trends(ordered, zone),
    )


def _reply_figures(courses: Iterable[Course], now: datetime) -> ReplyFigures:
    came: list[Reply] = []
    waiting: list[datetime | None] = []
    for course in courses:
        came += replies(course.exchange)
        open_ones = () if course.ended else unanswered(course.exchange)
        waiting += [earliest_due(open_ones)] if open_ones else []
    took = sorted(reply.took for reply in came)
    judged = [reply.in_time for reply in came if reply.in_time is not None]
    return ReplyFigures(
        answered=len(came),
        with_due=len(judged),
        in_time=sum(judged),
        median=_median(took),
        nine_of_ten=took[-(-len(took) * _MOST_OF_TEN // 10) - 1] if took else None,
        waiting=len(waiting),
        late=sum(due is not None and due < now for due in waiting),
    )


def _median(took: Sequence[timedelta]) -> timedelta | None:
    if not took:
        return None
    return timedelta(seconds=median(one.total_seconds() for one in took))


def _engagement(course: Course, now: datetime, zone: tzinfo) -> Engagement:
    today = _day(now, zone)
    mine = [message for message in course.exchange if message.author is Role.CLIENT]
    days = [_day(message.since, zone) for message in mine]
    lately = [day for day in days if today - timedelta(days=DAYS) < day <= today]
    known = (today - min(days)).days + 1 if days else 0
    counted = min(max(known, WEEK), DAYS)
    return Engagement(course.name, len(lately) * WEEK / counted, len(set(lately)))


def _trends(courses: Iterable[Course], zone: tzinfo) -> tuple[TrendFigures, ...]:
    verdicts: dict[str, Counter[Verdict]] = {}
    for course in courses:
        for name, series in _series(course, zone).items():
            change = trend(instrument(name), series).from_first
            verdict = change.verdict if change else Verdict.NOT_PUBLISHED
            verdicts.setdefault(name, Counter())[verdict] += 1
    return tuple(
        TrendFigures(
            instrument=name,
            improved=count[Verdict.IMPROVED],
            unchanged=count[Verdict.NO_RELIABLE_CHANGE],
            deteriorated=count[Verdict.DETERIORATED],
            not_compared=count[Verdict.NOT_PUBLISHED],
        )
        for name, count in sorted(verdicts.items())
    )


def _series(course: Course, zone: tzinfo) -> dict[str, list[Dated]]:
    """Return a client's results with a total, by instrument."""
    series: dict[str, list[Dated]] = {}
    for taken in course.check_ins:
        if taken.result is not None and taken.result.total is not None:
            dated = Dated(_day(taken.taken, zone), taken.result)
            series.setdefault(taken.result.instrument, []).append(dated)
    return series


def _day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()
