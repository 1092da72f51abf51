"""What a person has put on the crisis card, in a plain file: it is shown without a passphrase.

The file is there only if the person has put something in it. Whoever can use the device can read
it.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from e2etherapy.cli.saving import unusable
from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import TherapyError
from e2etherapy.therapy.crisis import MAX_OWN_LINES, OwnLine, country_code

_FILE = "help-now.json"
_LARGEST = 100_000
"""Bytes that are read of it, whatever it is."""


@dataclass(frozen=True, slots=True)
class OwnCard:
    """A country to show, two letters, and numbers of one's own; in this form in the file, too."""

    country: str | None = None
    numbers: tuple[OwnLine, ...] = ()


def file() -> Path:
    """Return where the file is, if there is one."""
    import platformdirs

    return platformdirs.user_data_path("e2etherapy") / _FILE


def own_card() -> OwnCard:
    """Return what a person has put there; what cannot be read is passed over, whatever it is."""
    try:
        with file().open("rb") as opened:
            return _read(opened.read(_LARGEST))
    except (OSError, MessengerError):
        return OwnCard()


def _read(data: bytes) -> OwnCard:
    """Return what is in a file.

    Raises:
        MessengerError: it is not one that this program wrote.
    """
    try:
        card = msgspec.json.decode(data, type=OwnCard)
        return replace(card, country=card.country and country_code(card.country))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TherapyError):
        raise MessengerError(
            f"{file()} is not what this program wrote. Nothing was changed. Remove it, and add "
            "your numbers again."
        ) from None


def remember(country: str | None) -> None:
    """Write down which country is shown, two letters; None for that of the device's language.

    Raises:
        MessengerError: the file cannot be used.
        UnusableFile, DiskFull: it cannot be written.
    """
    _write(replace(_kept(), country=country))


def add(name: str, number: str) -> None:
    """Write down a number; one of the same name is replaced.

    Raises:
        InvalidWords: one of the two cannot be read from a card.
        MessengerError: there are 20, or the file cannot be used.
        UnusableFile, DiskFull: it cannot be written.
    """
    line = OwnLine(name.strip(), number.strip())
    kept = _kept()
    others = tuple(one for one in kept.numbers if one.name != line.name)
    if len(others) >= MAX_OWN_LINES:
        raise MessengerError(f"There are {MAX_OWN_LINES} numbers already. Nothing was changed.")
    _write(replace(kept, numbers=(*others, line)))


def remove(name: str) -> None:
    """Remove a number, and the file with the last thing in it.

    Raises:
        MessengerError: there is none of this name, or the file cannot be used.
        UnusableFile, DiskFull: it cannot be written.
    """
    kept = _kept()
    others = tuple(one for one in kept.numbers if one.name != name.strip())
    if len(others) == len(kept.numbers):
        raise MessengerError("There is no number of your own of this name. Nothing was changed.")
    _write(replace(kept, numbers=others))


def _kept() -> OwnCard:
    try:
        return _read(file().read_bytes())
    except FileNotFoundError:
        return OwnCard()
    except OSError as error:
        raise unusable(error, file(), "Nothing was changed.") from None


def _write(card: OwnCard) -> None:
    place = file()
    try:
        if card == OwnCard():
            place.unlink(missing_ok=True)
            return
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = msgspec.json.format(msgspec.json.encode(card), indent=2)
        _replace(place, text + b"\n")
    except OSError as error:
        raise unusable(error, place, "Nothing was changed.") from None


def _replace(place: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{_FILE}")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        Path(temporary).replace(place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
