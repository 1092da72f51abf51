"""Deposits that came in at the same moment, stored with two statements for all of them.

The first looks, the second writes only where nothing has changed since: where another node was
quicker with one of the mailboxes, that mailbox's deposits are decided again. Two round trips and
no lock held in between are faster than a transaction of five. Who loses twice takes the locks
first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.decisions import MailboxState, decide_deposits
from e2etherapy.relay.group import DepositBatch, GroupWriter, Written, take
from e2etherapy.relay.postgres.connection import Connection, Database
from e2etherapy.relay.store import Busy, Deposit, StoreError

MAX_GROUP = 32
"""While one group is written the next one gathers, so that this is reached only under load."""

# A mailbox that does not exist makes the same work as one whose key is another: 32 zero bytes
# stand for its key's hash, and everything is looked for. A subquery with a limit is looked up for
# each row; EXISTS might be answered by reading the whole table.
#
# What waits is what lies between the lowest and the last position: acknowledging and expiry take
# from the low end. The lower 32 bits go on counting across a restore (COUNT_BITS).
_LOOK_UP: Final = """
    SELECT id IS NOT NULL,
        coalesce(deposit_key_hash, decode(repeat('00', 32), 'hex')),
        coalesce(last_position, 0),
        coalesce((last_position & 4294967295) + 1 - (SELECT position & 4294967295 FROM envelope
            WHERE mailbox = asked.mailbox ORDER BY position LIMIT 1), 0),
        coalesce((SELECT true FROM envelope
            WHERE mailbox = asked.mailbox AND envelope.digest = asked.digest LIMIT 1), false)
    FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS asked (mailbox, digest, number)
        LEFT JOIN mailbox ON id = asked.mailbox
    ORDER BY asked.number
"""

# One statement, which is atomic. An update waits for another transaction's and then looks at the
# row again as that left it: only a mailbox with the position and the key that were looked at
# advances, and only who advances a mailbox may store in it. The arrays are in the order of
# mailboxes, and joined row by row, so that two nodes take locks in the same order.
WRITE: Final = """
    WITH advanced AS (
        UPDATE mailbox SET last_position = new.last_position
        FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[])
            AS new (mailbox, key_hash, seen, last_position)
        WHERE id = new.mailbox AND deposit_key_hash = new.key_hash
            AND mailbox.last_position = new.seen
        RETURNING id
    ), stored AS (
        INSERT INTO envelope (mailbox, position, digest, day, envelope)
        SELECT * FROM unnest($5::bytea[], $6::bigint[], $7::bytea[], $8::integer[], $9::bytea[])
            AS new (mailbox, position, digest, day, envelope)
        WHERE new.mailbox IN (SELECT id FROM advanced)
    )
    SELECT id FROM advanced
"""
_LOCK: Final = """
    SELECT id FROM mailbox WHERE id = ANY ($1::bytea[]) ORDER BY id FOR NO KEY UPDATE
"""


class DepositWriter(GroupWriter):
    """Writes deposits in groups, one group at a time."""

    def __init__(self, database: Database, announce: Callable[[set[MailboxId]], None]) -> None:
        """Take where to write, and whom to tell of the mailboxes in which something arrived."""
        super().__init__(flights=1)
        self._database = database
        self._announce = announce

    async def _write_next(self) -> Sequence[Written]:
        batch = DepositBatch(take(self._deposits, MAX_GROUP), self.on_arrival)
        try:
            batch.outcomes = await store(self._database, batch.deposits)
        except Busy as problem:
            # Group after group would wait as long for a database that does not answer.
            self.turn_away(problem)
            return [Written([batch], problem)]
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it; the writer goes on
            return [Written([batch], problem)]
        arrived = zip(batch.deposits, batch.outcomes, strict=True)
        self._announce({deposit.mailbox for deposit, outcome in arrived if outcome is None})
        return [Written([batch])]


async def store(database: Database, deposits: Sequence[Deposit]) -> list[StoreError | None]:
    """Store deposits and return for each why it is not stored, or None.

    Raises:
        StoreError: the database is away, or has no room. Some may be stored nevertheless, and
            each may be deposited again.
    """
    outcomes: dict[int, StoreError | None] = {}
    for attempt in (_without_locks, _without_locks, _with_locks):
        undecided = [index for index in range(len(deposits)) if index not in outcomes]
        some = [deposits[index] for index in undecided]
        decided, lost = await attempt(database, some)
        outcomes |= {
            index: outcome
            for index, outcome in zip(undecided, decided, strict=True)
            if deposits[index].mailbox not in lost
        }
        if len(outcomes) == len(deposits):
            break
    return [outcomes[index] for index in range(len(deposits))]


_Attempt = tuple[list[StoreError | None], set[bytes]]
"""Outcomes, and the mailboxes whose outcomes do not count as another node was quicker there."""


async def _without_locks(database: Database, deposits: Sequence[Deposit]) -> _Attempt:
    return await database.run(partial(_attempt, deposits=deposits))


async def _with_locks(database: Database, deposits: Sequence[Deposit]) -> _Attempt:
    """Keep the mailboxes as they are found until the end, so that nobody is quicker."""

    async def work(connection: Connection) -> _Attempt:
        await connection.fetch(_LOCK, sorted({deposit.mailbox for deposit in deposits}))
        return await _attempt(connection, deposits)

    return await database.transact(work)


async def _attempt(connection: Connection, deposits: Sequence[Deposit]) -> _Attempt:
    """Look, decide, and write where nothing has changed since."""
    mailboxes, waiting = await _look_up(connection, deposits)
    decision = decide_deposits(deposits, mailboxes, waiting)
    advances = [
        (address, box.deposit_key_hash, box.last_position, box.last_position + box.added)
        for address, box in sorted(mailboxes.items())
        if box.added
    ]
    if not advances:
        return decision.outcomes, set()
    columns = (*zip(*advances, strict=True), *zip(*decision.rows, strict=True))
    advanced = await connection.fetch(WRITE, *columns)
    lost = {address for address, *_ in advances} - {row[0] for row in advanced}
    return decision.outcomes, lost


async def _look_up(
    connection: Connection, deposits: Sequence[Deposit]
) -> tuple[dict[bytes, MailboxState], set[tuple[bytes, bytes]]]:
    """Return the mailboxes asked for, and which of these envelopes wait in them already."""
    asked = [(bytes(deposit.mailbox), deposit.digest) for deposit in deposits]
    found = await connection.fetch(_LOOK_UP, *zip(*asked, strict=True))
    mailboxes: dict[bytes, MailboxState] = {}
    waiting = set()
    for (address, digest), row in zip(asked, found, strict=True):
        exists, key_hash, last, count, is_waiting = row
        mailboxes[address] = MailboxState(exists, key_hash, last, count)
        if is_waiting:
            waiting.add((address, digest))
    return mailboxes, waiting
