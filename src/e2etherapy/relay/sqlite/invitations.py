"""Statements about invitations: put, claim, forget."""

from __future__ import annotations

import hmac
import sqlite3

from e2etherapy.mailbox.capabilities import ClaimHash, TicketHash
from e2etherapy.mailbox.operations import CLAIM_DAYS
from e2etherapy.relay.store import (
    Contradiction,
    Invitation,
    PutMark,
    Refused,
    claim_is_over,
)
from e2etherapy.wire.locator import Locator

_LONG_AGO = -1
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
    held, is_holder = _look_up(database, locator, token, today)
    if held and not is_holder:
        raise Refused("There is nothing here for this key.")
    if not held:
        database.execute(
            "UPDATE invitation SET claim_hash = ?, claim_day = ? WHERE locator = ?",
            (token, today, locator),
        )
    ((bundle,),) = database.execute("SELECT bundle FROM invitation WHERE locator = ?", (locator,))
    return bytes(bundle)


def forget(database: sqlite3.Connection, locator: Locator, token: ClaimHash, today: int) -> None:
    """Delete a bundle that is bound to a token; see Store.forget_invitation."""
    _, is_holder = _look_up(database, locator, token, today)
    if not is_holder:
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


def _look_up(
    database: sqlite3.Connection, locator: Locator, token: ClaimHash, today: int
) -> tuple[bool, bool]:
    """Say of an invitation whether some token holds it, and whether this one does.

    One that does not exist or is over is like one that somebody else holds, and the same work.
    """
    # A row comes back in any case, so that the time does not tell whether there is such a locator.
    ((last_day, holder, claim_day),) = database.execute(
        "SELECT coalesce(last_day, :past), coalesce(claim_hash, zeroblob(32)), claim_day"
        " FROM (SELECT :locator AS wanted) LEFT JOIN invitation ON locator = wanted",
        {"locator": locator, "past": _LONG_AGO},
    )
    same = hmac.compare_digest(holder, token)
    if claim_day is None:
        return last_day < today, False
    return True, same and not claim_is_over(claim_day, today)
