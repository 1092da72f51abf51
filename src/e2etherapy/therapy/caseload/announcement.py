"""Holidays and cover that are told to every client, each in the next version of their agreement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from e2etherapy.therapy import zones
from e2etherapy.therapy.agreement import MAX_COVER, AgreementTerms
from e2etherapy.therapy.holidays import Holiday, Holidays
from e2etherapy.therapy.plain_text import require_words

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """When somebody is away, and who covers.

    Attributes:
        holidays: these dates, whatever stood there before.
        cover: who covers from now on; None leaves what each agreement says.

    Raises:
        InvalidWords: the cover is too long, or holds what cannot be seen.
    """

    holidays: Holidays
    cover: str | None = None

    def __post_init__(self) -> None:
        """Refuse what stands in no agreement."""
        if self.cover:
            require_words(self.cover, "The text on cover", MAX_COVER)

    def stands_in(self, terms: AgreementTerms) -> bool:
        """Say whether an agreement says all of it already."""
        told = set(self.holidays.entries) <= set(terms.holidays.entries)
        return told and self.cover in {None, terms.cover}


def announced(
    terms: AgreementTerms, absence: Absence, number: int, now: datetime
) -> AgreementTerms:
    """Return the next version of an agreement, which tells of an absence as well.

    On the dates of the absence it alone counts. Other holidays stay as far as they are not over.

    Args:
        terms: of the version before.
        absence: what is to be told.
        number: of the next version.
        now: UTC, whole seconds.

    Raises:
        InvalidHolidays: there would be more than 150.
        NoWorkingTime: nothing would be due within the horizon.
    """
    today = now.astimezone(zones.zone(terms.zone)).date()
    others = (
        piece
        for before in terms.holidays.entries
        for piece in _without(before, absence.holidays.entries)
        if piece.last >= today
    )
    entries = sorted([*others, *absence.holidays.entries], key=lambda entry: entry.first)
    return replace(
        terms,
        version=number,
        valid_from=now,
        holidays=Holidays(tuple(entries)),
        cover=terms.cover if absence.cover is None else absence.cover,
    )


def _without(before: Holiday, taken: Iterable[Holiday]) -> Iterator[Holiday]:
    """Yield what is left of a range outside of some others, which are in order."""
    begins: date = before.first
    for other in taken:
        if other.last < begins or other.first > before.last:
            continue
        if begins < other.first:
            yield _part(before, begins, other.first - _DAY)
        begins = other.last + _DAY
    if begins <= before.last:
        yield _part(before, begins, before.last)


def _part(whole: Holiday, first: date, last: date) -> Holiday:
    return Holiday(first, last, whole.until, whole.name)
