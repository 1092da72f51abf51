"""By when an answer is due, and under which of several agreements.

A message counts at the moment at which it was written, by its author's clock: the one moment that
both devices know, so that both name the same due time. `terms` say the office hours, holidays and
zone; every time of day below is on the clock of that zone. *Working time* is as `working_time` has
it; the end of an interval is outside: at 17:00:00 the hours 09:00-17:00 are over.

**N working days.** A message that comes outside of working time counts as coming at the next
moment of working time. The date on which it counts as coming is not counted; each later date with
any working time is, a half-day too. The answer is due at the end of working time on the Nth.

With Mon-Fri 09:00-17:00 and "1 working day":

    written                     counts as         due
    Mon 10:00                   Mon 10:00         Tue 17:00
    Mon 07:00                   Mon 09:00         Tue 17:00
    Mon 17:00                   Tue 09:00         Wed 17:00
    Fri 16:59                   Fri 16:59         Mon 17:00
    Fri 17:00, Sat, Sun         Mon 09:00         Tue 17:00
    Wed, Thu is a holiday       Wed               Fri 17:00
    Wed, Thu until 12:00        Wed               Thu 12:00

So a therapist has at least one whole working day, and a client who writes at the weekend waits as
long as one who writes on Monday morning. Writing at 17:00 instead of 16:59 costs a working day:
both see the due time of each message, so that nobody has to work that out.

**N working hours.** Counted from the same moment, through working time only; due when the last
hour is full. With "4 working hours": Mon 10:00 gives Mon 14:00; Fri 15:00 gives Mon 11:00; Sat
gives Mon 13:00; Mon 13:00 gives Mon 17:00, not Tue 09:00.

**N hours.** So many times 3,600 seconds later, whatever the office hours say. With "24 hours": Fri
18:00 gives Sat 18:00, and on the night in which the clock is set forward, 19:00.

**N days.** The date of writing is not counted; the answer is due at the end of the Nth after it,
when the next date begins. With "3 days": Mon 10:00 gives Thu 24:00, at weekends and on holidays
as well. A date that the zone leaves out (Pacific/Apia, 2011-12-30) is not counted.

**Clocks that are set.** An hour that a clock repeats is twice in working time if it is in it at
all; an hour that it leaves out is not. Where working time would end in an hour that is left out,
it ends when the clock jumps. Nothing is rounded: a due time is a whole second of UTC.

**Horizon.** No date later than the 400th after that of writing is looked at for working time. If
that is not enough, there is no due time, and an error says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from e2etherapy.errors.therapy import InvalidAgreement, InvalidMoment
from e2etherapy.therapy import zones
from e2etherapy.therapy.holidays import Holidays
from e2etherapy.therapy.office_hours import OfficeHours
from e2etherapy.therapy.reply_time import ReplyTime, Unit
from e2etherapy.therapy.working_time import (
    HORIZON,
    WorkingTime,
    date_at,
    end_of_calendar_day,
)

FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_MOMENTS = datetime(9000, 1, 1, tzinfo=UTC)
_HOUR = 3_600


class Promise(Protocol):
    """What a due time follows from; the terms of an agreement are one."""

    @property
    def office_hours(self) -> OfficeHours:
        """When somebody works."""

    @property
    def holidays(self) -> Holidays:
        """When the office hours do not hold."""

    @property
    def zone(self) -> str:
        """On whose clock, by its IANA name."""

    @property
    def reply_time(self) -> ReplyTime:
        """How soon an answer comes."""


class Version(Protocol):
    """One of several agreements that follow each other."""

    @property
    def version(self) -> int:
        """Its number, from 1."""

    @property
    def valid_from(self) -> datetime:
        """From when on it applies."""


AnyVersion = TypeVar("AnyVersion", bound=Version)


def due(terms: Promise, written: datetime) -> datetime:
    """Return by when a message is to be answered: the last moment that is in time.

    Args:
        terms: those that were applicable then.
        written: in UTC, whole seconds.

    Returns:
        A moment in UTC, in whole seconds, not before `written`.

    Raises:
        InvalidMoment: `written` is not such a moment.
        NoWorkingTime: there is too little of it within the horizon.
        UnknownZone: the terms name a zone that this version does not know.
    """
    moment = _seconds(written)
    zone = zones.zone(terms.zone)
    work = WorkingTime(terms.office_hours, terms.holidays, zone)
    today, count = date_at(zone, moment), terms.reply_time.count
    match terms.reply_time.unit:
        case Unit.HOUR:
            end = moment + count * _HOUR
        case Unit.DAY:
            end = end_of_calendar_day(zone, today, count)
        case Unit.WORKING_HOUR:
            end = work.after(moment, count * _HOUR)
        case _:
            coming = date_at(zone, work.coming(moment))
            end = work.end_of_day(coming, count, today + timedelta(days=HORIZON))
    return datetime.fromtimestamp(end, UTC)


def late(due_time: datetime, now: datetime) -> timedelta:
    """Return by how much an answer is late that is not there yet, or came at `now`.

    At the due time itself it is not late: then, and before, this is zero.
    """
    return max(now - due_time, timedelta(0))


def applicable(versions: Iterable[AnyVersion], moment: datetime) -> AnyVersion | None:
    """Return the agreement that applies to a message written at a moment; None before the first.

    Of those that are valid by then, the one with the highest number: a later agreement replaces an
    earlier one also where that was to begin after it.

    Args:
        versions: those that both sides accepted, in any order.
        moment: in UTC, whole seconds.

    Raises:
        InvalidMoment: `moment` is not such a moment.
        InvalidAgreement: two different agreements have one number.
    """
    _seconds(moment)
    by_number: dict[int, AnyVersion] = {}
    for version in versions:
        if by_number.setdefault(version.version, version) != version:
            raise InvalidAgreement("Two different agreements have the same number.")
    begun = [number for number, version in by_number.items() if version.valid_from <= moment]
    return by_number[max(begun)] if begun else None


def require_moment(moment: datetime) -> datetime:
    """Return a moment of which a due time can be computed.

    Raises:
        InvalidMoment: it is not in UTC, not in whole seconds, or not from 1970 to 8999.
    """
    if moment.utcoffset() != timedelta(0) or moment.microsecond:
        raise InvalidMoment("A moment is in UTC and in whole seconds.")
    if not FIRST_MOMENT <= moment < END_OF_MOMENTS:
        raise InvalidMoment("This moment is before 1970, or too far away.")
    return moment


def _seconds(moment: datetime) -> int:
    return int(require_moment(moment).timestamp())
