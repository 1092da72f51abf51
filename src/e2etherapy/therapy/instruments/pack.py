"""The instruments that come with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from e2etherapy.errors.therapy import InvalidInstrument
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.reading import read_instrument

CORE = (
    "phq-9",
    "phq-8",
    "phq-4",
    "phq-2",
    "gad-7",
    "gad-2",
    "pc-ptsd-5",
    "pcl-5",
    "audit-c",
    "k6",
    "k10",
)
"""The ids of those that their developers published, in the order in which they are offered."""
IN_HOUSE = ("connection",)
"""Those in words of this package's own: a sum, its course, and nothing that follows from them."""
OFFERED = (*CORE, *IN_HOUSE)


@cache
def instrument(instrument_id: str) -> Instrument:
    """Return an instrument that comes with the package.

    Raises:
        InvalidInstrument: there is none with this id, or its file was changed and cannot be used.
    """
    if instrument_id not in OFFERED:
        raise InvalidInstrument(f"There is no such instrument. There are: {', '.join(OFFERED)}.")
    file = f"{instrument_id}.json"
    return read_instrument((files(__package__) / "data" / file).read_bytes(), file)


def core() -> tuple[Instrument, ...]:
    """Return every instrument of the core pack.

    Raises:
        InvalidInstrument: a file of the package was changed and cannot be used.
    """
    return tuple(instrument(instrument_id) for instrument_id in CORE)


def offered() -> tuple[Instrument, ...]:
    """Return every instrument that comes with the package.

    Raises:
        InvalidInstrument: a file of the package was changed and cannot be used.
    """
    return tuple(instrument(instrument_id) for instrument_id in OFFERED)
