"""The reply agreement: when somebody works, how soon they answer, and what to do in a crisis.

Its canonical bytes are JSON in the one notation (docs/protocol.md, section 1.1):

    version       the number of the agreement, from 1
    valid_from    from when on it applies, UTC, whole seconds
    zone          IANA name of the zone on whose clock everything stands
    office_hours  canonical text of `office_hours`
    holidays      canonical text of `holidays`; left out if there are none
    reply_time    canonical text of `reply_time`
    cover         who covers, and when; left out if nobody does
    crisis        what to do in a crisis, and who is not watching

An acceptance names the agreement by H("agreement", bytes): one character more is another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidAgreement, NoWorkingTime, TherapyError, UnknownZone
from e2etherapy.primitives import digest
from e2etherapy.therapy import due, holidays, office_hours, reply_time, zones
from e2etherapy.therapy.holidays import Holidays
from e2etherapy.therapy.office_hours import DAY, HOUR, OfficeHours
from e2etherapy.therapy.plain_text import require_words, wrapped
from e2etherapy.therapy.reply_time import ReplyTime, Unit
from e2etherapy.wire import notation

MAX_VERSION = 1_000_000
MAX_COVER = 2_000
MAX_CRISIS = 4_000
"""Characters."""

_BROKEN = "An agreement breaks its form"

LONGEST_PAUSE = 3
"""Days in a row without work, in a usual week, at which somebody still looks soon."""
LONGEST_LOOK = timedelta(days=6)
"""From Thursday evening over a long weekend with two holidays until Wednesday evening."""


class _Form(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    version: int
    valid_from: Annotated[datetime, msgspec.Meta(tz=True)]
    zone: str
    office_hours: str
    holidays: str = ""
    reply_time: str
    cover: str = ""
    crisis: str


_decoder = msgspec.json.Decoder(_Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerms:
    """What a therapist promises and a client accepts.

    Attributes:
        version: the number among the agreements of a conversation, from 1.
        valid_from: from when on it applies to what is written, UTC, whole seconds.
        zone: IANA name.
        office_hours: when somebody works.
        holidays: when the office hours do not hold.
        reply_time: how soon an answer comes.
        cover: who covers when nobody works, and when; empty if nobody does.
        crisis: what to do in a crisis, and who is not watching.

    Raises:
        InvalidAgreement: the number is not from 1 to 1,000,000.
        InvalidMoment: `valid_from` is no moment of which a due time can be computed.
        UnknownZone: there is no such zone.
        NoWorkingTime: a message written at `valid_from` would not be due within the horizon.
        InvalidWords: a text is too long, or holds what cannot be seen; or `crisis` is empty.
    """

    version: int
    valid_from: datetime
    zone: str
    office_hours: OfficeHours
    reply_time: ReplyTime
    crisis: str
    holidays: Holidays = holidays.NONE
    cover: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody could keep, or read alike."""
        if not 1 <= self.version <= MAX_VERSION:
            raise InvalidAgreement(f"The number of an agreement is from 1 to {MAX_VERSION:,}.")
        if self.cover:
            require_words(self.cover, "The text on cover", MAX_COVER)
        require_words(self.crisis, "The text on a crisis", MAX_CRISIS)
        due.due(self, self.valid_from)


def encode(terms: AgreementTerms) -> bytes:
    """Return the canonical bytes."""
    return notation.write(
        _Form(
            version=terms.version,
            valid_from=terms.valid_from,
            zone=terms.zone,
            office_hours=terms.office_hours.text(),
            holidays=terms.holidays.text(),
            reply_time=terms.reply_time.text(),
            cover=terms.cover,
            crisis=terms.crisis,
        )
    )


def decode(data: bytes) -> AgreementTerms:
    """Read the canonical bytes.

    Raises:
        UnknownZone: they name a zone that this version of the package does not know.
        MalformedData: anything else is wrong, or is written in another way than `encode` would.
    """
    try:
        form = _decoder.decode(data)
        terms = _terms(form)
    except notation.BROKEN as error:
        raise MalformedData(f"{_BROKEN}: {notation.problem(error)}.") from None
    except UnknownZone:
        raise
    except TherapyError:
        raise MalformedData(f"{_BROKEN}: its terms are not what they can be.") from None
    if encode(terms) != data:
        raise MalformedData("An agreement is not written in the one way there is.")
    return terms


def _terms(form: _Form) -> AgreementTerms:
    return AgreementTerms(
        version=form.version,
        valid_from=form.valid_from,
        zone=form.zone,
        office_hours=office_hours.parse(form.office_hours),
        holidays=holidays.parse(form.holidays),
        reply_time=reply_time.parse(form.reply_time),
        cover=form.cover,
        crisis=form.crisis,
    )


def digest_of(terms: AgreementTerms) -> bytes:
    """Return the 32 bytes by which an acceptance names exactly this agreement."""
    return digest.labelled("agreement", encode(terms))


def render(terms: AgreementTerms, width: int) -> str:
    """Return an agreement as plain text: all of it, so that it can be read before it is accepted.

    Args:
        terms: the agreement.
        width: of a line in cells; 20 at least.
    """
    begins = terms.valid_from.astimezone(zones.zone(terms.zone))
    blocks = [
        (f"Reply agreement {terms.version}", f"from {begins:%Y-%m-%d %H:%M:%S}"),
        ("An answer comes within", f"{terms.reply_time.text()}, {terms.reply_time.meaning()}."),
        ("Office hours", "\n".join(terms.office_hours.text().split(", "))),
        ("On the clock of", terms.zone),
        ("Days off", terms.holidays.text() or "None are named."),
        ("Cover", terms.cover or "Nobody covers at other times."),
        ("In a crisis", terms.crisis),
    ]
    lines = ([*wrapped(title, width), *wrapped(words, width, "  ")] for title, words in blocks)
    return "\n\n".join("\n".join(block) for block in lines) + "\n"


def looks_within_one_working_day(terms: AgreementTerms, at: datetime | None = None) -> bool:
    """Say whether what a client answers is looked at within one working day.

    Where it is not, PHQ-8 is offered in the place of PHQ-9, whose last item must not wait. So in
    doubt this is False. It is True if

    - the reply time is 1 working day; 1 day; at most 24 hours; or at most as many working hours as
      the shortest working day has, half-days included, and
    - a usual week has no more than three days in a row without work: for somebody who works on
      Mondays only, one working day is a week, and
    - if `at` is given: an answer is due within six days of then, so that it is False before a
      longer holiday.

    Args:
        terms: of the agreement that applies.
        at: when the questions are asked, UTC, whole seconds.

    Raises:
        InvalidMoment: `at` is not such a moment.
    """
    if not _is_soon(terms) or _longest_pause(terms.office_hours) > LONGEST_PAUSE:
        return False
    if at is None:
        return True
    try:
        return due.due(terms, at) - at <= LONGEST_LOOK
    except NoWorkingTime:
        return False


def _is_soon(terms: AgreementTerms) -> bool:
    longest = {
        Unit.WORKING_DAY: 1,
        Unit.DAY: 1,
        Unit.HOUR: 24,
        Unit.WORKING_HOUR: _shortest_day(terms) // HOUR,
    }
    return terms.reply_time.count <= longest[terms.reply_time.unit]


def _shortest_day(terms: AgreementTerms) -> int:
    """Return the fewest minutes of a day on which there is work at all."""
    ends = {DAY} | {entry.until for entry in terms.holidays.entries}
    lengths = {
        sum(max(0, min(interval.end, end) - interval.start) for interval in day)
        for day in terms.office_hours.days
        for end in ends
    }
    return min(lengths - {0})


def _longest_pause(hours: OfficeHours) -> int:
    pause = longest = 0
    for day in hours.days * 2:
        pause = 0 if day else pause + 1
        longest = max(longest, pause)
    return longest
