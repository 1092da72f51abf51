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

import contextlib
from typing import BinaryIO

from e2etherapy.errors import (
    NotReady,
    RelayError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.messenger import (
    exporting,
    inviting,
    joining,
    journaling,
    reading,
    sending,
    settings,
    syncing,
    waiting,
)
from e2etherapy.messenger.courier import Progress, no_progress
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.settings import Setting
from e2etherapy.messenger.views import (
    BookView,
    ConversationView,
    ExportedBookView,
    InvitationView,
    JoinedView,
    JournalView,
    MessageView,
    SearchView,
    SendReport,
    SyncReport,
)
from e2etherapy.messenger.waiting import Trouble, no_trouble
from e2etherapy.messenger.waking import wakes
from e2etherapy.primitives.digest import sha256
from e2etherapy.vault import conversations
from e2etherapy.vault.records import Role


@wakes
class Messenger(OpenDevice):
    """Everything that a front end needs. One task at a time may use it."""

    async def invite(self, name: str, days: int = 14) -> InvitationView:
        """Make an invitation, or show again the one that has not been used.

        Args:
            name: what the client is called on this device.
            days: how long it may be used, 1 to 30.

        Raises:
            WrongRole: this is a client's vault.
            NameTaken: the conversation exists and its invitation was used.
            MessengerError: no allowance is set, or a value is out of range.
            RelayUnreachable: it is prepared; asking again with the same name completes it.
            RelayRefused: the allowance is used up; nothing was kept.
        """
        self.device.vault.require_only_copy()
        if await inviting.is_over(self.device, name):
            # It may have been used in time, and the opening still wait at the relay.
            report = await self.sync()
            if report.problem is not None:
                raise RelayUnreachable(
                    f"Whether {name} has used the last invitation cannot be known now, because a "
                    f"relay failed: {report.problem} Nothing was changed; try again later."
                )
        record, invitation = await inviting.prepare(self.device, name, days)
        try:
            await sending.deliver(self.device, record)
        except RelayRefused:
            await inviting.withdraw(self.device, record)
            raise
        except RelayUnreachable:
            raise RelayUnreachable(
                f"The relay can't be reached. The invitation for {name} is prepared on this "
                "device; run the same command again to complete it and see its link."
            ) from None
        return invitation

    async def join(self, link: str, name: str | None = None) -> JoinedView:
        """Use an invitation.

        Args:
            link: the link as it was handed over.
            name: what to call the therapist here; by default as the invitation says.

        Raises:
            WrongRole, InvalidLink, NameTaken: nothing was used up.
            InvitationUnavailable: unknown, used or expired, or the relay refuses what it says;
                the same link may be tried again.
            InvitationMismatch, InvitationExpired: what the relay delivered cannot be used.
            RelayUnreachable: nothing was used up; the same link works later.
        """
        self.device.vault.require_only_copy()
        record, joined = await joining.join(self.device, link, name)
        try:
            await sending.deliver(self.device, record)
        except RelayRefused:
            raise await joining.take_back(self.device, record) from None
        except RelayError:
            # The conversation stands on this device; a sync brings its opening to the relay.
            return joined
        return joined

    async def safety_phrase(self, name: str) -> tuple[str, ...]:
        """Return the six words to compare with the other person by voice or in person.

        Raises:
            UnknownConversation: there is no such conversation.
            NotReady: the invitation has not been used yet.
        """
        return await reading.safety_phrase(self.device.vault, name)

    async def record_verification(self, name: str, *, matched: bool) -> None:
        """Write down what came of comparing the six words; a difference stops all sending.

        Raises:
            UnknownConversation, NotReady: as for `safety_phrase`.
        """
        await inviting.record_verification(self.device, name, matched=matched)

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
        return await sending.report(self.device, composer.conversation, item, progress)

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
        return await sending.report(self.device, composer.conversation, item, progress)

    async def sync(self, progress: Progress = no_progress) -> SyncReport:
        """Deliver what waits, collect what has arrived, send receipts that are due.

        Raises:
            OldCopy: this vault may have a newer copy elsewhere.
            RelayUnreachable, RelayProtocolError, RelayFull: a relay failed, and there is nothing
                else to report; nothing was lost.
        """
        return await syncing.sync(self.device, progress)

    async def wait(self, seconds: float, trouble: Trouble = no_trouble) -> bool:
        """Wait until a relay has something new or the time is over; say whether it has.

        Other processes may use the vault meanwhile. A relay that fails is asked again, after
        pauses that grow.

        Args:
            seconds: how long to wait at most.
            trouble: told what a relay met, and in how many seconds it is asked again.

        Raises:
            OldCopy: as for `sync`.
            RelayError: when the time was over, no relay could be waited for.
            VaultBusy: another process still has the vault open. It stays let go of, and the next
                method opens it again.
        """
        return await waiting.wait(self.device, seconds, trouble)

    async def conversations(self) -> list[ConversationView]:
        """Return all conversations, oldest first."""
        return await reading.conversation_list(self.device.vault)

    async def thread(self, name: str) -> list[MessageView]:
        """Return a conversation's messages, oldest first, each author's in the order written.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        marks = await self.device.vault.setting(Setting.READ_MARKS) is not None
        return await reading.thread(self.device.vault, name, show_read=marks)

    async def mark_read(self, name: str) -> None:
        """Tell the other side what was read, if this device's owner has opted in to that."""
        if await self.device.vault.setting(Setting.READ_MARKS) is None:
            return
        record = await conversations.named(self.device.vault.db, name)
        items = await conversations.unmarked(self.device.vault.db, record.id)
        if items:
            async with sending.composer(self.device, name) as composer:
                composer.read_mark(items)
            with contextlib.suppress(RelayError, NotReady):
                # The mark waits in the outbox like anything else.
                await sending.deliver(self.device, record)

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
        return await reading.attachment(self.device.vault, name, item, author)

    async def search(self, words: str, limit: int = 50) -> list[SearchView]:
        """Return the newest entries of the record that hold all the words."""
        return await reading.search(self.device.vault, words, limit)

    async def journal_write(self, text: str, mood: int | None = None) -> JournalView:
        """Write a private entry; nothing of it leaves this device.

        Raises:
            InvalidText, MessengerError: the text or the mood cannot be recorded.
        """
        return await journaling.write(self.device, text, mood)

    async def journal(self) -> list[JournalView]:
        """Return one's own private entries, oldest first."""
        return await journaling.entries(self.device)

    async def journal_entry(self, number: int) -> JournalView:
        """Return one private entry, for a preview before it is shared.

        Raises:
            MessengerError: there is none with this number.
        """
        return await journaling.entry(self.device, number)

    async def journal_share(
        self, number: int, name: str, progress: Progress = no_progress
    ) -> SendReport:
        """Send a copy of one private entry to one person.

        Raises:
            MessengerError: there is no entry with this number.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        return await journaling.share(self.device, number, name, progress)

    async def journal_verify(self) -> list[BookView]:
        """Check every book of the record from its first entry to its stored end.

        Raises:
            JournalBroken: an entry was changed, removed or inserted, or the end is missing; the
                message says where.
        """
        return await journaling.verify(self.device)

    async def export(self, file: BinaryIO, name: str | None = None) -> list[ExportedBookView]:
        """Write the record, or one conversation's, as a zip that needs no software to be read.

        An entry or file that cannot be read does not stop it: the views and the pages name it.

        Raises:
            UnknownConversation: there is no such conversation.
            JournalBroken: the record does not verify.
        """
        return await exporting.export(self.device, file, name)

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
