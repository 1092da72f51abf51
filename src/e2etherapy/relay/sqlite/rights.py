"""Statements about allowances, tickets and mailboxes."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Final

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.relay.decisions import REFUSAL, creation_is_repeated
from e2etherapy.relay.sqlite.places import (
    COUNT_MASK,
    FIRST_PLACE,
    LAST_PLACE,
    NEWEST_POSITION,
    OF_MAILBOX,
    OLDEST_POSITION,
    draw_number,
    keep_last_position,
)
from e2etherapy.relay.store import Contradiction, Refused

_NEWEST: Final = f"SELECT {NEWEST_POSITION} FROM mailbox WHERE id = ?"  # noqa: S608
_EMPTY: Final = (
    "DELETE FROM envelope WHERE place IN"  # noqa: S608 - names and numbers of our own
    " (SELECT place FROM mailbox CROSS JOIN envelope"
    f" WHERE mailbox.id = ? AND {OF_MAILBOX})"
)
# Where the oldest envelope and the position asked for are of the same time between two restores,
# everything up to that position lies up to its count.
_ACKNOWLEDGE: Final = (
    "DELETE FROM envelope WHERE place IN"  # noqa: S608 - names and numbers of our own
    " (SELECT place FROM mailbox CROSS JOIN envelope"
    f" WHERE mailbox.id = :mailbox AND {OF_MAILBOX}"
    f" AND place <= CASE WHEN {OLDEST_POSITION} >> {COUNT_BITS} = :through >> {COUNT_BITS}"
    f" THEN {FIRST_PLACE} | (:through & {COUNT_MASK}) ELSE {LAST_PLACE} END"
    " AND position <= :through ORDER BY place LIMIT :most)"
)


def grant(database: sqlite3.Connection, allowance: AllowanceHash, tickets: int) -> None:
    """Remember an allowance; see Store.grant."""
    cursor = database.execute(
        "INSERT INTO allowance (hash, remaining) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (allowance, tickets),
    )
    if cursor.rowcount == 0:
        raise Contradiction("There is such an allowance already.")


def issue(database: sqlite3.Connection, allowance: AllowanceHash, tickets: set[TicketHash]) -> None:
    """Remember tickets and take them off the allowance; see Store.issue."""
    hashes = sorted(tickets)
    marks = ", ".join("?" for _ in hashes)
    # One statement, so that every refusal has looked at the same rows.
    ((remaining, known),) = database.execute(
        "SELECT (SELECT remaining FROM allowance WHERE hash = ?),"  # noqa: S608 - only marks
        f" (SELECT count(*) FROM ticket WHERE hash IN ({marks}))",
        (allowance, *hashes),
    )
    new = len(hashes) - known
    if remaining is None or remaining < new:
        raise Refused(REFUSAL)
    if new:
        database.executemany(
            "INSERT INTO ticket (hash) VALUES (?) ON CONFLICT DO NOTHING",
            [(ticket,) for ticket in hashes],
        )
        database.execute(
            "UPDATE allowance SET remaining = remaining - ? WHERE hash = ?", (new, allowance)
        )


def create_mailbox(
    database: sqlite3.Connection,
    mailbox: MailboxId,
    deposit_key_hash: DepositKeyHash,
    ticket: TicketHash,
) -> None:
    """Create a mailbox for a ticket; see Store.create_mailbox."""
    # One statement, so that every refusal has looked at the same rows.
    ((existing, paid),) = database.execute(
        "SELECT (SELECT deposit_key_hash FROM mailbox WHERE id = ?),"
        " EXISTS (SELECT 1 FROM ticket WHERE hash = ?)",
        (mailbox, ticket),
    )
    if creation_is_repeated(existing, deposit_key_hash, paid=bool(paid)):
        return
    database.execute("DELETE FROM ticket WHERE hash = ?", (ticket,))
    number = draw_number(partial(_number_is_taken, database))
    database.execute(
        "INSERT INTO mailbox (id, deposit_key_hash, number) VALUES (?, ?, ?)",
        (mailbox, deposit_key_hash, number),
    )


def close_mailbox(database: sqlite3.Connection, mailbox: MailboxId) -> None:
    """Delete a mailbox and what is in it; see Store.close_mailbox."""
    if not _exists(database, mailbox):
        raise Refused(REFUSAL)
    database.execute(_EMPTY, (mailbox,))
    database.execute("DELETE FROM mailbox WHERE id = ?", (mailbox,))


def acknowledge(
    database: sqlite3.Connection, mailbox: MailboxId, through: int, most: int
) -> tuple[int, int]:
    """Delete at most so many envelopes up to a position, oldest first.

    Returns:
        how many it were, and up to which position there was anything to delete.

    Raises:
        Refused: there is no such mailbox.
    """
    rows = database.execute(_NEWEST, (mailbox,)).fetchall()
    if not rows:
        raise Refused(REFUSAL)
    through = min(through, int(rows[0][0]))
    keep_last_position(database, mailbox, through)
    asked = {"mailbox": mailbox, "through": through, "most": most}
    return database.execute(_ACKNOWLEDGE, asked).rowcount, through


def _exists(database: sqlite3.Connection, mailbox: MailboxId) -> bool:
    ((known,),) = database.execute("SELECT EXISTS (SELECT 1 FROM mailbox WHERE id = ?)", (mailbox,))
    return bool(known)


def _number_is_taken(database: sqlite3.Connection, number: int) -> bool:
    ((known,),) = database.execute(
        "SELECT EXISTS (SELECT 1 FROM mailbox WHERE number = ?)", (number,)
    )
    return bool(known)
