"""Reading what a device holds of invitations that it began to claim."""

from __future__ import annotations

from e2etherapy.mailbox.capabilities import DepositKey, OwnedMailbox, OwnerKey
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Claim


async def find(db: Database, locator: bytes) -> Claim | None:
    """Return what this device holds of an invitation that it began to claim."""
    row = await db.fetch_one(
        "SELECT token, owner_key, deposit_key, sealed, day FROM claim WHERE locator = ?",
        (locator,),
    )
    if row is None:
        return None
    token, owner_key, deposit_key, sealed, day = row
    mailbox = None
    if owner_key is not None:
        mailbox = OwnedMailbox(OwnerKey(owner_key), DepositKey(deposit_key))
    return Claim(locator, token, mailbox, sealed, day)


async def begun_before(db: Database, day: int) -> list[bytes]:
    """Return the locators of claims that were begun before a day."""
    rows = await db.fetch_all("SELECT locator FROM claim WHERE day < ?", (day,))
    return [bytes(row[0]) for row in rows]
