"""Statements about allowances, tickets and mailboxes.

A transaction locks the row of the right that it uses before it looks at anything else: what it
then looks at cannot be changed by another use of the same right.
"""

from __future__ import annotations

from typing import Final

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.relay.decisions import REFUSAL, creation_is_repeated
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.database import Database, RaceLost
from e2etherapy.relay.store import Contradiction, Refused

_ISSUE: Final = """
    WITH new AS (
        INSERT INTO ticket (hash) SELECT unnest($1::bytea[]) ON CONFLICT DO NOTHING RETURNING hash
    )
    SELECT count(*) FROM new
"""
_REPEAT: Final = "UPDATE mailbox SET last_position = last_position WHERE id = $1"
_ACKNOWLEDGE: Final = """
    WITH gone AS (DELETE FROM envelope WHERE mailbox = $1 AND position <= $2)
    SELECT EXISTS (SELECT 1 FROM mailbox WHERE id = $1)
"""


async def grant(database: Database, allowance: AllowanceHash, tickets: int) -> None:
    """Remember an allowance; see Store.grant."""
    rows = await database.change(
        "INSERT INTO allowance (hash, remaining) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        " RETURNING hash",
        allowance,
        tickets,
    )
    if not rows:
        raise Contradiction("There is such an allowance already.")


async def issue(connection: Connection, allowance: AllowanceHash, tickets: set[TicketHash]) -> None:
    """Remember tickets and take them off the allowance; see Store.issue."""
    hashes = sorted(tickets)
    remaining = await connection.fetchval(
        "SELECT remaining FROM allowance WHERE hash = $1 FOR UPDATE", allowance
    )
    # Looked at in any case, so that every refusal has looked at the same rows.
    known = await connection.fetchval(
        "SELECT count(*) FROM ticket WHERE hash = ANY ($1::bytea[])", hashes
    )
    if remaining is None or remaining < len(hashes) - known:
        raise Refused(REFUSAL)
    new = await connection.fetchval(_ISSUE, hashes)
    if new > remaining:
        # A ticket that was known has been spent in between.
        raise Refused(REFUSAL)
    if new:
        await connection.execute(
            "UPDATE allowance SET remaining = remaining - $1 WHERE hash = $2", new, allowance
        )


async def create_mailbox(
    connection: Connection,
    mailbox: MailboxId,
    deposit_key_hash: DepositKeyHash,
    ticket: TicketHash,
) -> None:
    """Create a mailbox for a ticket; see Store.create_mailbox."""
    paid = await connection.fetchval("SELECT 1 FROM ticket WHERE hash = $1 FOR UPDATE", ticket)
    existing = await connection.fetchval(
        "SELECT deposit_key_hash FROM mailbox WHERE id = $1", mailbox
    )
    if creation_is_repeated(existing, deposit_key_hash, paid=paid is not None):
        # What nothing is written for is answered before a standby has what the first one wrote.
        await connection.execute(_REPEAT, mailbox)
        return
    made = await connection.fetchval(
        "INSERT INTO mailbox (id, deposit_key_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        " RETURNING true",
        mailbox,
        deposit_key_hash,
    )
    if not made:
        raise RaceLost
    await connection.execute("DELETE FROM ticket WHERE hash = $1", ticket)


async def close_mailbox(database: Database, mailbox: MailboxId) -> None:
    """Delete a mailbox and what is in it; see Store.close_mailbox."""
    if not await database.change("DELETE FROM mailbox WHERE id = $1 RETURNING id", mailbox):
        raise Refused(REFUSAL)


async def acknowledge(database: Database, mailbox: MailboxId, through: int) -> None:
    """Delete the envelopes up to a position; see Store.acknowledge."""
    ((known,),) = await database.change(_ACKNOWLEDGE, mailbox, through)
    if not known:
        raise Refused(REFUSAL)
