"""Statements about invitations: put, claim, forget."""

from __future__ import annotations

import hmac
import sqlite3

from e2etherapy.mailbox.capabilities import ClaimHash, Locator, TicketHash
from e2etherapy.relay.store import (
    CLAIM_DAYS,
    Contradiction,
    Invitation,
    PutMark,
    Refused,
    claim_is_over,
)

_NO_HASH = bytes(32)
_STEP = 64


def put(
    database: sqlite3.Connection, ticket: TicketHash, mark: PutMark, invitation: Invitation
) -> None:
    """Keep a bundle; see Store.put_invitation."""
    # One statement, so that every refusal has looked at the same rows.
    ((known, earlier, taken),) = database.execute(
        "SELECT EXISTS (SELECT 1 FROM ticket WHERE hash = :ticket),"
        " (SELECT put_mark FROM ticket WHERE hash = :ticket),"
        " EXISTS (SELECT 1 FROM invitation WHERE locator = :locator)",
        {"ticket": ticket, "locator": invitation.locator},
    )
    if not known:
        raise Refused("There is nothing here for this key.")
    if earlier is not None:
        if hmac.compare_digest(earlier, mark):
            return
        raise Contradiction("This ticket has put another invitation.")
    if taken:
        raise Refused("There is nothing here for this key.")
    database.execute("UPDATE ticket SET put_mark = ? WHERE hash = ?", (mark, ticket))
    database.execute(
        "INSERT INTO invitation (locator, bundle, last_day) VALUES (?, ?, ?)",
        (invitation.locator, invitation.bundle, invitation.last_day),
    )


def claim(database: sqlite3.Connection, locator: Locator, token: ClaimHash, today: int) -> bytes:
    """Bind a bundle and return it; see Store.claim."""
    holder = _holder(database, locator, today)
    if holder is None:
        database.execute(
            "UPDATE invitation SET claim_hash = ?, claim_day = ? WHERE locator = ?",
            (token, today, locator),
        )
    elif not hmac.compare_digest(holder, token):
        raise Refused("There is nothing here for this key.")
    ((bundle,),) = database.execute("SELECT bundle FROM invitation WHERE locator = ?", (locator,))
    return bytes(bundle)


def forget(database: sqlite3.Connection, locator: Locator, token: ClaimHash, today: int) -> None:
    """Delete a bundle that is bound to a token; see Store.forget_invitation."""
    holder = _holder(database, locator, today)
    if not hmac.compare_digest(holder or _NO_HASH, token) or holder is None:
        raise Refused("There is nothing here for this key.")
    database.execute("DELETE FROM invitation WHERE locator = ?", (locator,))


def delete_over(database: sqlite3.Connection, today: int) -> int:
    """Delete some invitations that are over and return how many."""
    cursor = database.execute(
        "DELETE FROM invitation WHERE locator IN (SELECT locator FROM invitation WHERE"
        " (claim_day IS NULL AND last_day < :today) OR claim_day + :claim_days < :today"
        " LIMIT :step)",
        {"today": today, "claim_days": CLAIM_DAYS, "step": _STEP},
    )
    return cursor.rowcount


def _holder(database: sqlite3.Connection, locator: Locator, today: int) -> bytes | None:
    """Return the hash of the token that a live invitation is bound to, or None if to none.

    Raises:
        Refused: unknown or over.
    """
    rows = list(
        database.execute(
            "SELECT last_day, claim_hash, claim_day FROM invitation WHERE locator = ?", (locator,)
        )
    )
    for last_day, holder, claim_day in rows:
        over = last_day < today if holder is None else claim_is_over(claim_day, today)
        if not over:
            return None if holder is None else bytes(holder)
    raise Refused("There is nothing here for this key.")
