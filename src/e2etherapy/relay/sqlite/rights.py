"""Statements about allowances, tickets and mailboxes."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.relay.store import Contradiction, Refused

if TYPE_CHECKING:
    import aiosqlite

_REFUSAL = "There is nothing here for this key."


async def grant(database: aiosqlite.Connection, allowance: AllowanceHash, tickets: int) -> None:
    """Remember an allowance; see Store.grant."""
    cursor = await database.execute(
        "INSERT INTO allowance (hash, remaining) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (allowance, tickets),
    )
    if cursor.rowcount == 0:
        raise Contradiction("There is such an allowance already.")


async def issue(
    database: aiosqlite.Connection, allowance: AllowanceHash, tickets: set[TicketHash]
) -> None:
    """Remember tickets and take them off the allowance; see Store.issue."""
    hashes = sorted(tickets)
    marks = ", ".join("?" for _ in hashes)
    # One statement, so that every refusal has looked at the same rows.
    ((remaining, known),) = await database.execute_fetchall(
        "SELECT (SELECT remaining FROM allowance WHERE hash = ?),"  # noqa: S608 - only marks
        f" (SELECT count(*) FROM ticket WHERE hash IN ({marks}))",
        (allowance, *hashes),
    )
    new = len(hashes) - known
    if remaining is None or remaining < new:
        raise Refused(_REFUSAL)
    if new:
        await database.executemany(
            "INSERT INTO ticket (hash) VALUES (?) ON CONFLICT DO NOTHING",
            [(ticket,) for ticket in hashes],
        )
        await database.execute(
            "UPDATE allowance SET remaining = remaining - ? WHERE hash = ?", (new, allowance)
        )


async def create_mailbox(
    database: aiosqlite.Connection,
    mailbox: MailboxId,
    deposit_key_hash: DepositKeyHash,
    ticket: TicketHash,
) -> None:
    """Create a mailbox for a ticket; see Store.create_mailbox."""
    # One statement, so that every refusal has looked at the same rows.
    ((existing, paid),) = await database.execute_fetchall(
        "SELECT (SELECT deposit_key_hash FROM mailbox WHERE id = ?),"
        " EXISTS (SELECT 1 FROM ticket WHERE hash = ?)",
        (mailbox, ticket),
    )
    if existing is not None:
        if hmac.compare_digest(existing, deposit_key_hash):
            return
        raise Contradiction("This mailbox exists with another deposit key.")
    if not paid:
        raise Refused(_REFUSAL)
    await database.execute("DELETE FROM ticket WHERE hash = ?", (ticket,))
    await database.execute(
        "INSERT INTO mailbox (id, deposit_key_hash) VALUES (?, ?)", (mailbox, deposit_key_hash)
    )


async def close_mailbox(database: aiosqlite.Connection, mailbox: MailboxId) -> None:
    """Delete a mailbox and what is in it; see Store.close_mailbox."""
    cursor = await database.execute("DELETE FROM mailbox WHERE id = ?", (mailbox,))
    if cursor.rowcount == 0:
        raise Refused(_REFUSAL)


async def acknowledge(database: aiosqlite.Connection, mailbox: MailboxId, through: int) -> None:
    """Delete the envelopes up to a position; see Store.acknowledge."""
    ((known,),) = await database.execute_fetchall(
        "SELECT EXISTS (SELECT 1 FROM mailbox WHERE id = ?)", (mailbox,)
    )
    if not known:
        raise Refused(_REFUSAL)
    await database.execute(
        "DELETE FROM envelope WHERE mailbox = ? AND position <= ?", (mailbox, through)
    )
