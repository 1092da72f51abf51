"""What can be counted of conversations: how soon somebody was answered, and on which days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import msgspec

from e2etherapy.errors import WrongRole
from e2etherapy.errors.therapy import InvalidAttendance
from e2etherapy.messenger.caring import care_of, is_over
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.settings import Setting, text_setting
from e2etherapy.session.states import was_joined
from e2etherapy.therapy import zones
from e2etherapy.therapy.care.agreements import Agreements
from e2etherapy.therapy.care.state import OF_A_QUEUE
from e2etherapy.therapy.caseload import attendance as contact
from e2etherapy.therapy.caseload.attendance import Attendance
from e2etherapy.therapy.caseload.exchange import Message
from e2etherapy.therapy.caseload.figures import Course, Figures, figures
from e2etherapy.therapy.due import END_OF_MOMENTS
from e2etherapy.vault import conversations, threads
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Author, ConversationRecord
from e2etherapy.wire.role import Role

_UTC: Final = "UTC"
_EARLIEST: Final = 0
_LATEST: Final = int(END_OF_MOMENTS.timestamp())
"""Unix seconds: an author may claim any moment, and at the ends of the calendar is no day."""
_UNNAMED: Final = {Role.CLIENT: "the client", Role.THERAPIST: "the therapist"}


class _Entry(msgspec.Struct, frozen=True):
    """Of an entry what is counted."""

    recorded: datetime


_decoder = msgspec.json.Decoder(_Entry)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are asked for.

    Attributes:
        first: the first one.
        last: the last one.
        zone: IANA name; None for that of the agreement, or UTC where nothing was agreed.
    """

    first: date
    last: date
    zone: str | None = None


async def caseload(device: Device, zone: tzinfo = UTC) -> Figures:
    """Count what a therapist has answered, from this device's record.

    Args:
        device: whose vault it is.
        zone: on whose clock days are told apart.

    Raises:
        WrongRole: this is a client's vault.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist has a caseload.")
    db = device.vault.db
    found = [one for one in await conversations.every(db) if was_joined(one.state)]
    return figures([await _course(db, one) for one in found], device.clock(), zone)


async def _course(db: Database, conversation: ConversationRecord) -> Course:
    care = await care_of(db, conversation, OF_A_QUEUE)
    exchange = [
        _message(conversation.role, row, care.agreements)
        for row in await threads.exchanged(db, conversation.id)
        if row[2] is not None  # what was erased counts no more
    ]
    ended = await is_over(db, conversation)
    return Course(conversation.name, tuple(exchange), care.check_ins.taken, ended)


def _message(role: Role, row: tuple[Author, int, bytes | None], agreements: Agreements) -> Message:
    author = role if row[0] is Author.OWN else role.other()
    written = moment_of(max(row[1], _EARLIEST))
    recorded = _recorded(row[2], written)
    due = agreements.due(written, recorded) if author is Role.CLIENT else None
    return Message(author, written, recorded, due)


def _recorded(entry: bytes | None, written: datetime) -> datetime:
    """Return when something was recorded; what was erased or is damaged counts as written."""
    if entry is None:
        return written
    try:
        return _decoder.decode(entry).recorded.astimezone(UTC)
    except msgspec.MsgspecError:
        return written


async def attendance(device: Device, name: str, period: Period) -> Attendance:
    """Return on which days the two of a conversation were in contact.

    Raises:
        UnknownConversation: there is no such conversation.
        InvalidAttendance, UnknownZone, InvalidWords: as `therapy.caseload.attendance`.
    """
    db = device.vault.db
    found = await conversations.named(db, name)
    zone = period.zone or await _agreed_zone(device, found)
    made = device.clock().astimezone(zones.zone(zone)).date()
    if period.first > period.last or period.last > made:
        raise InvalidAttendance("Choose a first day, and a last day after it and not to come.")
    written = [moment for _, moment, _ in await threads.exchanged(db, found.id)]
    moments = [moment_of(moment) for moment in written if _EARLIEST <= moment < _LATEST]
    own = await text_setting(device.vault, Setting.NAME) or _UNNAMED[found.role]
    people = (own, found.name) if found.role is Role.CLIENT else (found.name, own)
    days = contact.days_of(moments, zone)
    return contact.attendance(people, zone, (period.first, period.last), days, made)


async def _agreed_zone(device: Device, found: ConversationRecord) -> str:
    care = await care_of(device.vault.db, found, OF_A_QUEUE)
    applies = care.agreements.at(device.clock())
    return _UTC if applies is None else applies.terms.zone
