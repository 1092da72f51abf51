"""Statements about invitations: put, claim, forget."""

from __future__ import annotations

from typing import Final

from e2etherapy.mailbox.capabilities import ClaimHash, TicketHash
from e2etherapy.mailbox.operations import CLAIM_DAYS
from e2etherapy.relay.decisions import NOWHERE, REFUSAL, InvitationState, put_is_repeated
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.store import Invitation, PutMark, Refused
from e2etherapy.wire.locator import Locator

_STEP = 64

# A row comes back in any case, so that the time does not tell whether there is such a locator.
_LOOK_UP: Final = """
    WITH found AS MATERIALIZED (
        SELECT last_day, claim_hash, claim_day FROM invitation WHERE locator = $1 FOR UPDATE
    )
    SELECT coalesce(last_day, $2),
        coalesce(claim_hash, decode(repeat('00', 32), 'hex')), claim_day
    FROM (VALUES (1)) AS one LEFT JOIN found ON true
"""
_OVER: Final = "((claim_day IS NULL AND last_day < $1) OR claim_day + $2 < $1)"
_FIND_OVER: Final = f"SELECT locator FROM invitation WHERE {_OVER} LIMIT $3"  # noqa: S608 - our own
# Looked at again: one that is claimed meanwhile is not over.
_DELETE_OVER: Final = f"""
    WITH gone AS (
        DELETE FROM invitation WHERE locator = ANY ($3::bytea[]) AND {_OVER} RETURNING 1
    )
    SELECT count(*) FROM gone
"""  # noqa: S608 - our own


async def put(
    connection: Connection, ticket: TicketHash, mark: PutMark, invitation: Invitation
) -> None:
    """Keep a bundle; see Store.put_invitation."""
    found = await connection.fetchrow(
        "SELECT put_mark FROM ticket WHERE hash = $1 FOR UPDATE", ticket
    )
    taken = await connection.fetchval(
        "SELECT EXISTS (SELECT 1 FROM invitation WHERE locator = $1)", invitation.locator
    )
    earlier = found[0] if found else None
    if put_is_repeated(earlier, mark, known=found is not None, taken=taken):
        return
    await connection.execute("UPDATE ticket SET put_mark = $1 WHERE hash = $2", mark, ticket)
    made = await connection.fetchval(
        "INSERT INTO invitation (locator, bundle, last_day) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING true",
        invitation.locator,
        invitation.bundle,
        invitation.last_day,
    )
    if not made:
        raise Refused(REFUSAL)


async def claim(connection: Connection, locator: Locator, token: ClaimHash, today: int) -> bytes:
    """Bind a bundle and return it; see Store.claim."""
    held, is_holder = await _look_up(connection, locator, token, today)
    if held and not is_holder:
        raise Refused(REFUSAL)
    if not held:
        await connection.execute(
            "UPDATE invitation SET claim_hash = $1, claim_day = $2 WHERE locator = $3",
            token,
            today,
            locator,
        )
    bundle: bytes = await connection.fetchval(
        "SELECT bundle FROM invitation WHERE locator = $1", locator
    )
    return bundle


async def forget(connection: Connection, locator: Locator, token: ClaimHash, today: int) -> None:
    """Delete a bundle that is bound to a token; see Store.forget_invitation."""
    _, is_holder = await _look_up(connection, locator, token, today)
    if not is_holder:
        raise Refused(REFUSAL)
    await connection.execute("DELETE FROM invitation WHERE locator = $1", locator)


async def delete_over(database: Database, today: int) -> int:
    """Delete some invitations that are over and return how many."""
    over = await database.fetch(_FIND_OVER, today, CLAIM_DAYS, _STEP)
    locators = sorted(locator for (locator,) in over)
    ((deleted,),) = await database.change(_DELETE_OVER, today, CLAIM_DAYS, locators)
    return int(deleted)


async def _look_up(
    connection: Connection, locator: Locator, token: ClaimHash, today: int
) -> tuple[bool, bool]:
    """Say of an invitation whether some token holds it, and whether this one does."""
    row = await connection.fetchrow(_LOOK_UP, locator, NOWHERE)
    return InvitationState(*row).held_by(token, today)
