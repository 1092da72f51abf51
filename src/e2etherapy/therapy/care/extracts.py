"""Whether parts of the record may be shown to a supervisor: asked by the therapist, each time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care.register import Register
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import ExtractAnswer, ExtractRequest

MOST_OPEN: Final = 20
"""Requests that nobody has answered."""


@dataclass(frozen=True, slots=True)
class AskedExtract:
    """What was asked.

    Attributes:
        id: of the request.
        text: what may be shown to whom, and why.
        requested: when, UTC.
        allowed: None until it is answered.
        answered: when.
    """

    id: bytes
    text: str = field(repr=False)
    requested: datetime
    allowed: bool | None = None
    answered: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it."""
        return self.allowed is None


@dataclass(frozen=True, slots=True)
class Extracts:
    """All that were asked about, in the order of the record."""

    requests: Register[AskedExtract] = field(default_factory=Register)

    def all(self) -> tuple[AskedExtract, ...]:
        """Return every request."""
        return self.requests.all()

    def open(self) -> tuple[AskedExtract, ...]:
        """Return those that nobody has answered."""
        return self.requests.open()


def request(state: Extracts, said: Said[ExtractRequest]) -> Extracts:
    """Take a request.

    Raises:
        OutOfPlace: 20 are open.
    """
    asked = AskedExtract(said.item.id, said.item.text, said.when)
    return Extracts(state.requests.begin(asked, MOST_OPEN, "requests to show the record"))


def answer(state: Extracts, said: Said[ExtractAnswer]) -> Extracts:
    """Take an answer.

    Raises:
        OutOfPlace: nobody asked this, or it was answered before.
    """
    item = said.item
    asked = state.requests.get(item.answers)
    if asked is None:
        raise OutOfPlace("an answer to what nobody asked")
    if asked.allowed is not None:
        raise OutOfPlace("an answer to a request that was answered before")
    answered = replace(asked, allowed=item.allowed, answered=said.when)
    return Extracts(state.requests.change(answered))
