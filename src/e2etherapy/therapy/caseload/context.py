"""What somebody has to know at a glance before they answer one client; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from e2etherapy.therapy.account import Resolution
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care.check_ins import CheckIns, Taken
from e2etherapy.therapy.care.flags import Flag
from e2etherapy.therapy.care.goals import SharedGoal
from e2etherapy.therapy.care.homeworks import GivenHomework
from e2etherapy.therapy.care.state import Care
from e2etherapy.therapy.caseload.exchange import Message, earliest_due, unanswered
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.trend import Change, Dated, trend
from e2etherapy.wire.role import Role

MOST_OF_A_RUN: Final = 5
"""Messages that one of the two wrote without an answer in between, the newest ones."""
MOST_RESOLVED: Final = 3


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A message of the last exchange.

    Attributes:
        author: who wrote it.
        text: the words, or the name of a file.
        written: when, UTC.
        unread: whether it was shown here before.
    """

    author: Role
    text: str = field(repr=False)
    written: datetime
    unread: bool = False


@dataclass(frozen=True, slots=True)
class LatestScore:
    """The last result of one instrument, and how it differs from earlier ones.

    Attributes:
        taken: the check-in, with its answers.
        from_previous: the change from the last but one total; None if there is none.
        from_first: the change from the first total; None if that is the same or there is none.
    """

    taken: Taken
    from_previous: Change | None
    from_first: Change | None


@dataclass(frozen=True, slots=True)
class Context:
    """One client's.

    Attributes:
        name: of the conversation.
        exchange: the last exchange, the oldest first: the last words of the one, and what the
            other one wrote then.
        unanswered: how many messages of the client wait.
        due: by when they are to be answered; None if nothing was agreed for them.
        goals: those that are under way.
        scores: the last one of each instrument, the newest first.
        homework: what is open.
        agreement: that which holds now; None if none does.
        open_flags: what has to be seen first.
        resolved: how earlier flags were resolved, the last ones, the newest first.
        ended: the therapy is over.
    """

    name: str
    exchange: tuple[Exchanged, ...]
    unanswered: int
    due: datetime | None
    goals: tuple[SharedGoal, ...]
    scores: tuple[LatestScore, ...]
    homework: tuple[GivenHomework, ...]
    agreement: AgreementTerms | None
    open_flags: tuple[Flag, ...]
    resolved: tuple[tuple[Flag, Resolution], ...]
    ended: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in a record about one client.

    Attributes:
        care: all that holds.
        closed: the ids of the flags about which something was done.
        resolved: what that was, as far as it can be read.
        newest: the newest messages of both, the oldest first.
        waiting: the client's messages since the therapist's last one, with due times.
        ended: the therapy is over.
        hidden: by author and id, which items are not shown.
    """

    care: Care
    closed: frozenset[bytes]
    resolved: Mapping[bytes, Resolution]
    newest: Sequence[Exchanged]
    waiting: Sequence[Message]
    ended: bool
    hidden: frozenset[tuple[Role, bytes]] = frozenset()


def context(name: str, known: Known, now: datetime) -> Context:
    """Return what is to be known at a glance.

    Args:
        name: of the conversation.
        known: what stands in its record.
        now: UTC.
    """
    care = known.care
    applies = care.agreements.at(now)
    open_ones = () if known.ended else unanswered(known.waiting)
    return Context(
        name=name,
        exchange=last_exchange(known.newest),
        unanswered=len(open_ones),
        due=earliest_due(open_ones),
        goals=tuple(
            one for one in care.goals.proposals.open() if (one.author, one.id) not in known.hidden
        ),
        scores=_scores(care.check_ins),
        homework=tuple(
            one for one in care.homeworks.open() if (Role.THERAPIST, one.id) not in known.hidden
        ),
        agreement=None if applies is None else applies.terms,
        open_flags=care.flags.open(known.closed),
        resolved=_resolved(care.flags.raised, known.resolved),
        ended=known.ended,
    )


def last_exchange(newest: Sequence[Exchanged]) -> tuple[Exchanged, ...]:
    """Return the last message of the one, and the newest that the other one wrote after it."""
    if not newest:
        return ()
    last = newest[-1].author
    start = len(newest)
    while start and newest[start - 1].author is last:
        start -= 1
    before = newest[start - 1 : start] if start else ()
    return (*before, *newest[start:][-MOST_OF_A_RUN:])


def _scores(state: CheckIns) -> tuple[LatestScore, ...]:
    names = dict.fromkeys(one.instrument for one in state.taken)
    latest = (_latest(state.of(name)) for name in names)
    return tuple(sorted(latest, key=lambda one: one.taken.taken, reverse=True))


def _latest(taken: Sequence[Taken]) -> LatestScore:
    """Return the last of one instrument's; a check-in without a total is compared with nothing."""
    last = taken[-1]
    series = [Dated(one.taken.date(), one.result) for one in taken if one.result is not None]
    if last.result is None or last.result.total is None:
        return LatestScore(last, None, None)
    course = trend(instrument(last.instrument), series)
    first = course.from_first if course.from_first != course.from_previous else None
    return LatestScore(last, course.from_previous, first)


def _resolved(
    raised: Iterable[Flag], resolved: Mapping[bytes, Resolution]
) -> tuple[tuple[Flag, Resolution], ...]:
    done = [(flag, resolved[flag.id]) for flag in raised if flag.id in resolved]
    return tuple(sorted(done, key=lambda one: one[1].recorded, reverse=True)[:MOST_RESOLVED])
