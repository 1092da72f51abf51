"""Granting allowances, which an operator does beside a running relay."""

from __future__ import annotations

from e2etherapy.mailbox.capabilities import Allowance
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace


async def allow(database: DatabasePlace, mailboxes: int, entropy: Entropy) -> Allowance:
    """Draw an allowance for a number of mailboxes and store its hash.

    The allowance itself is nowhere but in what is returned. A relay may be running on the same
    database.

    Raises:
        RelaySetupError: the database cannot be used.
        StoreError: it could not be written; nothing was granted.
        ValueError: `mailboxes` is not positive.
    """
    if mailboxes < 1:
        raise ValueError("An allowance is for one mailbox or more.")
    allowance = Allowance(entropy(Allowance.SIZE))
    async with opened_store(database) as store:
        await store.grant(allowance.hash(), mailboxes)
    return allowance
