"""Time zones by their IANA names, from the package's own data and never from the machine's.

Two devices with one version of the package so compute one due time. Where the versions differ, a
change of the law in between can show two.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from e2etherapy.errors.therapy import UnknownZone

_DATA = "tzdata"
_NOWHERE = {"Factory"}


@cache
def names() -> frozenset[str]:
    """Return all names, like Europe/Dublin."""
    listed = resources.files(_DATA).joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(listed) - _NOWHERE


@cache
def _known(name: str) -> ZoneInfo:
    place = resources.files(_DATA).joinpath("zoneinfo", *name.split("/"))
    with place.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def zone(name: str) -> ZoneInfo:
    """Return a zone.

    Raises:
        UnknownZone: there is none of exactly this name; the sentence names those it may be.
    """
    if name not in names():
        near = " or ".join(likely(name)) or "one like Europe/Dublin"
        raise UnknownZone(f"There is no time zone of this name. Perhaps {near}?")
    return _known(name)


def likely(words: str) -> list[str]:
    """Return the few names that a person may have meant, by the city or by small letters."""
    meant = "_".join(words.split()).casefold()
    found = (name for name in names() if meant in {name.casefold(), _city(name)})
    return sorted(found, key=lambda name: (name.count("/"), name), reverse=True)[:3]


def _city(name: str) -> str:
    return name.rpartition("/")[2].casefold()
