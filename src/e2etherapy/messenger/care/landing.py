"""How a message of the therapist landed with the client."""

from __future__ import annotations

from e2etherapy.errors import MessengerError
from e2etherapy.messenger.care.speaking import require_role, speaking
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import Landed, SendReport
from e2etherapy.vault import threads
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.care import Landing
from e2etherapy.wire.role import Role


async def mark(device: Device, name: str, landed: Landed, message: str | None = None) -> SendReport:
    """Tell how a text of the therapist landed; the last mark on it counts.

    Args:
        device: the client's.
        name: the conversation's.
        landed: how.
        message: the text's id in hex; None for the therapist's last one.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: there is no such text of the therapist.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "tells how a message landed")
    async with speaking(device, name) as speaker:
        text = await _text(device, speaker.composer.conversation, message)
        item = speaker.say(Landing, answers=text, mark=landed)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def _text(device: Device, found: ConversationRecord, message: str | None) -> bytes:
    """Return the id of a text of the other side; nothing else can be marked."""
    texts = await threads.texts_of_peer(device.vault.db, found.id)
    if message is None:
        if not texts:
            raise MessengerError(f"No message of {found.name}'s is here. Nothing was sent.")
        return texts[-1]
    named = [text for text in texts if text.hex() == message.strip().lower()]
    if not named:
        raise MessengerError(
            f"There is no message of {found.name}'s with this id. 'e2etherapy read --json' and the "
            "name shows the ids. Nothing was sent."
        )
    return named[0]
