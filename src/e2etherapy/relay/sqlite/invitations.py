"""Statements about invitations: put, claim, forget."""

from __future__ import annotations

import sqlite3

from e2etherapy.mailbox.capabilities import ClaimHash, TicketHash
from e2etherapy.mailbox.operations import CLAIM_DAYS
from e2etherapy.relay.decisions import NOWHERE, REFUSAL, InvitationState, put_is_repeated
from e2etherapy.relay.store import Invitation, PutMark, Refused
from e2etherapy.wire.locator import Locator

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
    if put_is_repeated(earlier, mark, known=bool(known), taken=bool(taken)):
        return
    database.execute("UPDATE ticket SET put_mark = ? WHERE hash = ?", (mark, ticket))
    database.execute(
        "INSERT INTO invitation (locator, bundle, last_day) VALUES (?, ?, ?)",
        (invitation.locator, invitation.bundle, invitation.last_day),
    )


def claim(database: sqlite3.Connection, locator: Locator, token: ClaimHash, today: int) -> bytes:
    """Bind a bundle and return it; see Store.claim."""
    held, is_holder = _look_up(database, locator, token, today)
    if held and not is_holder:
        raise Refused(REFUSAL)
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
        raise Refused(REFUSAL)
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
    """Say of an invitation whether some token holds it, and whether this one does."""
    # A row comes back in any case, so that the time does not tell whether there is such a locator.
    (row,) = database.execute(
        "SELECT coalesce(last_day, :past), coalesce(claim_hash, zeroblob(32)), claim_day"
        " FROM (SELECT :locator AS wanted) LEFT JOIN invitation ON locator = wanted",
        {"locator": locator, "past": NOWHERE},
    )
    return InvitationState(*row).held_by(token, today)
