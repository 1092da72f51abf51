"""Legal holds: nothing of a conversation is erased as long as one stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from e2etherapy.errors import LegalHold, MessengerError, WrongRole
from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.device import Device
from e2etherapy.vault import conversations, keeping
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.role import Role

MAX_REASON = 1_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class HoldView:
    """That a legal hold was placed on a conversation, or lifted.

    Attributes:
        name: of the conversation.
        standing: whether one stands now.
        since: when it was placed or lifted, UTC.
        reason: in the therapist's words; they stand in the record.
    """

    name: str
    standing: bool
    since: datetime
    reason: str = field(repr=False)


def require_reason(reason: str, undone: str = "Nothing was changed.") -> None:
    """Refuse a reason that says nothing or too much.

    Raises:
        MessengerError: it does.
    """
    valid = reason == reason.encode(errors="replace").decode()
    if not reason.strip() or len(reason) > MAX_REASON or not valid:
        raise MessengerError(f"Say in 1 to {MAX_REASON:,} characters why. {undone}")


def require_therapist(device: Device) -> None:
    """Refuse what only somebody does who has to keep a record.

    Raises:
        WrongRole: this is a client's vault.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist sets how long a record is kept. Nothing was changed.")


async def place(device: Device, name: str, reason: str) -> HoldView:
    """Let nothing of a conversation be erased; the record says so.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: one stands already, or the reason cannot be one.
        UnknownConversation: there is no such conversation.
    """
    require_therapist(device)
    require_reason(reason)
    found = await conversations.named(device.vault.db, name)
    if found.id in await keeping.holds(device.vault.db):
        raise MessengerError(f"{found.name} is under a legal hold already. Nothing was changed.")
    view, event = _event(device, found, EventName.HOLD_PLACED, reason)
    change = await device.begin(found)
    keeping.place_hold(change, found.id, change.record(record.encode(event)))
    await device.vault.commit(change)
    return view


async def lift(device: Device, name: str, reason: str) -> HoldView:
    """Let a conversation be erased again; the record says so.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: there is none, or the reason cannot be one.
        UnknownConversation: there is no such conversation.
    """
    require_therapist(device)
    require_reason(reason)
    found = await conversations.named(device.vault.db, name)
    if found.id not in await keeping.holds(device.vault.db):
        raise MessengerError(f"{found.name} is under no legal hold. Nothing was changed.")
    view, event = _event(device, found, EventName.HOLD_LIFTED, reason)
    change = await device.begin(found)
    change.record(record.encode(event))
    keeping.lift_hold(change, found.id)
    await device.vault.commit(change)
    return view


async def require_none(device: Device, found: ConversationRecord) -> None:
    """Refuse to erase anything of a conversation that is held.

    Raises:
        LegalHold: it is.
    """
    if found.id in await keeping.holds(device.vault.db):
        raise LegalHold(
            f"{found.name} is under a legal hold, and nothing was erased. 'e2etherapy hold lift' "
            "ends the hold, if it may end."
        )


def _event(
    device: Device, found: ConversationRecord, event: EventName, reason: str
) -> tuple[HoldView, record.Event]:
    now = device.clock()
    placed = event is EventName.HOLD_PLACED
    entry = record.Event(recorded=now, event=event, details={"reason": reason})
    return HoldView(found.name, placed, now, reason), entry
