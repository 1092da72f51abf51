"""Deposits that came in at the same moment, stored with one statement or two for all of them.

The first looks at mailboxes that this node does not know, the second writes only where nothing has
changed since: where another node was quicker with one of the mailboxes, that mailbox's deposits are
decided again, after a look. Two round trips and no lock held in between are faster than a
transaction of five. Who loses twice takes the locks first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.decisions import EnvelopeRow, MailboxState, decide_deposits, has_room
from e2etherapy.relay.group import DepositBatch, GroupWriter, Written, take
from e2etherapy.relay.known_mailboxes import KnownMailbox, KnownMailboxes
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.postgres.mailbox_columns import mailbox_columns
from e2etherapy.relay.store import Busy, Deposit, StoreError

MAX_GROUP = 32
"""While one group is written the next one gathers, so that this is reached only under load."""

# A subquery with a limit is looked up for each row, also for a mailbox that does not exist; EXISTS
# might be answered by reading the whole table.
_LOOK_UP: Final = f"""
    SELECT {mailbox_columns("asked.mailbox")},
        coalesce((SELECT true FROM envelope
            WHERE mailbox = asked.mailbox AND envelope.digest = asked.digest LIMIT 1), false)
    FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS asked (mailbox, digest, number)
        LEFT JOIN mailbox ON id = asked.mailbox
    ORDER BY asked.number
"""  # noqa: S608 - our own columns

# One statement, which is atomic. An update waits for another transaction's and then looks at the
# row again as that left it: only a mailbox with the position and the key that were looked at
# advances, and only who advances a mailbox may store in it. The arrays are in the order of
# mailboxes, and joined row by row, so that two nodes take locks in the same order.
#
# A mailbox that was not looked at does not advance where one of its envelopes waits already. What
# another node stores in it meanwhile changes its position.
WRITE: Final = """
    WITH twice AS MATERIALIZED (
        SELECT mailbox FROM unnest($10::bytea[], $11::bytea[]) AS asked (mailbox, digest)
        WHERE coalesce((SELECT true FROM envelope
            WHERE mailbox = asked.mailbox AND envelope.digest = asked.digest LIMIT 1), false)
    ), advanced AS (
        UPDATE mailbox SET last_position = new.last_position
        FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[])
            AS new (mailbox, key_hash, seen, last_position)
        WHERE id = new.mailbox AND deposit_key_hash = new.key_hash
            AND mailbox.last_position = new.seen
            AND new.mailbox <> ALL (ARRAY (SELECT mailbox FROM twice))
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
        self._known = KnownMailboxes()

    def forget(self) -> None:
        """Forget which mailboxes were written to lately, and in which order."""
        self._known.forget_all()

    async def _write_next(self) -> Sequence[Written]:
        batch = DepositBatch(take(self._deposits, MAX_GROUP), self.on_arrival)
        try:
            batch.outcomes = await store(self._database, self._known, batch.deposits)
        except Busy as problem:
            # Group after group would wait as long for a database that does not answer.
            self.turn_away(problem)
            return [Written([batch], problem)]
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it; the writer goes on
            return [Written([batch], problem)]
        arrived = zip(batch.deposits, batch.outcomes, strict=True)
        self._announce({deposit.mailbox for deposit, outcome in arrived if outcome is None})
        return [Written([batch])]


async def store(
    database: Database, known: KnownMailboxes, deposits: Sequence[Deposit]
) -> list[StoreError | None]:
    """Store deposits and return for each why it is not stored, or None.

    Args:
        database: where to.
        known: what this node knows of mailboxes; brought up to date.
        deposits: of one group.

    Raises:
        StoreError: the database is away, or has no room. Some may be stored nevertheless, and
            each may be deposited again.
    """
    outcomes: dict[int, StoreError | None] = {}
    for attempt in (_without_locks, _without_locks, _with_locks):
        undecided = [index for index in range(len(deposits)) if index not in outcomes]
        some = [deposits[index] for index in undecided]
        decided, lost = await attempt(database, known, some)
        outcomes |= {
            index: outcome
            for index, outcome in zip(undecided, decided, strict=True)
            if deposits[index].mailbox not in lost
        }
        if len(outcomes) == len(deposits):
            break
    # Lost three times: somebody made the mailbox anew between the lock and the look.
    beaten = Busy("Other nodes were quicker each time; nothing was stored.")
    return [outcomes.get(index, beaten) for index in range(len(deposits))]


_Attempt = tuple[list[StoreError | None], set[bytes]]
"""Outcomes, and the mailboxes whose outcomes do not count as another node was quicker there."""


class _Found(NamedTuple):
    """What a look has shown."""

    mailboxes: dict[bytes, MailboxState]
    waiting: set[tuple[bytes, bytes]]
    """Mailbox and digest of each of these envelopes that waits there already."""


async def _without_locks(
    database: Database, known: KnownMailboxes, deposits: Sequence[Deposit]
) -> _Attempt:
    return await database.commit(partial(_attempt, known=known, deposits=deposits))


async def _with_locks(
    database: Database, known: KnownMailboxes, deposits: Sequence[Deposit]
) -> _Attempt:
    """Keep the mailboxes as they are found until the end, so that nobody is quicker."""

    async def work(connection: Connection) -> _Attempt:
        addresses = sorted({deposit.mailbox for deposit in deposits})
        await connection.fetch(_LOCK, addresses)
        for address in addresses:
            known.forget(address)
        return await _attempt(connection, known, deposits)

    return await database.transact(work)


async def _attempt(
    connection: Connection, known: KnownMailboxes, deposits: Sequence[Deposit]
) -> _Attempt:
    """Look at what is not known, decide, and write where nothing has changed since."""
    shown = _shown(known, deposits)
    asked = [deposit for deposit in deposits if deposit.mailbox not in shown]
    found = await _look_up(connection, asked) if asked else _Found({}, set())
    mailboxes = shown | found.mailboxes
    decision = decide_deposits(deposits, mailboxes, found.waiting)
    advancing = {address: box for address, box in sorted(mailboxes.items()) if box.is_written}
    if not advancing:
        return decision.outcomes, set()
    unseen = [(one.mailbox, one.digest) for one in deposits if one.mailbox in shown]
    advanced = await _write(connection, advancing, decision.rows, unseen)
    for address, box in advancing.items():
        if address in advanced:
            known.keep(address, KnownMailbox.left(box))
        else:
            known.forget(address)
    return decision.outcomes, advancing.keys() - advanced


async def _write(
    connection: Connection,
    advancing: Mapping[bytes, MailboxState],
    rows: Sequence[EnvelopeRow],
    unseen: Sequence[tuple[bytes, bytes]],
) -> set[bytes]:
    """Write rows where nothing has changed, and return the mailboxes in which they are stored.

    Args:
        connection: in no transaction, or in one that keeps the mailboxes as they are.
        advancing: by address, in the order of addresses.
        rows: in the order of mailboxes.
        unseen: mailbox and digest of each deposit into a mailbox that was not looked at.
    """
    advances = [
        (address, box.deposit_key_hash, box.last_position, box.last_position + box.added)
        for address, box in advancing.items()
    ]
    columns = (*zip(*advances, strict=True), *(zip(*rows, strict=True) if rows else [()] * 5))
    perhaps_twice = [box for box, _ in unseen], [digest for _, digest in unseen]
    return {row[0] for row in await connection.fetch(WRITE, *columns, *perhaps_twice)}


def _shown(known: KnownMailboxes, deposits: Sequence[Deposit]) -> dict[bytes, MailboxState]:
    """Return the mailboxes that need no look: each deposit has the key, and there is room.

    What was acknowledged since is counted as waiting, which is why a full one is looked at.
    """
    shown: dict[bytes, MailboxState] = {}
    asked: set[bytes] = set()
    for deposit in deposits:
        box = known.shown(deposit.mailbox, deposit.key_hash)
        if box is None or not has_room(box.waiting, len(deposits)):
            asked.add(deposit.mailbox)
        else:
            shown[deposit.mailbox] = box.state()
    return {address: state for address, state in shown.items() if address not in asked}


async def _look_up(connection: Connection, deposits: Sequence[Deposit]) -> _Found:
    """Look up the mailboxes of some deposits, and whether their envelopes wait already."""
    asked = [(bytes(deposit.mailbox), deposit.digest) for deposit in deposits]
    rows = await connection.fetch(_LOOK_UP, *zip(*asked, strict=True))
    found = _Found({}, set())
    for (address, digest), row in zip(asked, rows, strict=True):
        exists, key_hash, last, count, is_waiting = row
        found.mailboxes[address] = MailboxState(exists, key_hash, last, count)
        if is_waiting:
            found.waiting.add((address, digest))
    return found
