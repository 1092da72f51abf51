"""What is done with mailboxes, whether it has a request of its own or is one of a batch."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from e2etherapy.mailbox.capabilities import DepositKey, MailboxId, OwnerKey
from e2etherapy.mailbox.operations import pack_page
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.clock import Today
from e2etherapy.relay.decisions import REFUSAL
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.store import Deposit, Refused, Store


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """The mailboxes of a store, behind the gate."""

    store: Store
    gate: Gate
    today: Today

    async def deposit(self, mailbox: MailboxId, key: DepositKey, envelope: bytes) -> None:
        """Store an envelope for good.

        Raises:
            ProblemAnswer: 429, 503 or 507, before the store was asked.
            StoreError: see Store.deposit.
        """
        key_hash = key.hash()
        async with self.gate.deposit(mailbox, key_hash):
            await self.store.deposit(
                Deposit(mailbox, key_hash, sha256(envelope), envelope, self.today())
            )

    async def collect(self, mailbox: MailboxId, after: int, limit: int) -> bytes:
        """Return a page of what waits in a mailbox that was found to be the caller's.

        Raises:
            StoreError: see Store.collect.
        """
        return pack_page(await self.store.collect(mailbox, after, limit))

    async def owned(self, key: OwnerKey, name: bytes | None = None) -> MailboxId:
        """Return the mailbox that a key owns, and that `name` is the id of where one is given.

        Looks up the key's own mailbox whatever the name is, so that every refusal is the same
        work and nobody learns of a mailbox whose key they lack.

        Raises:
            ProblemAnswer: 429, before the store was asked.
            Refused: there is no such mailbox, or it is not the one named.
        """
        shown = key.mailbox()
        self.gate.owned(shown)
        known = await self.store.has_mailbox(shown)
        is_named = name is None or hmac.compare_digest(shown, name)
        if not is_named or not known:
            raise Refused(REFUSAL)
        return shown
