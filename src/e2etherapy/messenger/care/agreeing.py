"""The reply agreement of a conversation: proposing, reading and accepting it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from e2etherapy.errors import MessengerError
from e2etherapy.messenger.care.speaking import Speaker, require_role, speaking
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.session.states import Closed, Established
from e2etherapy.therapy import agreement, holidays, office_hours, reply_time
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care.agreements import Proposal
from e2etherapy.therapy.care.state import OF_A_QUEUE
from e2etherapy.vault import conversations
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.care import Agreement, AgreementAcceptance
from e2etherapy.wire.role import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a therapist wants to agree on, in words.

    Attributes:
        reply_within: as in `therapy.reply_time`, like "1 working day".
        hours: as in `therapy.office_hours`, like "Mon-Fri 09:00-17:00".
        zone: IANA name.
        crisis: what to do in a crisis.
        holidays: lines as in `therapy.holidays`.
        cover: who covers at other times.
    """

    reply_within: str
    hours: str
    zone: str
    crisis: str
    holidays: str = ""
    cover: str = ""


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement as both sides see it.

    Attributes:
        terms: what is promised.
        proposed: when, UTC.
        accepted: when; None until it is.
        receipt: 64 hex digits that both devices show for what was accepted; None before.
    """

    terms: AgreementTerms
    proposed: datetime
    accepted: datetime | None
    receipt: str | None


async def propose(
    device: Device, name: str, wish: Wish, progress: Progress = no_progress
) -> SendReport:
    """Propose the next agreement to a client; the last one holds until it is accepted.

    Raises:
        WrongRole: this is a client's vault.
        TherapyError: something in the wish cannot be understood; nothing was sent.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "proposes an agreement")
    async with speaking(device, name) as speaker:
        terms = _terms(wish, speaker.care.agreements.next_number, speaker.composer.now)
        item = speaker.say(Agreement, terms=agreement.encode(terms).decode())
    return await sending.report(device, speaker.composer.conversation, item, progress)


def _terms(wish: Wish, number: int, now: datetime) -> AgreementTerms:
    return AgreementTerms(
        version=number,
        valid_from=now,
        zone=wish.zone,
        office_hours=office_hours.parse(wish.hours),
        reply_time=reply_time.parse(wish.reply_within),
        crisis=wish.crisis,
        holidays=holidays.parse(wish.holidays),
        cover=wish.cover,
    )


async def accept(device: Device, name: str, progress: Progress = no_progress) -> SendReport:
    """Accept the agreement that was proposed last.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: there is none that waits to be accepted.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "accepts an agreement")
    async with speaking(device, name) as speaker:
        last = _waiting(speaker)
        item = speaker.say(AgreementAcceptance, answers=last.id, digest=last.digest)
    return await sending.report(device, speaker.composer.conversation, item, progress)


def _waiting(speaker: Speaker) -> Proposal:
    last = speaker.care.agreements.latest
    name = speaker.composer.conversation.name
    if last is None:
        raise MessengerError(f"{name} has not proposed an agreement yet. Nothing was sent.")
    if last.accepted is not None:
        raise MessengerError(
            f"You have accepted agreement {last.version} with {name} already. Nothing was sent."
        )
    return last


async def shown(device: Device, name: str) -> list[AgreementView]:
    """Return all agreements of a conversation, the first one first.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    care = await care_of(device.vault.db, found, OF_A_QUEUE)
    return [_view(found, proposal) for proposal in care.agreements.proposals]


def _view(found: ConversationRecord, proposal: Proposal) -> AgreementView:
    receipt = None
    if proposal.acceptance is not None and isinstance(found.state, Established | Closed):
        receipt = proposal.receipt(found.state.transcript).hex()
    return AgreementView(proposal.terms, proposal.proposed, proposal.accepted, receipt)
