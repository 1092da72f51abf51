"""The agreements of a conversation: proposed by the therapist, accepted by the client."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime

from e2etherapy.errors import MalformedData, OutOfPlace, TherapyError
from e2etherapy.primitives import digest
from e2etherapy.therapy import agreement, due
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.care import Agreement, AgreementAcceptance


@dataclass(frozen=True, slots=True)
class Proposal:
    """An agreement that was proposed.

    Attributes:
        id: the item's.
        terms: what was proposed.
        digest: 32 bytes that name exactly these terms.
        proposed: when, UTC.
        accepted: when; None until it is.
        acceptance: the id of the acceptance.
    """

    id: bytes
    terms: AgreementTerms
    digest: bytes
    proposed: datetime
    accepted: datetime | None = None
    acceptance: bytes | None = None

    @property
    def version(self) -> int:
        """The number among the agreements of the conversation."""
        return self.terms.version

    @property
    def valid_from(self) -> datetime:
        """From when on it applies: not before it was accepted."""
        begins = self.terms.valid_from
        return begins if self.accepted is None else max(begins, self.accepted)

    def receipt(self, transcript: bytes) -> bytes:
        """Return 32 bytes that both sides compute, and nobody who was not there can check.

        They depend on the conversation's handshake, the exact terms, and both items. Nothing is
        signed: either side could have made them, so that they prove nothing to an outsider.

        Raises:
            OutOfPlace: it was not accepted.
        """
        if self.acceptance is None:
            raise OutOfPlace("this agreement was not accepted")
        return digest.labelled(
            "agreement-receipt", transcript, self.digest, self.id, self.acceptance
        )


@dataclass(frozen=True, slots=True)
class Agreements:
    """All of a conversation's, in the order of their numbers."""

    proposals: tuple[Proposal, ...] = ()

    @property
    def latest(self) -> Proposal | None:
        """The one that was proposed last."""
        return self.proposals[-1] if self.proposals else None

    @property
    def accepted(self) -> tuple[Proposal, ...]:
        """Those that both sides hold to be agreed."""
        return tuple(one for one in self.proposals if one.accepted is not None)

    def at(self, moment: datetime) -> Proposal | None:
        """Return the one that applies to what is written at a moment, UTC."""
        return due.applicable(self.accepted, moment)

    def due(self, written: datetime) -> datetime | None:
        """Return by when a message is to be answered; None where nothing was agreed for it.

        A due time that cannot be computed is none: it must not keep a message from being shown.
        """
        applies = self.at(written)
        if applies is None:
            return None
        try:
            return due.due(applies.terms, written)
        except TherapyError:
            return None


def propose(state: Agreements, said: Said[Agreement]) -> Agreements:
    """Take a proposal.

    Raises:
        OutOfPlace: it cannot be read, or its number does not follow the last one's.
    """
    data = said.item.terms.encode()
    try:
        terms = agreement.decode(data)
    except (MalformedData, TherapyError):
        raise OutOfPlace("an agreement that this version cannot read") from None
    if terms.version != len(state.proposals) + 1:
        raise OutOfPlace("an agreement whose number does not follow the last one's")
    proposal = Proposal(said.item.id, terms, agreement.digest_of(terms), said.item.written)
    return Agreements((*state.proposals, proposal))


def accept(state: Agreements, said: Said[AgreementAcceptance]) -> Agreements:
    """Take an acceptance.

    Raises:
        OutOfPlace: it names no proposal or not the last one, other terms, or one that was accepted.
    """
    last = state.latest
    if last is None or last.id != said.item.answers:
        raise OutOfPlace("an acceptance of what is not the last agreement that was proposed")
    if not hmac.compare_digest(last.digest, said.item.digest):
        raise OutOfPlace("an acceptance of another text than the one that was proposed")
    if last.accepted is not None:
        raise OutOfPlace("an agreement that was accepted before")
    taken = replace(last, accepted=said.item.written, acceptance=said.item.id)
    return Agreements((*state.proposals[:-1], taken))
