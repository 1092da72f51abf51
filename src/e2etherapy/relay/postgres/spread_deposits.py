"""Deposits into mailboxes that Citus spreads over several servers: a transaction for each mailbox.

No statement may change rows of several servers and be one round trip there. Each of these names one
mailbox, so that all of a transaction is one server's; those of a group run side by side, and one
whose server is away fails alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.decisions import MailboxState, decide_deposits
from e2etherapy.relay.group import DepositBatch, GroupWriter, WaitingDeposits, Written, take
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.postgres.mailbox_columns import mailbox_columns
from e2etherapy.relay.store import Deposit, StoreError

CONNECTIONS: Final = 4
"""How many mailboxes are written to at once."""
_MAX_GROUP = 32
_FLIGHTS = 2
"""A group is over with its last mailbox; meanwhile the next one uses the other connections."""

# Locked by a statement of its own: one that has waited for a lock still sees all other rows as they
# were before it waited.
_LOCK: Final = "SELECT 1 FROM mailbox WHERE id = $1 FOR NO KEY UPDATE"
_LOOK: Final = f"""
    WITH found AS MATERIALIZED (
        SELECT deposit_key_hash, last_position FROM mailbox WHERE id = $1
    )
    SELECT {mailbox_columns("$1")},
        ARRAY (SELECT digest FROM envelope WHERE mailbox = $1 AND digest = ANY ($2::bytea[]))
    FROM (VALUES (1)) AS one LEFT JOIN found ON true
"""  # noqa: S608 - our own columns
_ADVANCE: Final = "UPDATE mailbox SET last_position = $2 WHERE id = $1"
_STORE: Final = """
    INSERT INTO envelope (mailbox, position, digest, day, envelope) VALUES ($1, $2, $3, $4, $5)
"""


class SpreadDepositWriter(GroupWriter):
    """Writes the deposits of a group mailbox by mailbox."""

    def __init__(self, database: Database, announce: Callable[[set[MailboxId]], None]) -> None:
        """Take where to write, and whom to tell of the mailboxes in which something arrived."""
        super().__init__(flights=_FLIGHTS)
        self._database = database
        self._announce = announce
        self._turns = WeakValueDictionary[MailboxId, asyncio.Lock]()
        """Of mailboxes that are written to: two groups under way may go into the same one."""

    def forget(self) -> None:
        """Forget nothing: nothing is kept of a mailbox that was written to."""

    async def _write_next(self) -> Sequence[Written]:
        waiting = _by_mailbox(take(self._deposits, _MAX_GROUP))
        return await asyncio.gather(*map(self._write_into_one, waiting))

    async def _write_into_one(self, waiting: WaitingDeposits) -> Written:
        batch = DepositBatch(waiting, self.on_arrival)
        mailbox = batch.deposits[0].mailbox
        turn = self._turns.setdefault(mailbox, asyncio.Lock())
        work = partial(store, deposits=batch.deposits)
        try:
            async with turn:  # in the order in which it was asked for
                batch.outcomes = await self._database.transact(work)
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it; the writer goes on
            return Written([batch], problem)
        if None in batch.outcomes:
            self._announce({mailbox})
        return Written([batch])


def _by_mailbox(waiting: WaitingDeposits) -> Iterable[WaitingDeposits]:
    """Put together what goes into the same mailbox, in the order in which it came."""
    found: dict[MailboxId, list[tuple[Deposit, asyncio.Future[None]]]] = {}
    for one in waiting:
        found.setdefault(one[0].mailbox, []).append(one)
    return found.values()


async def store(connection: Connection, deposits: Sequence[Deposit]) -> list[StoreError | None]:
    """Store deposits into one mailbox and return for each why it is not stored, or None.

    Args:
        connection: in a transaction, which takes it all back when this raises.
        deposits: all into the same mailbox.
    """
    mailbox = deposits[0].mailbox
    await connection.fetch(_LOCK, mailbox)
    digests = [deposit.digest for deposit in deposits]
    *found, waiting_digests = await connection.fetchrow(_LOOK, mailbox, digests)
    state = MailboxState(*found)
    waiting = {(bytes(mailbox), digest) for digest in waiting_digests}
    decision = decide_deposits(deposits, {mailbox: state}, waiting)
    if state.is_written:
        await connection.execute(_ADVANCE, mailbox, state.last_position + state.added)
        await connection.executemany(_STORE, decision.rows)
    return decision.outcomes
