"""How long a record is kept after the last contact, and what is due to be erased.

Nothing here erases: it says what is due. The numbers of a profile come from its source, which
stands in `retention_profiles.json`; whether it applies to a practice, a program cannot know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Final

import msgspec

from e2etherapy.errors.therapy import InvalidRetention

MOST_YEARS: Final = 100
MOST_DAYS: Final = 36_500
UNTIL_ERASED: Final = "until-erased"
_ERASED: Final = "until you erase it"
_OWN = re.compile(r"([1-9][0-9]{0,4}) (year|day)s?")


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that somebody has published.

    Attributes:
        name: how it is chosen.
        years: after the last contact.
        says: what the source says, in words of our own.
        source: where.
        address: of a page that was read.
        read: the day on which it was.
    """

    name: str
    years: Annotated[int, msgspec.Meta(ge=1, le=MOST_YEARS)]
    says: str
    source: str
    address: str
    read: date


class _Profiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    profiles: list[Profile]


@dataclass(frozen=True, slots=True)
class Rule:
    """How long something is kept.

    Attributes:
        words: as it is written, like "7 years", the name of a profile, or "until-erased".
        years: after the last contact.
        days: further ones. Without either it is kept until somebody erases it.
    """

    words: str
    years: int = 0
    days: int = 0

    def length(self) -> str:
        """Return how long that is, and who says so; nothing for what is kept until it is erased."""
        count, unit = (self.years, "year") if self.years else (self.days, "day")
        if not count:
            return ""
        length = _counted(count, unit)
        return length if length == self.words else f"{length}, as {self.words} says"

    def told(self) -> str:
        """Return in plain words for how long something is kept."""
        length, comma, whose = self.length().partition(",")
        return f"for {length} after the last contact{comma}{whose}" if length else _ERASED

    def ends(self, last_contact: datetime) -> datetime | None:
        """Return from when on something is due to be erased; None if it never is.

        Args:
            last_contact: UTC; a year later is the same day, and 1 March after 29 February.
        """
        if not self.years and not self.days:
            return None
        try:
            begun = last_contact.astimezone(UTC)
            return _years_later(begun, self.years) + timedelta(days=self.days)
        except (OverflowError, ValueError):
            return None  # behind the end of the calendar


def _years_later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


@cache
def profiles() -> tuple[Profile, ...]:
    """Return the published rules that can be chosen by name."""
    data = (resources.files("e2etherapy.therapy") / "retention_profiles.json").read_bytes()
    return tuple(msgspec.json.decode(data, type=_Profiles).profiles)


def rule(words: str) -> Rule:
    """Return the rule that words name.

    Args:
        words: "7 years", "90 days", the name of a profile, or "until-erased".

    Raises:
        InvalidRetention: they name none.
    """
    meant = " ".join(words.casefold().split())
    if meant == UNTIL_ERASED:
        return Rule(UNTIL_ERASED)
    for profile in profiles():
        if meant == profile.name:
            return Rule(profile.name, years=profile.years)
    own = _OWN.fullmatch(meant)
    count = 0 if own is None else int(own[1])
    if own is not None and own[2] == "year" and count <= MOST_YEARS:
        return Rule(_counted(count, "year"), years=count)
    if own is not None and own[2] == "day" and count <= MOST_DAYS:
        return Rule(_counted(count, "day"), days=count)
    known = ", ".join(profile.name for profile in profiles())
    raise InvalidRetention(
        f"Say how long: like “7 years” (at most {MOST_YEARS}), “90 days”, {UNTIL_ERASED}, or one "
        f"of {known}."
    )


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


class Fate(StrEnum):
    """What is to become of a record."""

    KEPT = "kept"
    DUE = "due"
    HELD = "held"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that is kept.

    Attributes:
        last_contact: UTC.
        rule: how long it is kept after that.
        held: a legal hold forbids to erase anything of it.
        empty: there is nothing in it to erase.
    """

    last_contact: datetime
    rule: Rule
    held: bool = False
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of it, and from when on it is due; None if it never is."""

    fate: Fate
    due: datetime | None


def verdict(kept: Kept, now: datetime) -> Verdict:
    """Say what is to become of a record at a moment, UTC."""
    due = kept.rule.ends(kept.last_contact)
    if kept.held:
        return Verdict(Fate.HELD, due)
    if kept.empty:
        return Verdict(Fate.EMPTY, due)
    return Verdict(Fate.DUE if due is not None and due <= now else Fate.KEPT, due)
