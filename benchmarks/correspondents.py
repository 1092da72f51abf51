"""A therapist with a real vault, and clients who are only ratchets that write to a real relay."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from e2etherapy.mailbox.capabilities import (
    ClaimToken,
    DepositAddress,
    DepositKey,
    MailboxId,
    OwnedMailbox,
)
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.relay_connection import RelayConnection
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.session import conversation
from e2etherapy.session.conversation import Conversation
from e2etherapy.session.invitation import LinkKeys, open_bundle
from e2etherapy.vault.records import Role
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
from e2etherapy.wire.content import ReplyTo, Text
from e2etherapy.wire.invitation import InvitationLink

PASSPHRASE = "drizzle on the tin roof"  # noqa: S105 - protects nothing
_AT_ONCE = 8


def place(folder: Path) -> Place:
    """Return where a vault and this machine's memory of it lie in a folder."""
    return Place(folder / "vault", folder / "state")


async def therapist(folder: Path, url: str, relay_database: Path, people: int) -> Messenger:
    """Make a therapist's vault with an allowance for that many people."""
    grant = asyncio.to_thread(allow, relay_database, 2 * people, system_entropy)
    allowance = base64url.encode(await grant)
    messenger, _ = await Messenger.create(
        place(folder), Role.THERAPIST, PASSPHRASE, url, name="Dr. Quill", allowance=allowance
    )
    return messenger


@dataclass
class Client:
    """A client without a vault: what matters here is what the therapist's device does."""

    state: Conversation
    address: DepositAddress
    reply_to: ReplyTo
    written: int = 0

    @classmethod
    async def join(cls, relay: RelayConnection, link: str) -> Client:
        """Claim an invitation."""
        secret = InvitationLink.parse(link).secret
        locator = LinkKeys.from_secret(secret).locator
        sealed = await relay.claim(locator, ClaimToken(system_entropy(ClaimToken.SIZE)))
        bundle = open_bundle(secret, sealed)
        today = day_of(datetime.now(UTC))
        state = conversation.join(bundle, today, day_of(bundle.details.expires), system_entropy)
        given = bundle.details
        address = DepositAddress(MailboxId(given.mailbox), DepositKey(given.deposit_key))
        own = OwnedMailbox.generate(system_entropy).address()
        return cls(state, address, ReplyTo(bytes(own.mailbox), bytes(own.key)))

    async def write(self, relay: RelayConnection, texts: Sequence[str]) -> None:
        """Deposit texts, one after another."""
        for text in texts:
            self.written += 1
            item = Text(
                id=system_entropy(16),
                sequence=self.written,
                written=datetime.now(UTC).replace(microsecond=0),
                text=text,
            )
            sealed = conversation.seal(self.state, item, system_entropy, reply_to=self.reply_to)
            self.state = sealed.state
            await relay.deposit(self.address, sealed.envelope)


async def meet(messenger: Messenger, relay: RelayConnection, people: int) -> list[Client]:
    """Let the therapist invite that many people, and let them join."""
    invitations = [await messenger.invite(name(number)) for number in range(people)]
    return [await Client.join(relay, invitation.link) for invitation in invitations]


def name(number: int) -> str:
    """Return what the therapist calls a client."""
    return f"Client {number + 1}"


async def write_all(
    relay: RelayConnection, clients: Sequence[Client], texts: Sequence[Sequence[str]]
) -> None:
    """Let every client deposit its texts, some clients at the same time."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def write(client: Client, own: Sequence[str]) -> None:
        async with gate:
            await client.write(relay, own)

    async with asyncio.TaskGroup() as group:
        for client, own in zip(clients, texts, strict=True):
            group.create_task(write(client, own))
