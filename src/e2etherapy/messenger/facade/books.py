"""The books of the record: one's own journal, and what is checked and taken out of all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import BinaryIO

from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.record import exporting, extracting, handing_over, journaling, passing_on
from e2etherapy.messenger.record.extracting import ExtractView, RecordEntry
from e2etherapy.messenger.record.passing_on import WrittenExtract
from e2etherapy.messenger.views import BookView, ExportedBookView, JournalView, SendReport
from e2etherapy.therapy.crisis import OwnLine


class Books(OpenDevice):
    """What a messenger does with the record."""

    async def journal_write(self, text: str, mood: int | None = None) -> JournalView:
        """Write a private entry; nothing of it leaves this device.

        Raises:
            InvalidText, MessengerError: the text or the mood cannot be recorded.
        """
        return await journaling.write(self.device, text, mood)

    async def journal(self, *, hidden: bool = False) -> list[JournalView]:
        """Return one's own private entries, oldest first; those that are hidden only if asked."""
        return await journaling.entries(self.device, hidden=hidden)

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

    async def export(
        self, file: BinaryIO, name: str | None = None, blanked: Collection[int] = ()
    ) -> list[ExportedBookView]:
        """Write the record, or one conversation's, as a zip that needs no software to be read.

        An entry or file that cannot be read does not stop it: the views and the pages name it.

        Args:
            file: takes the zip.
            name: the conversation's; None for everything.
            blanked: numbers of entries whose content is not in the copy, nor can be recovered from
                it; all others still verify.

        Raises:
            UnknownConversation: there is no such conversation.
            JournalBroken: the record does not verify.
            MessengerError: there is no entry with one of these numbers.
        """
        return await exporting.export(self.device, file, name, blanked)

    async def export_own_data(
        self, file: BinaryIO, numbers: Sequence[OwnLine] = ()
    ) -> list[ExportedBookView]:
        """Write everything that is a client's into a zip: also what they keep for themselves.

        Args:
            file: the zip.
            numbers: a person's own ones for the crisis card, which no vault holds.

        Raises:
            WrongRole: this is a therapist's vault.
            JournalBroken: the record does not verify.
        """
        return await handing_over.own_data(self.device, file, numbers)

    async def export_clinical_record(self, name: str, file: BinaryIO) -> list[ExportedBookView]:
        """Write a therapist's record of one client into a zip, and nothing of anybody else.

        Raises:
            WrongRole: this is a client's vault.
            UnknownConversation: there is no such conversation.
            JournalBroken: the record does not verify.
        """
        return await handing_over.clinical_record(self.device, name, file)

    async def record_entries(self, name: str, *, hidden: bool = False) -> tuple[RecordEntry, ...]:
        """Return what of a conversation's record could be passed on, with its numbers.

        What was hidden is among it only if `hidden` says so.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        return await extracting.entries(self.device, name, hidden=hidden)

    async def ask_extract(
        self, name: str, numbers: Collection[int], text: str, *, hidden: bool = False
    ) -> SendReport:
        """Ask a client whether these entries may be shown to somebody else, to whom and why.

        One that was hidden is refused unless `hidden` says that it is meant.

        Raises:
            WrongRole, InvalidText, MessengerError: this cannot be asked; nothing was sent.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        return await extracting.ask(self.device, name, numbers, text, hidden=hidden)

    async def extracts(self, name: str) -> tuple[ExtractView, ...]:
        """Return every such request, with exactly what it would pass on.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        return await extracting.shown(self.device, name)

    async def answer_extract(self, name: str, number: int, *, allowed: bool) -> SendReport:
        """Allow it, refuse it, or take back what was allowed.

        Raises:
            WrongRole, MessengerError: it cannot be answered so; nothing was sent.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        return await extracting.answer(self.device, name, number, allowed=allowed)

    async def write_extract(
        self,
        file: BinaryIO,
        name: str,
        number: int,
        pairs: Sequence[tuple[str, str]] = (),
        *,
        anyway: bool = False,
    ) -> WrittenExtract:
        """Write what the client has allowed into a zip in which all else is blank.

        Args:
            file: takes the zip.
            name: the conversation's.
            number: the request's, from 1.
            pairs: words to be replaced, each with what stands there instead.
            anyway: write it also if the words still stand in it, within others.

        Raises:
            WordsRemain: the words still stand in it; the sentence says where.
            WrongRole, InvalidText, MessengerError, OldCopy: it may not be written.
            JournalBroken: the record does not verify.
        """
        return await passing_on.write(self.device, file, (name, number), pairs, anyway=anyway)
