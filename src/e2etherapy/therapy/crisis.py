"""The crisis card: whom to call now, by country, with the day on which each number was checked.

It is shown before anything is unlocked and without a network. So this module loads nothing but the
standard library, and `card` makes a card of whatever it is given: it never fails in a crisis. What
is not known is not guessed; a person's own entries stand beside what is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from e2etherapy.errors.therapy import UnknownCountry
from e2etherapy.therapy.plain_text import TIE, require_words, wrapped

MAX_OWN_LINES = 20
MAX_OWN_LENGTH = 100
"""Characters of each part of an own entry."""

NOBODY_WATCHES = (
    "Nobody here is watching. What is written in this program is read later, not now, and it calls "
    "nobody. If you may be in danger, call or text somebody yourself."
)
NUMBERS_CHANGE = (
    "Numbers can change. If one does not work, try another one here, ask anybody near you to call, "
    "or go to the nearest hospital."
)
NOTHING_KNOWN = (
    "No number is known here for this country, and none is guessed. Write down the emergency "
    "number of the place where you are, and whom you would call. If you need help now, ask anybody "
    "near you to call, or go to the nearest hospital."
)
NO_COUNTRY = (
    "No country is chosen, so that no number is shown: a wrong one would cost time. Choose your "
    "country, or write down the emergency number of the place where you are. If you need help "
    "now, ask anybody near you to call, or go to the nearest hospital."
)
TO_FILL_IN = ("Emergency number where I am", "Somebody I can call at any hour", "My doctor")
"""What a card without known numbers has room for."""

_DATA = "crisis_data.json"
_SAME = {"UK": "GB", "EL": "GR"}
_LOCALE = re.compile(
    r"[a-z]{2,3}(?:[_-][a-z]{4})?[_-]([a-z]{2})(?:[.@].*)?", re.IGNORECASE | re.ASCII
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class CrisisLine:
    """A number that is answered by people.

    Attributes:
        name: of who answers.
        how: what stands before the number, like "Call or text".
        number: as it is written in that country.
        checked: the day on which it was last compared with what is published.
        source: the site to compare it with.
    """

    name: str
    how: str
    number: str
    checked: date
    source: str


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A person's own entry, like a friend, a doctor, or the number of a country not known here.

    Raises:
        InvalidWords: a part is empty, too long, has several lines or cannot be seen.
    """

    name: str
    number: str

    def __post_init__(self) -> None:
        """Refuse what could not be read from a card."""
        require_words(self.name, "The name of an own entry", MAX_OWN_LENGTH, lines=False)
        require_words(self.number, "The number of an own entry", MAX_OWN_LENGTH, lines=False)

    def __repr__(self) -> str:
        """Name the type, never the person."""
        return "<OwnLine>"


@dataclass(frozen=True, slots=True)
class CrisisCard:
    """What is shown.

    Attributes:
        country: the two letters; None if none was chosen.
        name: of the country, or its two letters if nothing is known of it; empty if none.
        from_locale: whether the country was taken from the language of the device, which may be
            that of another country than the person is in.
        warnings: sentences that come first: the numbers are old, their age is not known, or the
            country is not one that the person chose.
        statements: two that always stand there: that nobody is watching, and what is known.
        lines: numbers of the country, the emergency first; none if nothing is known.
        own: the person's own entries.
        checked: the day on which the oldest of `lines` was checked.
        to_fill_in: what there is room for, where nothing is known and nothing of one's own.
    """

    country: str | None
    name: str
    from_locale: bool
    warnings: tuple[str, ...]
    statements: tuple[str, str]
    lines: tuple[CrisisLine, ...]
    own: tuple[OwnLine, ...]
    checked: date | None
    to_fill_in: tuple[str, ...]


def card(
    country: str | None, today: date, own: Iterable[OwnLine] = (), *, locale: str = ""
) -> CrisisCard:
    """Make the card for a country.

    Args:
        country: two letters, or the English name; None or an empty text if the person chose none.
        today: the date where the person is.
        own: their own entries; the first 20 are shown.
        locale: what the device says of its language, like de_DE.UTF-8 in LANG. It is used only
            where no country is chosen.
    """
    from_locale = not country
    code = _code(country) if country else country_of_locale(locale)
    name, lines = _known().get(code or "", (code or "", ()))
    shown_own = tuple(own)[:MAX_OWN_LINES]
    checked = min((line.checked for line in lines), default=None)
    return CrisisCard(
        country=code,
        name=name,
        from_locale=from_locale and code is not None,
        warnings=tuple(_warnings(name, checked, today, guessed=from_locale)),
        statements=(NOBODY_WATCHES, _statement(code, checked)),
        lines=lines,
        own=shown_own,
        checked=checked,
        to_fill_in=() if lines or shown_own else TO_FILL_IN,
    )


def _warnings(name: str, checked: date | None, today: date, *, guessed: bool) -> list[str]:
    if checked is None:
        return []
    warnings = []
    if guessed:
        warnings.append(
            f"CHECK THE COUNTRY: {name} was taken from the language of this device. If you are "
            "somewhere else, choose your country: these numbers may not work there."
        )
    if today < checked:
        warnings.append(
            "THE DATE OF THIS DEVICE IS WRONG, so that nobody can say how old these numbers are. "
            f"They were last checked on {_written(checked)}."
        )
    elif (today.year - 1, today.month, today.day) > (checked.year, checked.month, checked.day):
        warnings.append(
            f"THESE NUMBERS ARE OLD: they were last checked on {_written(checked)}, more than a "
            "year ago, and may be wrong. Update this program when you can."
        )
    return warnings


def _statement(code: str | None, checked: date | None) -> str:
    if checked is None:
        return NOTHING_KNOWN if code else NO_COUNTRY
    return f"{NUMBERS_CHANGE} These were last checked on {_written(checked)}."


def country_code(words: str) -> str:
    """Return the two letters that a person means: they wrote them, or the name of a known country.

    Raises:
        UnknownCountry: neither.
    """
    code = _code(words)
    if code is None:
        raise UnknownCountry("Write the two letters of your country, like IE or NZ.")
    return code


def _code(words: str) -> str | None:
    meant = " ".join(words.split()).casefold()
    for code, (name, _) in _known().items():
        if meant == name.casefold():
            return code
    if re.fullmatch(r"[a-z]{2}", meant):
        return _SAME.get(meant.upper(), meant.upper())
    return None


def country_of_locale(locale: str) -> str | None:
    """Return the country in a locale like en_IE.UTF-8; None if it names none."""
    found = _LOCALE.fullmatch(locale)
    return _code(found[1]) if found else None


def countries() -> dict[str, str]:
    """Return the countries with known numbers: their two letters and their names, by name."""
    known = {code: name for code, (name, _) in _known().items()}
    return dict(sorted(known.items(), key=lambda entry: entry[1]))


@cache
def _known() -> dict[str, tuple[str, tuple[CrisisLine, ...]]]:
    text = resources.files(__package__).joinpath(_DATA).read_text(encoding="utf-8")
    return {
        code: (country["name"], tuple(_line(entry) for entry in country["lines"]))
        for code, country in json.loads(text)["countries"].items()
    }


def _line(entry: dict[str, str]) -> CrisisLine:
    checked = date.fromisoformat(entry["checked"])
    return CrisisLine(entry["name"], entry["how"], entry["number"], checked, entry["source"])


def _written(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def render(shown: CrisisCard, width: int) -> str:
    """Return a card as plain text.

    Args:
        shown: the card.
        width: of a line in cells; 20 at least. A number is never broken, and may stick out.
    """
    title = f"Help now: {shown.name}" if shown.name else "Help now"
    nobody, known = shown.statements
    blocks = [wrapped(title, width)]
    blocks += [wrapped(warning, width, "!! ") for warning in shown.warnings]
    blocks += [wrapped(nobody, width), _numbers(shown, width), wrapped(known, width)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _numbers(shown: CrisisCard, width: int) -> list[str]:
    entries = [f"{line.how} {_tied(line.number)} ({line.name})" for line in shown.lines]
    entries += [f"{line.name}: {_tied(line.number)}" for line in shown.own]
    entries += [f"{room}: ____________" for room in shown.to_fill_in]
    return [line for entry in entries for line in wrapped(entry, width, "  * ")]


def _tied(number: str) -> str:
    return TIE.join(number.split())
