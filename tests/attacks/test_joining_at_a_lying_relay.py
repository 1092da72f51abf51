"""An invitation at a relay that has another one, none, or does not take its ticket."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.errors import (
    InvitationMismatch,
    InvitationUnavailable,
    RelayRefused,
)
from e2etherapy.mailbox.capabilities import (
    ClaimToken,
    OwnedMailbox,
    Ticket,
)
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.locator import Locator
from tests.support.devices import two
from tests.support.people import seeded

SAM = "Sam"
DRAW = seeded("what a lying relay shows")


async def test_the_wrong_invitation_is_noticed_and_uses_nothing_up(tmp_path: Path) -> None:
    swapped: list[bytes] = []

    class Swapping(RelayConnection):
        async def claim(self, locator: Locator, token: ClaimToken) -> bytes:
            sealed = await super().claim(locator, token)
            return swapped.pop() if swapped else sealed

    async with two(tmp_path, met=False, client_connect=Swapping) as pair:
        link = (await pair.therapist.invite(SAM)).link
        swapped += [bytes(ENVELOPE_SIZE), DRAW(ENVELOPE_SIZE)]
        for _ in range(2):
            with pytest.raises(InvitationMismatch, match="Nothing was sent"):
                await pair.client.join(link)
        assert await pair.client.conversations() == []
        await pair.client.join(link)
        assert (await pair.therapist.sync()).notices


async def test_an_invitation_that_the_relay_does_not_know_says_what_to_do(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite(SAM)).link
        other = link.rpartition("#")[0] + "#" + base64url.encode(DRAW(32))
        with pytest.raises(InvitationUnavailable, match="ask your therapist for a new one"):
            await pair.client.join(other)
        await pair.client.join(link)
        with pytest.raises(InvitationUnavailable):
            await pair.client.join(link)


async def test_a_ticket_that_the_relay_does_not_take_leaves_no_conversation(
    tmp_path: Path,
) -> None:
    """The next invitation can then be joined under the same name."""

    class Refusing(RelayConnection):
        refusing = True

        async def create_mailbox(self, mailbox: OwnedMailbox, ticket: Ticket) -> None:
            if Refusing.refusing:
                raise RelayRefused("The relay has nothing here for this key.")
            await super().create_mailbox(mailbox, ticket)

    async with two(tmp_path, met=False, client_connect=Refusing) as pair:
        link = (await pair.therapist.invite(SAM)).link
        with pytest.raises(InvitationUnavailable, match="new invitation"):
            await pair.client.join(link)
        assert await pair.client.conversations() == []
        Refusing.refusing = False
        await pair.client.join((await pair.therapist.invite("Sam anew")).link)
        assert (await pair.therapist.sync()).notices
