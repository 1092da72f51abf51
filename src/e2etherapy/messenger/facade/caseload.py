"""All conversations at once: drafts, batches, templates and the recipient guard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, tzinfo

from e2etherapy.messenger.caseload import (
    announcing,
    batching,
    context,
    counting,
    drafting,
    guarding,
    templating,
)
from e2etherapy.messenger.caseload.announcing import Announcement, InForce, Told
from e2etherapy.messenger.caseload.batching import Reply, Reviewed
from e2etherapy.messenger.caseload.counting import Period
from e2etherapy.messenger.caseload.drafting import DraftView
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.therapy.caseload.announcement import Absence
from e2etherapy.therapy.caseload.attendance import Attendance
from e2etherapy.therapy.caseload.batch import Planned
from e2etherapy.therapy.caseload.context import Context
from e2etherapy.therapy.caseload.figures import Figures
from e2etherapy.therapy.caseload.recipient_guard import Finding
from e2etherapy.vault.templates import Kept


class Caseload(OpenDevice):
    """What a messenger does for somebody with many clients.

    Every method but those on templates and `attendance` raises WrongRole in a client's vault.
    """

    async def draft(self, name: str, text: str) -> DraftView:
        """Keep a reply that is not sent yet, in the place of the one that is there.

        Raises:
            InvalidText, ContentTooLarge: it could never be sent; what was there stays.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        return await drafting.write(self.device, name, text)

    async def draft_from(self, name: str, template: str, words: Mapping[str, str]) -> DraftView:
        """Keep what a template says to somebody; {name} is the name of the conversation.

        Raises:
            MessengerError: there is no such template.
            UnknownPlaceholder, UnfilledTemplate: the words are not for each placeholder.
            UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        """
        return await drafting.fill(self.device, name, template, words)

    async def drafts(self) -> list[DraftView]:
        """Return all drafts, in the order of their conversations."""
        return await drafting.every(self.device)

    async def drop_draft(self, name: str) -> str:
        """Forget a draft; return the name of its conversation.

        Raises:
            UnknownConversation, MessengerError: there is no such conversation, or no draft.
        """
        return await drafting.drop(self.device, name)

    async def review_batch(self) -> Reviewed:
        """Return every draft in the order of the queue, with what points to another client."""
        return await batching.review(self.device)

    async def require_sendable(self, reviewed: Reviewed, yes_to: Collection[str] = ()) -> None:
        """Refuse a batch of which something cannot be sent, or should be looked at again.

        Raises:
            AnotherClient: a draft may be meant for somebody else, and `yes_to` does not name it.
            UnfilledTemplate: a draft has a placeholder that nobody filled.
            MessengerError, OldCopy: a name has no draft, or nothing can be sent at all.
        """
        await batching.require_sendable(self.device, reviewed, yes_to)

    def send_batch(
        self, reviewed: Reviewed, within: int = 0, told: Callable[[Planned], None] = lambda _: None
    ) -> AsyncIterator[Reply]:
        """Send what was looked through, spread by chance over some seconds.

        A draft goes in the transaction that queues its message. One that was changed meanwhile
        stays, and so does one for somebody to whom nothing can be sent: it holds up no other.
        While this waits, other processes may use the vault.

        Raises:
            InvalidBatch: too many, or too long a span; nothing was sent.
            VaultBusy: it ends here; the other drafts are kept.
        """
        return batching.send(self.device, reviewed, within, told)

    async def review_absence(
        self, absence: Absence, left_out: Collection[str] = ()
    ) -> tuple[Announcement, ...]:
        """Return what each client with a running therapy would be told; nothing is sent.

        Raises:
            UnknownConversation: there is no conversation under a name that is left out.
        """
        return await announcing.review(self.device, absence, left_out)

    def announce_absence(
        self,
        reviewed: Collection[Announcement],
        within: int = 0,
        told: Callable[[Planned], None] = lambda _: None,
    ) -> AsyncIterator[Told]:
        """Tell those who are to be told, each by the next version of their own agreement.

        Every one is sealed for one person, in an order and at moments that are drawn. What meets
        one does not stop the others. Announced once more, the rest alone is told.

        Raises:
            InvalidBatch: too many, or too long a span; nothing was sent.
            VaultBusy: it ends here.
        """
        return announcing.send(self.device, reviewed, within, told)

    async def agreements_in_force(self) -> tuple[InForce, ...]:
        """Return which agreement holds with each client, and which waits to be accepted."""
        return await announcing.in_force(self.device)

    async def context(self, name: str, *, hidden: bool = False) -> Context:
        """Return what to know before answering somebody; nothing counts as read by that.

        Messages that were hidden are in it only if `hidden` says so.

        Raises:
            NotReady: the invitation has not been used yet.
            UnknownConversation: there is no such conversation.
        """
        return await context.context(self.device, name, hidden=hidden)

    async def recipient_findings(self, name: str, text: str) -> tuple[Finding, ...]:
        """Return what in a text for somebody looks as if it were meant for another client.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        return await guarding.findings(self.device, name, text)

    async def caseload(self, zone: tzinfo = UTC) -> Figures:
        """Count how soon clients were answered, how much they write and how scores changed.

        Args:
            zone: on whose clock days are told apart.
        """
        return await counting.caseload(self.device, zone)

    async def attendance(self, name: str, period: Period) -> Attendance:
        """Return on which days the two of a conversation were in contact; a client may ask too.

        Raises:
            UnknownConversation: there is no such conversation.
            InvalidAttendance, UnknownZone: the days or the zone cannot be.
        """
        return await counting.attendance(self.device, name, period)

    async def add_template(self, name: str, text: str) -> Kept:
        """Keep a text with placeholders.

        Raises:
            InvalidTemplate, MessengerError: it cannot be one, or there is one of this name.
        """
        return await templating.add(self.device, name, text)

    async def templates(self) -> list[Kept]:
        """Return all templates, by name."""
        return await templating.every(self.device)

    async def template(self, name: str) -> Kept:
        """Return a template.

        Raises:
            MessengerError: there is none of this name.
        """
        return await templating.named(self.device, name)

    async def remove_template(self, name: str) -> Kept:
        """Forget a template, and return it.

        Raises:
            MessengerError: there is none of this name.
        """
        return await templating.remove(self.device, name)
