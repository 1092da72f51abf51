"""What a client needs sooner, and what was done about it."""

from __future__ import annotations

from e2etherapy.errors import MessengerError, WrongRole
from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.care.speaking import require_role, speaking
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.care.flags import Flag
from e2etherapy.therapy.care.state import OF_A_QUEUE
from e2etherapy.vault import care_items, conversations
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.care import Priority
from e2etherapy.wire.role import Role

MAX_NOTE = 4_000
"""Characters of what was done."""


async def ask_sooner(
    device: Device, name: str, text: str = "", progress: Progress = no_progress
) -> SendReport:
    """Tell the therapist that one needs them sooner; nobody is watching for it.

    Raises:
        WrongRole: this is a therapist's vault.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        InvalidText: the text is too long.
    """
    require_role(device, Role.CLIENT, "asks for an answer sooner")
    async with speaking(device, name) as speaker:
        item = speaker.say(Priority, text=text)
    return await sending.report(device, speaker.composer.conversation, item, progress)


async def open_flags(device: Device, found: ConversationRecord) -> tuple[Flag, ...]:
    """Return what still has to be seen first in a conversation."""
    care = await care_of(device.vault.db, found, OF_A_QUEUE)
    return care.flags.open(await care_items.resolved(device.vault.db, found.id))


async def resolve(device: Device, name: str, note: str) -> int:
    """Record what was done about everything that is open in a conversation; return how much it was.

    The note stays on this device; nothing is sent.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: nothing is open, or the note says nothing or is too long.
        UnknownConversation: there is no such conversation.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist records what was done. Nothing was changed.")
    found = await conversations.named(device.vault.db, name)
    if not note.strip() or len(note) > MAX_NOTE:
        raise MessengerError(
            f"Say in 1 to {MAX_NOTE:,} characters what was done. Nothing was changed."
        )
    flags = await open_flags(device, found)
    if not flags:
        raise MessengerError(
            f"Nothing of {found.name}'s has to be seen first. Nothing was changed."
        )
    change = await device.begin(found)
    for flag in flags:
        details: dict[str, str | int] = {"flag": flag.id.hex(), "note": note}
        entry = record.Event(
            recorded=device.clock(), event=EventName.FLAG_RESOLVED, details=details
        )
        change.resolve(found.id, flag.id, change.record(record.encode(entry), note))
    await device.vault.commit(change)
    return len(flags)
