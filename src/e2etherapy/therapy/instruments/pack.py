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
"""Their ids, in the order in which they are offered."""


@cache
def instrument(instrument_id: str) -> Instrument:
    """Return an instrument of the core pack.

    Raises:
        InvalidInstrument: there is none with this id, or its file was changed and cannot be used.
    """
    if instrument_id not in CORE:
        raise InvalidInstrument(f"There is no such instrument. There are: {', '.join(CORE)}.")
    file = f"{instrument_id}.json"
    return read_instrument((files(__package__) / "data" / file).read_bytes(), file)


def core() -> tuple[Instrument, ...]:
    """Return every instrument of the core pack.

    Raises:
        InvalidInstrument: a file of the package was changed and cannot be used.
    """
    return tuple(instrument(instrument_id) for instrument_id in CORE)
