"""On which days a client and a therapist were in contact, and nothing else.

Its canonical bytes are JSON in the one notation (docs/protocol.md, section 1.1), its members in the
order of `Attendance`. Its digest is H("attendance", bytes); copies with one digest are the same.

A message counts on the day on which it was written, by its author's clock: the one day that both
devices know, so that both make the same list.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec

from e2etherapy.errors.therapy import InvalidAttendance
from e2etherapy.primitives import digest
from e2etherapy.therapy import canonical, zones
from e2etherapy.therapy.plain_text import require_words, wrapped
from e2etherapy.wire import notation

MAX_NAME: Final = 200
"""Characters."""
MOST_DAYS: Final = 3_660
"""Between the first and the last: about ten years."""
SAYS: Final = (
    "It says that on each of these days at least one of the two wrote to the other, by the clock "
    "of whoever wrote, and by the record on the device of whoever made this."
)
DOES_NOT_SAY: Final = (
    "It does not say what was written, how much, at what time, who wrote, or what the therapy is "
    "for. A day that is not listed was not missed: in this therapy people write when they can."
)
RESTS_ON: Final = (
    "It is not signed. Whoever doubts it can ask the other of the two, whose device keeps a record "
    "of the same messages."
)


class Attendance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days of contact within a period.

    Attributes:
        client: the client's name, as it is to stand there.
        therapist: the therapist's.
        zone: IANA name; on whose clock days are told apart.
        first: the first day of the period.
        last: its last day.
        made: the day on which this was made.
        days: those of contact, each once, in order.

    Raises:
        InvalidAttendance: the period ends before it begins, after it was made, or is longer than
            3,660 days; or a day is outside of it, there twice, or not in its place.
        InvalidWords: a name is empty, too long, or holds a character that is not seen.
        UnknownZone: there is no such zone.
    """

    client: str
    therapist: str
    zone: str
    first: date
    last: date
    made: date
    days: tuple[date, ...]

    def __post_init__(self) -> None:
        """Refuse what does not say one thing."""
        require_words(self.client, "The name of the client", MAX_NAME, lines=False)
        require_words(self.therapist, "The name of the therapist", MAX_NAME, lines=False)
        zones.zone(self.zone)
        if not self.first <= self.last <= self.made:
            raise InvalidAttendance("Choose a first day, and a last day after it and not to come.")
        if (self.last - self.first).days >= MOST_DAYS:
            raise InvalidAttendance(f"Choose at most {MOST_DAYS:,} days.")
        if list(self.days) != sorted(set(self.days)):
            raise InvalidAttendance("The days of contact are not each there once and in order.")
        if self.days and not self.first <= self.days[0] <= self.days[-1] <= self.last:
            raise InvalidAttendance("A day of contact is outside of the days that were chosen.")

    def __repr__(self) -> str:
        """Name the type, never the people."""
        return "<Attendance>"


_decoder = msgspec.json.Decoder(Attendance)


def days_of(moments: Iterable[datetime], zone: str) -> frozenset[date]:
    """Return the days on which something was written.

    Args:
        moments: at which the messages of a record were written, of both sides, UTC.
        zone: IANA name.

    Raises:
        UnknownZone: there is no such zone.
    """
    clock = zones.zone(zone)
    return frozenset(moment.astimezone(clock).date() for moment in moments)


def attendance(
    people: tuple[str, str], zone: str, period: tuple[date, date], days: Iterable[date], made: date
) -> Attendance:
    """Return the days of contact within a period.

    Args:
        people: the names of the client and of the therapist.
        zone: on whose clock the days were told apart; IANA name.
        period: its first and its last day.
        days: of the whole record, in any order; those outside of the period are left out.
        made: today.

    Raises:
        InvalidAttendance, InvalidWords, UnknownZone: as `Attendance`.
    """
    first, last = period
    return Attendance(
        client=people[0],
        therapist=people[1],
        zone=zone,
        first=first,
        last=last,
        made=made,
        days=tuple(sorted({day for day in days if first <= day <= last})),
    )


def encode(shown: Attendance) -> bytes:
    """Return the canonical bytes."""
    return notation.write(shown)


def decode(data: bytes) -> Attendance:
    """Read the canonical bytes.

    Raises:
        MalformedData: they break their form, or are written in another way than `encode` would.
    """
    return canonical.read(_decoder, data, "Days of contact break their form")


def digest_of(shown: Attendance) -> bytes:
    """Return the 32 bytes that name exactly these days for exactly these people."""
    return digest.labelled("attendance", encode(shown))


def render(shown: Attendance, width: int) -> str:
    """Return it as plain text, with what it says and what it does not say.

    Args:
        shown: what was made.
        width: of a line in cells; 20 at least.
    """
    count = len(shown.days)
    said = "on 1 day" if count == 1 else f"on {count} days"
    blocks = [
        wrapped("Days of contact", width),
        [
            *wrapped(f"Client: {shown.client}", width, "", "  "),
            *wrapped(f"Therapist: {shown.therapist}", width, "", "  "),
            *wrapped(f"From {shown.first} to {shown.last}, on the clock of {shown.zone}", width),
            *wrapped(f"Made on {shown.made}", width),
        ],
        wrapped(f"They were in contact in writing {said}{':' if count else '.'}", width),
        wrapped(", ".join(map(str, shown.days)), width, "  ") if count else [],
        *(wrapped(sentence, width) for sentence in (SAYS, DOES_NOT_SAY, RESTS_ON)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
