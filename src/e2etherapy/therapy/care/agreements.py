"""The agreements of a conversation: proposed by the therapist, accepted by the client.

What each side can make of its clock: a due time follows from when a message, a proposal and an
acceptance were written, by their authors' clocks, so that both devices name the same one.

- A clock that is more than a day ahead is not believed (`said.believed`): a proposal or acceptance
  from the future applies when it comes, and a message from the future is due as if it was written
  when it came.
- An agreement applies at the earliest from its own beginning, from when it was proposed, and from
  when it was accepted. Whoever claims to have accepted earlier gains nothing before the proposal.
- A client can claim to have written a message earlier than they did, back to that moment, and so
  put it in front of others. Nothing here can tell this from a message that waited; who shows a due
  time shows when the message came, too.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import OutOfPlace, TherapyError
from e2etherapy.primitives import digest
from e2etherapy.therapy import agreement, due
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care.said import Said, believed
from e2etherapy.wire.care import Agreement, AgreementAcceptance

MOST: Final = 1_000
"""Agreements of a conversation: twenty years of one a week. Each has to be read to go on."""


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
        """From when on it applies: not before it was proposed, nor before it was accepted."""
        return max(self.terms.valid_from, self.proposed, self.accepted or self.proposed)

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
    def next_number(self) -> int:
        """The number that the next one has at least."""
        return self.proposals[-1].version + 1 if self.proposals else 1

    @property
    def accepted(self) -> tuple[Proposal, ...]:
        """Those that both sides hold to be agreed."""
        return tuple(one for one in self.proposals if one.accepted is not None)

    def at(self, moment: datetime) -> Proposal | None:
        """Return the one that applies to what is written at a moment, UTC; None if none does.

        None does at a moment of which no due time can be computed.
        """
        try:
            return due.applicable(self.accepted, moment)
        except TherapyError:
            return None

    def due(self, written: datetime, recorded: datetime | None = None) -> datetime | None:
        """Return by when a message is to be answered; None where nothing was agreed for it.

        A due time that cannot be computed is none: it must not keep a message from being shown.

        Args:
            written: as the message says, UTC.
            recorded: when this device recorded it. A message that claims to have been written more
                than a day later counts as written then.
        """
        moment = written if recorded is None else believed(written, recorded)
        applies = self.at(moment)
        if applies is None:
            return None
        try:
            return due.due(applies.terms, moment)
        except TherapyError:
            return None


def propose(state: Agreements, said: Said[Agreement]) -> Agreements:
    """Take a proposal.

    Numbers rise, and may leave some out: one that was lost on its way must not stop the others.

    Raises:
        OutOfPlace: it cannot be read, its number does not follow the last one's, or there are
            1,000.
    """
    try:
        terms = agreement.decode(said.item.terms.encode())
    except (MalformedData, TherapyError, UnicodeEncodeError):
        raise OutOfPlace("an agreement that this version cannot read") from None
    if terms.version < state.next_number:
        raise OutOfPlace("an agreement whose number does not follow the last one's")
    if any(one.id == said.item.id for one in state.proposals):
        raise OutOfPlace("an item with the id of another one")
    if len(state.proposals) >= MOST:
        raise OutOfPlace(f"one more than {MOST:,} agreements")
    proposal = Proposal(said.item.id, terms, agreement.digest_of(terms), said.when)
    return Agreements((*state.proposals, proposal))


def accept(state: Agreements, said: Said[AgreementAcceptance]) -> Agreements:
    """Take an acceptance.

    It may be of an agreement that is not the last one: the next proposal may have crossed it, and
    the client's device shows as agreed what was accepted there. The highest number that was
    accepted and has begun applies, in whatever order they were accepted.

    Raises:
        OutOfPlace: it names no proposal, other terms, or one that was accepted.
    """
    named = [one for one in state.proposals if one.id == said.item.answers]
    if not named:
        raise OutOfPlace("an acceptance of an agreement that nobody proposed")
    if not hmac.compare_digest(named[0].digest, said.item.digest):
        raise OutOfPlace("an acceptance of another text than the one that was proposed")
    if named[0].accepted is not None:
        raise OutOfPlace("an agreement that was accepted before")
    taken = replace(named[0], accepted=said.when, acceptance=said.item.id)
    return Agreements(tuple(taken if one is named[0] else one for one in state.proposals))
