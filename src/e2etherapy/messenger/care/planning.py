"""A client's safety plan and emergency card: kept in the vault, shared with one person by choice.

Both are settings of the vault, sealed like everything in it. Nothing of them leaves this device
until they are shared, and what was shared then stays in the other side's record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, TypeVar

import msgspec

from e2etherapy.errors import MalformedData, MessengerError, WrongRole
from e2etherapy.messenger import settings
from e2etherapy.messenger.care.speaking import speaking
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.settings import Setting
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy import emergency_card, safety_plan
from e2etherapy.therapy.care.plans import Plans
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.therapy.safety_plan import Part, SafetyPlan
from e2etherapy.vault import conversations
from e2etherapy.wire.care import MAX_DOCUMENT, EmergencyCardShare, SafetyPlanShare
from e2etherapy.wire.role import Role

_Value = TypeVar("_Value")
_PLAN_ANEW: Final = (
    "To replace it, write all of its parts: 'e2etherapy safety-plan edit --file FILE'."
)
_CARD_ANEW: Final = (
    "To replace it, give --contact, --phone, --relation, --location and --consent with "
    "'e2etherapy emergency-card set'."
)


async def plan(device: Device) -> SafetyPlan | None:
    """Return one's own safety plan; None until it is written.

    Raises:
        WrongRole: this is a therapist's vault.
        MalformedData: it cannot be read; with where, and what to do.
    """
    _require_client(device, "a safety plan")
    return await _own(device, Setting.SAFETY_PLAN, safety_plan.decode, _PLAN_ANEW)


async def write_plan(device: Device, words: Mapping[str, str], today: date) -> SafetyPlan:
    """Write some parts of one's own safety plan; the others stay, and nothing is sent.

    Args:
        device: the client's.
        words: by part; empty words empty a part.
        today: the day where the person is.

    Raises:
        WrongRole: this is a therapist's vault.
        InvalidSafetyPlan: no part has words, or one is not of a plan.
        InvalidWords: the words of a part are too long, or hold a character that is not seen.
        MalformedData: the one from before cannot be read, and not all parts are given.
    """
    _require_client(device, "a safety plan")
    before = None if words.keys() == {str(part) for part in Part} else await plan(device)
    kept = {} if before is None else {str(part): before.words(part) for part in Part}
    written = safety_plan.plan(today, {**kept, **words})
    await settings.put(device, Setting.SAFETY_PLAN, safety_plan.encode(written))
    return written


async def share_plan(device: Device, name: str) -> SendReport:
    """Send a copy of one's own safety plan to one person.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: it is not written yet, or too long to be sent.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    own = await plan(device)
    if own is None:
        raise MessengerError(
            "There is no safety plan yet: e2etherapy safety-plan edit. Nothing was sent."
        )
    text = safety_plan.encode(own).decode()
    if len(text) > MAX_DOCUMENT:
        raise MessengerError("The plan is too long to be sent. Shorten it. Nothing was sent.")
    async with speaking(device, name) as speaker:
        item = speaker.say(SafetyPlanShare, plan=text)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def card(device: Device) -> EmergencyCard | None:
    """Return one's own emergency card; None until it is written.

    Raises:
        WrongRole: this is a therapist's vault.
        MalformedData: it cannot be read; with where, and what to do.
    """
    _require_client(device, "an emergency card")
    return await _own(device, Setting.EMERGENCY_CARD, emergency_card.decode, _CARD_ANEW)


async def card_to_confirm(device: Device, today: date) -> date | None:
    """Return when one's own emergency card was last confirmed, if it is to be confirmed anew.

    Returns:
        None where it is not, where there is no card, and in a therapist's vault. None too where the
        card cannot be read: whatever shows it says so, and a reminder must stop no sync.
    """
    if device.vault.role is not Role.CLIENT:
        return None
    try:
        own = await card(device)
    except MalformedData:
        return None
    return own.confirmed if own is not None and own.is_stale(today) else None


async def write_card(device: Device, written: EmergencyCard) -> None:
    """Write one's own emergency card; nothing is sent.

    Raises:
        WrongRole: this is a therapist's vault.
    """
    _require_client(device, "an emergency card")
    await settings.put(device, Setting.EMERGENCY_CARD, emergency_card.encode(written))


async def confirm_card(device: Device, today: date) -> EmergencyCard:
    """Write down that everything on one's own emergency card is right today; nothing is sent.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: it is not written yet.
    """
    confirmed = msgspec.structs.replace(_written(await card(device), "changed"), confirmed=today)
    await write_card(device, confirmed)
    return confirmed


async def share_card(device: Device, name: str, today: date) -> SendReport:
    """Send a copy of one's own emergency card to one person.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: it is not written yet, or has to be confirmed first.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    own = _written(await card(device), "sent")
    if own.is_stale(today):
        raise MessengerError(
            f"The card was last confirmed on {own.confirmed}. Look at it, and say that it is "
            "still right: e2etherapy emergency-card confirm. Nothing was sent."
        )
    async with speaking(device, name) as speaker:
        item = speaker.say(EmergencyCardShare, card=emergency_card.encode(own).decode())
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def shared(device: Device, name: str) -> Plans:
    """Return the plan and the card that the client shared last in a conversation.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    return (await care_of(device.vault.db, found)).plans


async def _own(
    device: Device, setting: Setting, decode: Callable[[bytes], _Value], anew: str
) -> _Value | None:
    kept = await device.vault.setting(setting)
    try:
        return None if kept is None else decode(kept)
    except MalformedData as broken:
        raise MalformedData(f"{broken} {anew}") from None


def _written(own: EmergencyCard | None, undone: str) -> EmergencyCard:
    if own is None:
        raise MessengerError(
            f"There is no emergency card yet: e2etherapy emergency-card set. Nothing was {undone}."
        )
    return own


def _require_client(device: Device, what: str) -> None:
    if device.vault.role is not Role.CLIENT:
        raise WrongRole(
            f"Only a client keeps {what}; give a name to see what was shared. Nothing was changed."
        )
