"""The client library: one vault, its conversations, and the way to their relays.

    async with await Messenger.open(folder, passphrase) as messenger:
        await messenger.send("Dr. Okafor", "I slept better.")
        report = await messenger.sync()

Every method that changes something has written it to disk when it returns. What could not be
delivered waits in the outbox and goes with the next `sync`.

`wait` lets other processes use the vault. If one of them still has it open when the waiting is
over, `wait` raises VaultBusy, and so does every later method until the vault can be opened again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime

from e2etherapy.messenger import (
    autosaving,
    listing,
    read_marks,
    reading,
    settings,
    syncing,
    waiting,
)
from e2etherapy.messenger.autosaving import Begun, Typed
from e2etherapy.messenger.facade.books import Books
from e2etherapy.messenger.facade.caseload import Caseload
from e2etherapy.messenger.facade.custody import Custody
from e2etherapy.messenger.facade.introductions import Introductions
from e2etherapy.messenger.facade.practice import Practice
from e2etherapy.messenger.facade.safeguards import Safeguards
from e2etherapy.messenger.facade.work import Work
from e2etherapy.messenger.outbound import delaying, sending
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.outbound.delaying import DelayedView
from e2etherapy.messenger.record import attaching
from e2etherapy.messenger.settings import Setting
from e2etherapy.messenger.views import (
    AttachmentView,
    ConversationView,
    MessageView,
    SearchView,
    SendReport,
    SyncReport,
)
from e2etherapy.messenger.waiting import Trouble, no_trouble
from e2etherapy.primitives.digest import sha256
from e2etherapy.wire.role import Role


class Messenger(Introductions, Books, Custody, Practice, Caseload, Work, Safeguards):
    """Everything that a front end needs. One task at a time may use it."""

    async def send(self, name: str, text: str, progress: Progress = no_progress) -> SendReport:
        """Send a text of up to 1,000,000 bytes, exactly as it is.

        Raises:
            InvalidText: it is empty or not valid Unicode.
            ContentTooLarge: it is longer than that.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        sending.require_text(text)
        async with sending.composer(self.device, name) as composer:
            item = composer.text(text)
            autosaving.finish(composer.change, Typed.MESSAGE, composer.conversation.id, text)
        return await sending.report(self.device, composer.conversation, item, progress)

    async def send_later(self, name: str, text: str, at: datetime) -> DelayedView:
        """Keep a text that the first sync after a time sends; until then it can be cancelled.

        Raises:
            InvalidText, ContentTooLarge: it could never be sent.
            MessengerError: the time has passed, or is more than a year away.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        return await delaying.delay(self.device, name, text, at)

    async def delayed(self) -> list[DelayedView]:
        """Return what waits for its time, in that order."""
        return await delaying.every(self.device)

    async def cancel_delayed(self, number: int) -> DelayedView:
        """Forget a text that waits for its time, and return it.

        Raises:
            MessengerError: none waits under this number.
        """
        return await delaying.cancel(self.device, number)

    async def send_file(
        self, name: str, file: tuple[str, str, bytes], progress: Progress = no_progress
    ) -> SendReport:
        """Send a file.

        Args:
            name: whom to.
            file: its name, media type and bytes (at most 25,000,000).
            progress: told how many of its envelopes have been delivered.

        Raises:
            ContentTooLarge: it is larger.
            InvalidText: its name or type cannot be sent.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        file_name, media_type, blob = file
        async with sending.composer(self.device, name) as composer:
            item = composer.attachment(file_name, media_type, blob, sha256(blob))
        return await sending.report(self.device, composer.conversation, item, progress, files=True)

    async def sync(self, progress: Progress = no_progress) -> SyncReport:
        """Deliver what waits, collect what has arrived, send receipts that are due.

        Raises:
            OldCopy: this vault may have a newer copy elsewhere.
            RelayUnreachable, RelayProtocolError, RelayFull: a relay failed, and there is nothing
                else to report; nothing was lost.
        """
        return await syncing.sync(self.device, progress)

    async def wait(self, seconds: float, trouble: Trouble = no_trouble) -> bool:
        """Wait until a relay has something new or the time is over; say whether to sync now.

        That is so as well when a relay answers again that had failed. Other processes may use the
        vault meanwhile. A relay that fails is asked again, after pauses that grow.

        Args:
            seconds: how long to wait at most.
            trouble: told what a relay met, and in how many seconds it is asked again; None when it
                answers again.

        Raises:
            OldCopy: as for `sync`.
            RelayError: when the time was over, no relay could be waited for.
            VaultBusy: another process still has the vault open. It stays let go of, and the next
                method opens it again.
        """
        return await waiting.wait(self.device, seconds, trouble)

    async def begun(self, what: Typed, name: str | None = None) -> list[Begun]:
        """Return what somebody has begun to type, to a person if one is named; the newest first.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        return await autosaving.begun(self.device, what, name)

    async def keep_begun(
        self, what: Typed, name: str | None, text: str, *, before: str = ""
    ) -> None:
        """Keep what is typed so far; it is forgotten with the step that sends or keeps it whole.

        It takes the place of what was kept of it `before`, and of nothing else.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        await autosaving.keep(self.device, what, name, text, before=before)

    async def forget_begun(self, what: Typed, name: str | None, text: str) -> None:
        """Forget one text that was begun.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        await autosaving.forget(self.device, what, name, text)

    async def conversations(self) -> list[ConversationView]:
        """Return all conversations, oldest first."""
        return await listing.conversation_list(self.device.vault)

    async def thread(self, name: str, *, hidden: bool = False) -> list[MessageView]:
        """Return a conversation's messages, oldest first, each author's in the order written.

        Args:
            name: the conversation's.
            hidden: return those that were hidden as well.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        marks = await self.device.vault.setting(Setting.READ_MARKS) is not None
        views = await reading.thread(self.device.vault, name, show_read=marks)
        return [view for view in views if hidden or not view.hidden]

    async def mark_read(self, name: str, shown: Collection[str] | None = None) -> None:
        """Note what was read; tell the other side, if this device's owner has opted in to that.

        Args:
            name: the conversation's.
            shown: ids of the messages that were shown; None for all that are here.

        Raises:
            OldCopy, NotReady, IdentityUnconfirmed, ChainExhausted: it is noted, and not told.
        """
        await read_marks.mark(self.device, name, shown)

    async def attachment(self, name: str, item: str, *, author: Role) -> tuple[str, bytes]:
        """Return an attached file's name and bytes.

        Args:
            name: the conversation's.
            item: the id in its `FileView`.
            author: that of its `MessageView`: the other side may choose an id that one's own file
                has.

        Raises:
            UnknownConversation: there is no such conversation or file.
        """
        return await attaching.attachment(self.device.vault, name, item, author)

    async def attachments(self, name: str, *, hidden: bool = False) -> list[AttachmentView]:
        """Return the files of both people in a conversation, in the order of the record.

        Those that were hidden are among them only if `hidden` says so.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        return await attaching.attachments(self.device.vault, name, hidden=hidden)

    async def numbered_attachment(self, name: str, number: int | str) -> AttachmentView:
        """Return the file with a number in `attachments`, or with a tag, like C17.

        Raises:
            UnknownConversation: there is no such conversation.
            MessengerError: no file has it, or it was erased.
        """
        return await attaching.numbered(self.device.vault, name, number)

    def attachment_pieces(self, name: str, item: str, *, author: Role) -> AsyncIterator[bytes]:
        """Yield a file's bytes a few at a time; arguments and errors are those of `attachment`."""
        return attaching.stream(self.device.vault, name, item, author)

    async def search(
        self, words: str, limit: int = 50, *, hidden: bool = False
    ) -> list[SearchView]:
        """Return the newest entries of the record that hold all the words.

        Those that were hidden are among them only if `hidden` says so.
        """
        return await reading.search(self.device.vault, words, limit, hidden=hidden)

    async def trust_this_copy(self) -> None:
        """Take the owner's word that no other copy of this vault is in use; the record says so.

        Raises:
            VaultFull, VaultError: it could not be written down, and does not count.
        """
        await self.device.trust_this_copy()

    async def set_allowance(self, allowance: str) -> None:
        """Set the right to make mailboxes that the operator granted.

        Raises:
            MessengerError: it is not a whole allowance.
        """
        key = settings.parse_allowance(allowance)
        await settings.put(self.device, Setting.ALLOWANCE, bytes(key))

    async def set_read_marks(self, *, enabled: bool) -> None:
        """Choose whether the other side is told what was read, and shown here what they read."""
        await settings.put(self.device, Setting.READ_MARKS, b"1" if enabled else None)
