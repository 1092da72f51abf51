"""A person's own numbers for the crisis card, in a plain file: they are shown without a passphrase.

The file is there only if the person has put something in it. Whoever can use the device can read
it.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from e2etherapy.cli.saving import unusable
from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import TherapyError
from e2etherapy.therapy.crisis import MAX_OWN_LINES, OwnLine

_FILE = "help-now.json"
_LARGEST = 100_000
"""Bytes that are read of it, whatever it is."""


def file() -> Path:
    """Return where the file is, if there is one."""
    import platformdirs

    return platformdirs.user_data_path("e2etherapy") / _FILE


def own_lines() -> tuple[OwnLine, ...]:
    """Return a person's own numbers; what cannot be read is passed over, whatever it is."""
    try:
        with file().open("rb") as opened:
            return _read(opened.read(_LARGEST))
    except (OSError, MessengerError):
        return ()


def _read(data: bytes) -> tuple[OwnLine, ...]:
    """Return the numbers in a file.

    Raises:
        MessengerError: it is not one that this program wrote.
    """
    try:
        return tuple(
            OwnLine(str(entry["name"]), str(entry["number"])) for entry in json.loads(data)
        )
    except (ValueError, TypeError, KeyError, RecursionError, TherapyError):
        raise MessengerError(
            f"{file()} is not what this program wrote. Nothing was changed. Remove it, and add "
            "your numbers again."
        ) from None


def add(name: str, number: str) -> None:
    """Write down a number; one of the same name is replaced.

    Raises:
        InvalidWords: one of the two cannot be read from a card.
        MessengerError: there are 20, or the file cannot be used.
        UnusableFile, DiskFull: it cannot be written.
    """
    line = OwnLine(name.strip(), number.strip())
    others = [one for one in _kept() if one.name != line.name]
    if len(others) >= MAX_OWN_LINES:
        raise MessengerError(f"There are {MAX_OWN_LINES} numbers already. Nothing was changed.")
    _write([*others, line])


def remove(name: str) -> None:
    """Remove a number, and the file with the last one.

    Raises:
        MessengerError: there is none of this name, or the file cannot be used.
        UnusableFile, DiskFull: it cannot be written.
    """
    kept = _kept()
    others = [one for one in kept if one.name != name.strip()]
    if len(others) == len(kept):
        raise MessengerError("There is no number of your own of this name. Nothing was changed.")
    _write(others)


def _kept() -> tuple[OwnLine, ...]:
    try:
        return _read(file().read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise unusable(error, file(), "Nothing was changed.") from None


def _write(lines: list[OwnLine]) -> None:
    place = file()
    try:
        if not lines:
            place.unlink()
            return
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps([{"name": line.name, "number": line.number} for line in lines], indent=2)
        _replace(place, f"{text}\n".encode())
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
