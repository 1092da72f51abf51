"""Check-ins: filled in by a client, asked for by a therapist, read by both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.messenger.care.speaking import require_role, speaking
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.agreement import looks_within_one_working_day
from e2etherapy.therapy.care.check_ins import Asked, Taken
from e2etherapy.therapy.care.state import OF_A_QUEUE, Care
from e2etherapy.therapy.instruments import schedule
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.scoring import Answers, Result, score
from e2etherapy.vault import conversations
from e2etherapy.wire.care import CheckIn, CheckInSchedule
from e2etherapy.wire.role import Role

_WITH_ITEM_9, _WITHOUT = "phq-9", "phq-8"


@dataclass(frozen=True, slots=True)
class TakenReport:
    """What became of a check-in.

    Attributes:
        result: what the answers say; not a diagnosis.
        sent: how far it has come.
        priority: it is a flag, and will be seen first.
    """

    result: Result
    sent: SendReport
    priority: bool


@dataclass(frozen=True, slots=True)
class AskedView:
    """When an instrument is to be filled in.

    Attributes:
        instrument: the one that is offered now.
        instead_of: the one that was asked for, if it must not be asked now.
    """

    instrument: str
    asked: Asked
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class CheckInsView:
    """The check-ins of a conversation, and what is asked for."""

    taken: tuple[Taken, ...]
    asked: tuple[AskedView, ...]

    def of(self, instrument_id: str) -> tuple[Taken, ...]:
        """Return those with one instrument."""
        return tuple(one for one in self.taken if one.instrument == instrument_id)


async def fitting(device: Device, name: str, instrument_id: str) -> str:
    """Return the instrument that can be asked now: this one, or PHQ-8 in the place of PHQ-9.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    care = await care_of(device.vault.db, found, OF_A_QUEUE)
    return _fitting(care, device, instrument_id)


def _fitting(care: Care, device: Device, instrument_id: str) -> str:
    if instrument_id != _WITH_ITEM_9:
        return instrument_id
    now = device.clock()
    applies = care.agreements.at(now)
    looked_at = applies is not None and looks_within_one_working_day(applies.terms, now)
    return instrument_id if looked_at else _WITHOUT


async def require_fitting(device: Device, name: str, instrument_id: str) -> None:
    """Refuse a question that must not wait where nobody looks within one working day.

    Raises:
        MessengerError: it is PHQ-9, and no agreement says that somebody looks in time.
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    care = await care_of(device.vault.db, found, OF_A_QUEUE)
    _require_fitting(care, device, instrument_id, found.name)


def _require_fitting(care: Care, device: Device, instrument_id: str, name: str) -> None:
    if _fitting(care, device, instrument_id) != instrument_id:
        raise MessengerError(
            f"PHQ-9 asks about thoughts of death, and no agreement with {name} says that somebody "
            f"reads the answer within one working day. Use {_WITHOUT}, which is the same without "
            "that question; if you need help now, see 'e2etherapy help-now'. Nothing was sent."
        )


async def take(
    device: Device,
    name: str,
    instrument_id: str,
    answers: Answers,
    progress: Progress = no_progress,
) -> TakenReport:
    """Score answers, record and send them.

    An answer that has to be seen first is a flag by itself, on both devices: a second item would
    show a relay, by their number, which check-ins are flagged.

    Raises:
        WrongRole: this is a therapist's vault.
        InvalidInstrument, InvalidAnswers: nothing was sent.
        MessengerError: the instrument does not fit; nothing was sent.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "fills in a check-in")
    definition = instrument(instrument_id)
    try:
        result = score(definition, answers)
    except InvalidAnswers as error:
        raise InvalidAnswers(f"{error} Nothing was sent.") from None
    async with speaking(device, name) as speaker:
        found = speaker.composer.conversation
        _require_fitting(speaker.care, device, definition.id, found.name)
        item = speaker.say(
            CheckIn,
            instrument=definition.id,
            version=definition.version,
            given=list(answers),
            taken=speaker.composer.now,
        )
    sent = await sending.report(device, speaker.composer.conversation, item, progress)
    return TakenReport(result, sent, result.priority)


async def ask(
    device: Device, name: str, instrument_id: str, words: str, begins: date
) -> SendReport:
    """Ask a client to fill in an instrument on some days; empty words end that.

    Raises:
        WrongRole: this is a client's vault.
        InvalidInstrument, InvalidSchedule: nothing was sent.
        MessengerError: the instrument does not fit; nothing was sent.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "asks for check-ins")
    definition = instrument(instrument_id)
    written = str(schedule.parse(words)) if words else ""
    async with speaking(device, name) as speaker:
        if written:
            found = speaker.composer.conversation
            _require_fitting(speaker.care, device, definition.id, found.name)
        item = speaker.say(
            CheckInSchedule,
            instrument=definition.id,
            schedule=written,
            begins=begins.isoformat(),
        )
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def shown(device: Device, name: str) -> CheckInsView:
    """Return the check-ins of a conversation, the first one first.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    care = await care_of(device.vault.db, found, OF_A_QUEUE)
    asked = [_asked(care, device, name, one) for name, one in care.check_ins.asked.items()]
    return CheckInsView(care.check_ins.taken, tuple(asked))


def _asked(care: Care, device: Device, instrument_id: str, asked: Asked) -> AskedView:
    """Return what is offered: an agreement may have ended since it was asked for."""
    offered = _fitting(care, device, instrument_id)
    return AskedView(offered, asked, None if offered == instrument_id else instrument_id)
