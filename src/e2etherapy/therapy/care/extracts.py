"""Whether parts of the record may be shown to a supervisor: asked by the therapist, each time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.primitives import digest
from e2etherapy.therapy.care.register import Register
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import ExtractAnswer, ExtractRequest
from e2etherapy.wire.role import Role

MOST_OPEN: Final = 20
"""Requests that nobody has answered."""
_AUTHORS: Final = {Role.CLIENT: b"\1", Role.THERAPIST: b"\2"}


@dataclass(frozen=True, slots=True)
class AskedExtract:
    """What was asked.

    Attributes:
        id: of the request.
        number: among the requests of the conversation, from 1; it stays.
        text: to whom it would be shown, and why.
        entries: digests of exactly the items that would be shown.
        requested: when, UTC.
        allowed: what was answered first; None until it is.
        answered: when.
        withdrawn: when what was allowed was taken back; None if it was not.
    """

    id: bytes
    number: int
    text: str = field(repr=False)
    entries: tuple[bytes, ...]
    requested: datetime
    allowed: bool | None = None
    answered: datetime | None = None
    withdrawn: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it."""
        return self.allowed is None

    @property
    def in_force(self) -> bool:
        """Whether it was allowed, and not taken back."""
        return self.allowed is True and self.withdrawn is None


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


def digest_of(author: Role, item: bytes) -> bytes:
    """Return the 32 bytes by which a request names exactly one item of the record.

    Args:
        author: who wrote it.
        item: its JSON, which both devices hold alike.
    """
    return digest.labelled("extract-entry", _AUTHORS[author], item)


def request(state: Extracts, said: Said[ExtractRequest]) -> Extracts:
    """Take a request.

    Raises:
        OutOfPlace: an entry stands in it twice, or 20 are open.
    """
    entries = tuple(said.item.entries)
    if len(set(entries)) < len(entries):
        raise OutOfPlace("a request that names an entry twice")
    asked = AskedExtract(
        said.item.id, state.requests.next_number, said.item.text, entries, said.when
    )
    return Extracts(state.requests.begin(asked, MOST_OPEN, "requests to show the record"))


def answer(state: Extracts, said: Said[ExtractAnswer]) -> Extracts:
    """Take an answer; a no after a yes takes it back, once and for all.

    Raises:
        OutOfPlace: nobody asked this, or it was answered before and this takes nothing back.
    """
    item = said.item
    asked = state.requests.get(item.answers)
    if asked is None:
        raise OutOfPlace("an answer to what nobody asked")
    if asked.is_open:
        answered = replace(asked, allowed=item.allowed, answered=said.when)
    elif asked.in_force and not item.allowed:
        answered = replace(asked, withdrawn=said.when)
    else:
        raise OutOfPlace("an answer to a request that was answered before")
    return Extracts(state.requests.change(answered))
