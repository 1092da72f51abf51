"""Reply agreements for tests, from a few words each."""

from __future__ import annotations

from datetime import UTC, datetime

from e2etherapy.therapy import holidays, office_hours, reply_time
from e2etherapy.therapy.agreement import AgreementTerms

BEGINNING = datetime(1980, 1, 1, tzinfo=UTC)


def terms(
    reply: str = "1 working day",
    hours: str = "Mon-Fri 09:00-17:00",
    off: str = "",
    zone: str = "UTC",
    *,
    version: int = 1,
    valid_from: datetime = BEGINNING,
    cover: str = "",
    crisis: str = "Call 112. Nobody here is watching.",
) -> AgreementTerms:
    """Return terms that differ from the usual ones in what is given."""
    return AgreementTerms(
        version=version,
        valid_from=valid_from,
        zone=zone,
        office_hours=office_hours.parse(hours),
        holidays=holidays.parse(off),
        reply_time=reply_time.parse(reply),
        cover=cover,
        crisis=crisis,
    )


def at(words: str) -> datetime:
    """Return the moment that ISO 8601 says, in UTC if it names no offset."""
    moment = datetime.fromisoformat(words)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
