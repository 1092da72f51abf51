"""What was worked on, as the therapist sums it up."""

from __future__ import annotations

from e2etherapy.messenger import autosaving
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.care.speaking import require_role, require_words, speaking
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.wire.care import MAX_DOCUMENT, Summary
from e2etherapy.wire.role import Role


async def summarise(device: Device, name: str, text: str) -> SendReport:
    """Sum up what was worked on since the last time.

    Raises:
        WrongRole: this is a client's vault.
        InvalidText: the text is empty or too long.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "sums up")
    require_words(text, "The summary", MAX_DOCUMENT)
    async with speaking(device, name) as speaker:
        item = speaker.say(Summary, text=text)
        composer = speaker.composer
        autosaving.finish(composer.change, Typed.SUMMARY, composer.conversation.id, text)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)
