"""The consents of a conversation: asked for by the therapist, given and withdrawn by the client.

Each request is answered for itself, so that both devices hold the same to be consented to, in
whatever order two items that crossed each other have come.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from e2etherapy.errors.therapy import OutOfPlace, TherapyError
from e2etherapy.therapy import consent
from e2etherapy.therapy.care.register import Register
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Consent, ConsentRequest, ConsentWithdrawal

MOST_OPEN: Final = 20
"""Requests that nobody has answered."""


@dataclass(frozen=True, slots=True)
class AskedConsent:
    """A consent that was asked for.

    Attributes:
        id: of the request.
        text: the name of the text; `therapy.consent` has it.
        digest: 32 bytes that name exactly this text.
        requested: when, UTC.
        consent: the id of the consent; None until it is given.
        given: when; None until it is.
        withdrawn: when; None until it is.
    """

    id: bytes
    text: str
    digest: bytes
    requested: datetime
    consent: bytes | None = None
    given: datetime | None = None
    withdrawn: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was asked for, and not given so far."""
        return self.given is None

    @property
    def in_force(self) -> bool:
        """Whether it was given, and not withdrawn."""
        return self.given is not None and self.withdrawn is None


@dataclass(frozen=True, slots=True)
class Consents:
    """All of a conversation's.

    Attributes:
        requests: in the order of the record.
        early: when consents were withdrawn that have not come so far, by their ids.
    """

    requests: Register[AskedConsent] = field(default_factory=Register)
    early: MappingProxyType[bytes, datetime] = field(default_factory=lambda: MappingProxyType({}))

    def all(self) -> tuple[AskedConsent, ...]:
        """Return everything that was asked for."""
        return self.requests.all()

    def open(self) -> tuple[AskedConsent, ...]:
        """Return what was asked for and not given so far."""
        return self.requests.open()

    def in_force(self) -> tuple[AskedConsent, ...]:
        """Return what was given and not withdrawn."""
        return tuple(one for one in self.all() if one.in_force)


def request(state: Consents, said: Said[ConsentRequest]) -> Consents:
    """Take a request.

    Raises:
        OutOfPlace: this version does not have exactly this text, or 20 requests are open.
    """
    item = said.item
    try:
        text = consent.named(item.text)
    except TherapyError:
        raise OutOfPlace(
            "a request for consent to a text that this version does not have"
        ) from None
    if not hmac.compare_digest(text.digest, item.digest):
        raise OutOfPlace("a request for consent to another text than the one of this name")
    asked = AskedConsent(item.id, item.text, item.digest, said.when)
    return replace(state, requests=state.requests.begin(asked, MOST_OPEN, "requests for consent"))


def give(state: Consents, said: Said[Consent]) -> Consents:
    """Take a consent; one whose withdrawal came before it is withdrawn.

    Raises:
        OutOfPlace: nobody asked for it, it is to another text, or it was given before.
    """
    item = said.item
    asked = state.requests.get(item.answers)
    if asked is None:
        raise OutOfPlace("a consent that nobody asked for")
    if asked.text != item.text or not hmac.compare_digest(asked.digest, item.digest):
        raise OutOfPlace("a consent to another text than the one that was asked about")
    if asked.given is not None:
        raise OutOfPlace("a consent that was given before")
    given = replace(asked, consent=item.id, given=said.when, withdrawn=state.early.get(item.id))
    return replace(state, requests=state.requests.change(given))


def withdraw(state: Consents, said: Said[ConsentWithdrawal]) -> Consents:
    """Take a withdrawal.

    The consent may still be on its way, or lost: then the withdrawal waits for it (20 at most do),
    so that no device holds to be consented to what was withdrawn.

    Raises:
        OutOfPlace: it names nothing, a request, or a consent that was withdrawn before.
    """
    item = said.item
    if item.answers is None or item.answers in state.requests.by_id:
        raise OutOfPlace("a withdrawal of what is no consent")
    named = [one for one in state.all() if one.consent == item.answers]
    if not named:
        return _wait(state, item.answers, said.when)
    if named[0].withdrawn is not None:
        raise OutOfPlace("a withdrawal of a consent that was withdrawn before")
    withdrawn = replace(named[0], withdrawn=said.when)
    return replace(state, requests=state.requests.change(withdrawn))


def _wait(state: Consents, consent_id: bytes, when: datetime) -> Consents:
    if len(state.early) >= MOST_OPEN:
        return state
    return replace(state, early=MappingProxyType({consent_id: when} | state.early))
