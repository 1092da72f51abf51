"""Telling every client of holidays and cover, each in a sealed message of their own.

Nothing is kept about an announcement but the agreements themselves: whose last one says it already
is not told again, so that one that was cut off is completed by announcing the same once more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from e2etherapy.errors import (
    ChainExhausted,
    IdentityUnconfirmed,
    MessengerError,
    NotReady,
)
from e2etherapy.errors.therapy import TherapyError
from e2etherapy.messenger.care.speaking import require_role, speaking
from e2etherapy.messenger.caring import care_of, is_over
from e2etherapy.messenger.caseload import leaving
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.views import SendReport
from e2etherapy.session.phases import Phase
from e2etherapy.therapy import agreement
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care.agreements import Agreements
from e2etherapy.therapy.caseload import batch
from e2etherapy.therapy.caseload.announcement import Absence, announced
from e2etherapy.therapy.caseload.batch import Planned
from e2etherapy.vault import conversations
from e2etherapy.vault.change import name_key
from e2etherapy.vault.records import ConversationRecord, Verification
from e2etherapy.wire.care import Agreement
from e2etherapy.wire.role import Role


class Standing(StrEnum):
    """How far somebody is told of an absence."""

    TO_SEND = "to_send"
    TOLD = "told"
    """The last agreement says it, and is not accepted so far."""
    AGREED = "agreed"
    """The last agreement says it, and is accepted: due times follow it on both devices."""
    CANNOT = "cannot"
    """It cannot be told in this way; the reason says why."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one client is told, or why not.

    Attributes:
        name: of the conversation.
        standing: how far it is.
        terms: the version that says it; None where it cannot be told.
        reason: why it cannot.
    """

    name: str
    standing: Standing
    terms: AgreementTerms | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InForce:
    """The agreement that holds with a client now, and the one that waits to be accepted."""

    name: str
    agreed: AgreementTerms | None
    waiting: AgreementTerms | None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one announcement.

    Attributes:
        name: of the conversation.
        sent: how far it has come; None if it was not sent.
        reason: why it was not.
    """

    name: str
    sent: SendReport | None
    reason: str = ""


async def review(
    device: Device, absence: Absence, left_out: Collection[str] = ()
) -> tuple[Announcement, ...]:
    """Return what every client with a running therapy is told; nothing is sent.

    Args:
        device: the therapist's.
        absence: what is to be told.
        left_out: names of those who are not told.

    Raises:
        WrongRole: this is a client's vault.
        UnknownConversation: there is no conversation under one of these names.
    """
    require_role(device, Role.THERAPIST, "announces holidays")
    for name in left_out:
        await conversations.named(device.vault.db, name)
    others = {name_key(name) for name in left_out}
    return tuple(
        [
            found
            for record in await conversations.every(device.vault.db)
            if name_key(record.name) not in others
            and (found := await _announcement(device, record, absence)) is not None
        ]
    )


async def _announcement(
    device: Device, record: ConversationRecord, absence: Absence
) -> Announcement | None:
    """Return what one client is told; None where no therapy goes on."""
    if not await _goes_on(device, record):
        return None
    care = await care_of(device.vault.db, record)
    return _told(device, record, care.agreements, absence)


async def _goes_on(device: Device, record: ConversationRecord) -> bool:
    return record.state.phase is not Phase.INVITED and not await is_over(device.vault.db, record)


def _told(
    device: Device, record: ConversationRecord, agreements: Agreements, absence: Absence
) -> Announcement:
    last = agreements.latest
    if last is not None and absence.stands_in(last.terms):
        standing = Standing.TOLD if last.accepted is None else Standing.AGREED
        return Announcement(record.name, standing, last.terms)
    if record.verification is Verification.DIFFERED:
        return _cannot(record, "The six words differed; nothing is sent.")
    if last is None:
        return _cannot(record, "No agreement was proposed; 'e2etherapy agreement propose' does.")
    try:
        terms = announced(last.terms, absence, agreements.next_number, device.clock())
    except TherapyError as error:
        return _cannot(record, str(error))
    return Announcement(record.name, Standing.TO_SEND, terms)


def _cannot(record: ConversationRecord, reason: str) -> Announcement:
    return Announcement(record.name, Standing.CANNOT, reason=reason)


async def in_force(device: Device) -> tuple[InForce, ...]:
    """Return which agreement holds with each client whose therapy goes on, and which waits.

    Raises:
        WrongRole: this is a client's vault.
    """
    require_role(device, Role.THERAPIST, "announces holidays")
    found = []
    for record in await conversations.every(device.vault.db):
        if not await _goes_on(device, record):
            continue
        care = await care_of(device.vault.db, record)
        agreed, last = care.agreements.at(device.clock()), care.agreements.latest
        waits = None if last is None or last.accepted is not None else last.terms
        found.append(InForce(record.name, None if agreed is None else agreed.terms, waits))
    return tuple(found)


async def send(
    device: Device,
    reviewed: Collection[Announcement],
    within: int,
    told: Callable[[Planned], None],
) -> AsyncIterator[Told]:
    """Tell those who are to be told, one after another; yield what becomes of each.

    They are told in an order that is drawn, at moments that are drawn too. What meets one does not
    stop the others. While this waits, other processes may use the vault.

    Args:
        device: the therapist's.
        reviewed: what was looked through; no other terms are sent.
        within: seconds over which it is spread; 0 for at once.
        told: called before the waiting for one begins.

    Raises:
        InvalidBatch: too many, or too long a span; nothing was sent.
        VaultBusy: it ends here; the same announcement goes on with the rest.
    """
    await device.vault.resume()
    to_send = {
        one.name: one.terms
        for one in reviewed
        if one.standing is Standing.TO_SEND and one.terms is not None
    }
    names = sorted(to_send, key=lambda _: device.entropy(8))
    offsets = batch.spacing(len(names), within, device.entropy)
    now = device.clock()
    for name, offset in zip(names, offsets, strict=True):
        await leaving.until(device, Planned(name, now + timedelta(seconds=offset)), told)
        try:
            yield await _tell(device, name, to_send[name])
        except (NotReady, IdentityUnconfirmed, ChainExhausted, MessengerError) as error:
            yield Told(name, None, str(error))


async def _tell(device: Device, name: str, terms: AgreementTerms) -> Told:
    async with speaking(device, name) as speaker:
        if speaker.care.agreements.next_number != terms.version:
            raise MessengerError("The agreement was changed meanwhile. Nothing was sent.")
        item = speaker.say(Agreement, terms=agreement.encode(terms).decode())
    record = speaker.composer.conversation
    met = await sending.attempt(device, record)
    return Told(name, await sending.came(device, record, item, met))
