"""How two people come to have a conversation: invitation, joining, and the words they compare."""

from __future__ import annotations

from dataclasses import replace

from e2etherapy.errors import RelayError, RelayRefused, RelayUnreachable
from e2etherapy.messenger import reading, syncing
from e2etherapy.messenger.meeting import inviting, joining
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import InvitationView, JoinedView


class Introductions(OpenDevice):
    """What a messenger does until two people know that nobody is between them."""

    async def invite(self, name: str, days: int = 14, *, anew: bool = False) -> InvitationView:
        """Make an invitation, or show again the one that has not been used.

        Args:
            name: what the client is called on this device.
            days: how long it may be used, 1 to 30.
            anew: withdraw the one that has not been used, and make another.

        Raises:
            WrongRole: this is a client's vault.
            NameTaken: the conversation exists and its invitation was used.
            MessengerError: no allowance is set, or a value is out of range.
            RelayUnreachable: it is prepared; asking again with the same name completes it.
            RelayRefused: the allowance is used up; nothing was kept.
        """
        self.device.vault.require_only_copy()
        found = await inviting.examine(self.device, name, anew=anew)
        if found.maybe_used:
            await self._collect_its_use(name)
        gone, replaced = found.gone or anew, False
        if gone or found.maybe_used:
            replaced = await inviting.withdraw_unused(self.device, name, even_in_time=gone)
        record, invitation = await inviting.prepare(self.device, name, days)
        invitation = replace(invitation, lost=found.gone, replaced=replaced and not found.gone)
        try:
            await sending.deliver(self.device, record)
        except RelayRefused:
            await inviting.withdraw(self.device, record)
            raise
        except RelayError as error:
            raise type(error)(
                f"{error} The invitation for {name} is prepared on this device; run the same "
                "command again to complete it and see its link."
            ) from None
        return invitation

    async def _collect_its_use(self, name: str) -> None:
        """Fetch what may wait at the relay before an invitation is judged to be unused."""
        try:
            problem = (await syncing.sync(self.device, no_progress)).problem
        except RelayError as error:
            problem = str(error)
        if problem is not None:
            raise RelayUnreachable(
                f"Whether {name} has used the last invitation cannot be known now, because a "
                f"relay failed: {problem} Nothing was changed; try again later."
            )

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
