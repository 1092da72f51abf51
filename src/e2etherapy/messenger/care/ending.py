"""Ending a therapy: with a letter from either side, or by leaving without one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from e2etherapy.errors import MailboxGone, MessengerError, NotReady, WrongRole
from e2etherapy.messenger import autosaving
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.care.speaking import require_words, speaking
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound import closing
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.session.phases import Phase
from e2etherapy.therapy.care.endings import Ended
from e2etherapy.therapy.care.state import Care
from e2etherapy.vault import care_items, conversations, endings, outgoing
from e2etherapy.vault.records import (
    CloseMailbox,
    ConversationRecord,
    Verification,
)
from e2etherapy.wire.care import MAX_DOCUMENT, Ending
from e2etherapy.wire.role import Role


@dataclass(frozen=True, slots=True)
class EndingView:
    """How a conversation has ended, or that it has not.

    Attributes:
        name: of the conversation.
        letters: with which it was ended, in the order of the record; none if somebody left
            without one.
        closed: the mailbox is closed, and nothing can arrive any more.
    """

    name: str
    letters: tuple[Ended, ...]
    closed: bool

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.closed or bool(self.letters)

    @property
    def when(self) -> datetime | None:
        """When the first letter was written, UTC."""
        return self.letters[0].when if self.letters else None


async def write(device: Device, name: str, letter: str) -> SendReport:
    """End a therapy with a letter; nothing can be written after it, from either side.

    The mailbox is closed by a sync, once the letter is at the relay and everything that waits was
    fetched.

    Raises:
        InvalidText: the letter is empty or too long.
        MessengerError: something that has to be seen first is open on a therapist's side.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        MailboxGone: it has ended here, with the letter, which reaches nobody.
    """
    require_words(letter, "The letter", MAX_DOCUMENT)
    async with speaking(device, name) as speaker:
        await _require_nothing_open(device, speaker.composer.conversation, speaker.care)
        item = speaker.say(Ending, letter=letter)
        composer = speaker.composer
        autosaving.finish(composer.change, Typed.LETTER, composer.conversation.id, letter)
    record = speaker.composer.conversation
    try:
        return await sending.report(device, record, item, no_progress)
    except MailboxGone as gone:
        raise MailboxGone(f"{gone} The therapy has ended here, with your letter.") from None


async def require_endable(device: Device, name: str) -> None:
    """Refuse before anybody begins to write a letter that could not be sent.

    Raises:
        MessengerError, UnknownConversation, NotReady, IdentityUnconfirmed: as for `write`.
    """
    await sending.require_ready(device, name)
    found = await conversations.named(device.vault.db, name)
    await _require_nothing_open(device, found, await care_of(device.vault.db, found))


async def _require_nothing_open(device: Device, record: ConversationRecord, care: Care) -> None:
    """Refuse what would cut off a file, or somebody who asked for help and was not seen."""
    files, _ = await outgoing.count_of(device.vault.db, record.id)
    if files:
        raise NotReady(
            f"A file for {record.name} is still on its way, and nothing follows the letter. "
            "'e2etherapy sync' sends the rest of it; if theirs does not fetch, 'e2etherapy record "
            "erase' takes it back. Nothing was sent."
        )
    if device.vault.role is not Role.THERAPIST:
        return
    if care.flags.open(await care_items.resolved(device.vault.db, record.id)):
        raise MessengerError(
            f"{record.name} has asked for you sooner, or gave an answer that has to be seen first. "
            "Look at it and record what was done ('e2etherapy resolve') before you end the "
            "therapy. Nothing was sent."
        )


async def require_leavable(device: Device, name: str) -> ConversationRecord:
    """Return a conversation that can be left without a letter.

    Raises:
        WrongRole: a therapist could send a letter instead.
        NotReady: the invitation was not used, or the conversation is closed already.
        UnknownConversation: there is no such conversation.
        OldCopy: this vault may have a newer copy elsewhere.
    """
    device.vault.require_only_copy()
    found = await conversations.named(device.vault.db, name)
    if found.state.phase is Phase.INVITED:
        raise NotReady(f"{found.name} has not used the invitation yet. Nothing was changed.")
    if found.state.phase is Phase.CLOSED:
        raise NotReady(f"The conversation with {found.name} has ended already.")
    silent = found.verification is Verification.DIFFERED or await endings.has_ended(
        device.vault.db, found.id
    )
    if device.vault.role is Role.THERAPIST and not silent:
        raise WrongRole(
            "A therapist ends a therapy with a letter: e2etherapy ending write. Nothing was "
            "changed."
        )
    return found


async def leave(device: Device, name: str) -> int:
    """End a conversation on this device at once, without a letter; nothing is sent.

    What was not fetched so far is deleted at the relay, and what waits here stays in the record.
    A client may always leave. A therapist can where no letter may be sent.

    Returns:
        how many messages never left this device.

    Raises:
        WrongRole, NotReady, UnknownConversation, OldCopy: as for `require_leavable`.
    """
    found = await require_leavable(device, name)
    lost = await endings.undelivered(device.vault.db, found.id)
    change, _ = await closing.end(device, found, lost)
    change.queue(None, CloseMailbox(found.relay, bytes(found.mailbox.owner_key)))
    await device.vault.commit(change)
    await sending.close_mailboxes(device)  # what fails is done with a later sync
    return lost


async def shown(device: Device, name: str) -> EndingView:
    """Return how a conversation has ended.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    care = await care_of(device.vault.db, found)
    return EndingView(found.name, care.endings.letters, found.state.phase is Phase.CLOSED)
