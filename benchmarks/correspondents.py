"""A therapist with a real vault, and clients of whom only the ratchets are real.

What is measured is the therapist's device. Its clients deposit straight into the relay's
database, beside the running relay, so that thousands of envelopes are there within a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from e2etherapy.mailbox.capabilities import (
    ClaimToken,
    DepositAddress,
    DepositKey,
    MailboxId,
    OwnedMailbox,
    Ticket,
)
from e2etherapy.messenger.clock import day_of, system_clock
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.digest import sha256
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Deposit
from e2etherapy.session import conversation
from e2etherapy.session.invitation import LinkKeys, open_bundle
from e2etherapy.session.states import Conversation
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
from e2etherapy.wire.body import ReplyTo
from e2etherapy.wire.content import Text
from e2etherapy.wire.invitation import InvitationLink
from e2etherapy.wire.role import Role

PASSPHRASE = "drizzle on the tin roof"  # noqa: S105 - protects nothing
_AT_ONCE = 256


@dataclass
class Client:
    """A client without a vault."""

    name: str
    state: Conversation
    mailbox: OwnedMailbox
    address: DepositAddress
    written: int = 0

    @classmethod
    async def join(cls, relay: RelayConnection, link: str, name: str) -> Self:
        """Claim an invitation and make a mailbox."""
        secret = InvitationLink.parse(link).secret
        locator = LinkKeys.from_secret(secret).locator
        sealed = await relay.claim(locator, ClaimToken(system_entropy(ClaimToken.SIZE)))
        bundle = open_bundle(secret, sealed)
        given = bundle.details
        state = conversation.join(bundle, _today(), day_of(given.expires), system_entropy)
        mailbox = OwnedMailbox.generate(system_entropy)
        await relay.create_mailbox(mailbox, Ticket(given.ticket))
        address = DepositAddress(MailboxId(given.mailbox), DepositKey(given.deposit_key))
        return cls(name, state, mailbox, address)

    def seal(self, text: str) -> Deposit:
        """Say something; return its envelope on the way to the therapist's mailbox."""
        self.written += 1
        item = Text(id=system_entropy(16), sequence=self.written, written=system_clock(), text=text)
        own = self.mailbox.address()
        reply_to = ReplyTo(bytes(own.mailbox), bytes(own.key))
        sealed = conversation.seal(self.state, item, system_entropy, reply_to=reply_to)
        self.state = sealed.state
        digest = sha256(sealed.envelope)
        key_hash = self.address.key.hash()
        return Deposit(self.address.mailbox, key_hash, digest, sealed.envelope, _today())

    async def read(self, relay: RelayConnection) -> None:
        """Open what the therapist has written, and let the relay delete it."""
        while page := await relay.collect(self.mailbox.owner_key, 0):
            for stored in page:
                self.state = conversation.unseal(self.state, stored.envelope, _today()).state
            await relay.acknowledge(self.mailbox.owner_key, page[-1].position)


@dataclass(frozen=True, slots=True)
class Practice:
    """A therapist's vault and clients who have each said something and been answered."""

    folder: Path
    url: str
    clients: tuple[Client, ...]

    @property
    def place(self) -> Place:
        """Where the therapist's vault lies, and this machine's memory of it."""
        return Place(self.folder / "vault", self.folder / "state")

    @classmethod
    async def open(cls, folder: Path, url: str, people: int) -> Self:
        """Make the vault, invite, join, and write once in each direction."""
        granted = await allow(_relay_database(folder), 2 * people, system_entropy)
        messenger, _ = await Messenger.create(
            Place(folder / "vault", folder / "state"),
            Role.THERAPIST,
            PASSPHRASE,
            url,
            allowance=base64url.encode(granted),
        )
        async with messenger, RelayConnection(url) as relay:
            names = [f"Client {number}" for number in range(1, people + 1)]
            links = [(await messenger.invite(name)).link for name in names]
            clients = [
                await Client.join(relay, link, name)
                for name, link in zip(names, links, strict=True)
            ]
            practice = cls(folder, url, tuple(clients))
            await practice.deposit([["Hello."] for _ in clients])
            await messenger.sync()
            await practice.answer(messenger)
        return practice

    async def answer(self, messenger: Messenger) -> None:
        """Let the therapist write to everybody, so that the next messages begin a turn."""
        async with RelayConnection(self.url) as relay:
            for client in self.clients:
                await messenger.send(client.name, "I have read it.")
                await client.read(relay)

    async def deposit(self, texts: Sequence[Sequence[str]]) -> None:
        """Put texts of each client, in order, into the therapist's mailboxes."""
        store = await SqliteStore.open(_relay_database(self.folder))
        sealed = [
            client.seal(text)
            for client, own in zip(self.clients, texts, strict=True)
            for text in own
        ]
        try:
            for start in range(0, len(sealed), _AT_ONCE):
                some = sealed[start : start + _AT_ONCE]
                await asyncio.gather(*(store.deposit(deposit) for deposit in some))
        finally:
            await store.close()


def _relay_database(folder: Path) -> Path:
    return folder / "relay.db"


def _today() -> int:
    return day_of(datetime.now(UTC))
