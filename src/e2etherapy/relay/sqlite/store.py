"""The relay's store in one SQLite file (docs/relay-data.md)."""

from __future__ import annotations

import asyncio
import hmac
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.mailbox.operations import COUNT_BITS, StoredEnvelope
from e2etherapy.relay.decisions import REFUSAL
from e2etherapy.relay.sqlite import invitations, rights
from e2etherapy.relay.sqlite.connection import (
    Connection,
    connect,
    empty_log,
    in_store_words,
    unusable,
)
from e2etherapy.relay.sqlite.expiry import expired_envelopes
from e2etherapy.relay.sqlite.places import (
    COUNT_MASK,
    FIRST_PLACE,
    LAST_PLACE,
    NEWEST_POSITION,
)
from e2etherapy.relay.sqlite.schema import migrate, room_to_migrate
from e2etherapy.relay.sqlite.space import space_of
from e2etherapy.relay.sqlite.writer import SqliteWriter
from e2etherapy.relay.store import (
    Busy,
    Deposit,
    DiskFull,
    Expired,
    Invitation,
    PutMark,
    Refused,
    Space,
    StoreError,
)
from e2etherapy.wire.locator import Locator

_ACKNOWLEDGED_AT_ONCE = 128
"""Two pages; some 5 ms of deleting, so that a deposit behind it hardly waits."""

# Where the newest envelope and the position asked for are of the same time between two restores,
# everything above that position lies above its count.
_COLLECT = (
    "SELECT 0, NULL FROM mailbox WHERE id = :mailbox UNION ALL SELECT * FROM"  # noqa: S608
    " (SELECT position, bytes FROM mailbox CROSS JOIN envelope WHERE mailbox.id = :mailbox"
    f" AND place > CASE WHEN {NEWEST_POSITION} >> {COUNT_BITS} = :after >> {COUNT_BITS}"
    f" THEN {FIRST_PLACE} | (:after & {COUNT_MASK}) ELSE {FIRST_PLACE} END"
    f" AND place <= {LAST_PLACE} AND position > :after ORDER BY place LIMIT :limit)"
)


class SqliteStore:
    """A Store. One connection writes in groups, others read and checkpoint beside it."""

    may_miss_arrivals: ClassVar = False

    def __init__(
        self, path: Path, writing: Connection, others: tuple[Connection, Connection]
    ) -> None:
        self._path = path
        self._writing = writing
        self._reading, beside = others
        self._writer = SqliteWriter(writing, beside)

    @classmethod
    async def open(cls, path: Path) -> SqliteStore:
        """Open or create the database at `path`, bringing it to the newest version.

        Raises:
            RelayDatabaseTooNew: a newer version of this program wrote it.
            RelayDatabaseUnusable: it cannot be opened, or is not a relay's.
        """
        async with AsyncExitStack() as opened:
            writing = await _opened(path, opened)
            await _migrate(writing, path)
            await _trust_the_log(writing)
            reading = await _opened(path, opened)
            beside = await _opened(path, opened)
            opened.pop_all()
        return cls(path, writing, (reading, beside))

    async def close(self) -> None:
        """Write what was accepted, then close the file."""
        await self._writer.close()
        await self._reading.close()
        await self._writing.close()

    async def grant(self, allowance: AllowanceHash, tickets: int) -> None:
        """See Store.grant."""
        await self._writer.run(partial(rights.grant, allowance=allowance, tickets=tickets))

    async def issue(self, allowance: AllowanceHash, tickets: Collection[TicketHash]) -> None:
        """See Store.issue."""
        await self._writer.run(partial(rights.issue, allowance=allowance, tickets=set(tickets)))

    async def create_mailbox(
        self, mailbox: MailboxId, deposit_key_hash: DepositKeyHash, ticket: TicketHash
    ) -> None:
        """See Store.create_mailbox."""
        await self._writer.run(
            partial(
                rights.create_mailbox,
                mailbox=mailbox,
                deposit_key_hash=deposit_key_hash,
                ticket=ticket,
            ),
            mailbox,
        )

    async def has_mailbox(self, mailbox: MailboxId) -> bool:
        """See Store.has_mailbox."""
        rows = await self._read("SELECT id FROM mailbox WHERE id = ?", (mailbox,))
        found = rows[0][0] if rows else bytes(32)
        return hmac.compare_digest(found, mailbox) and bool(rows)

    async def check(self) -> None:
        """See Store.check."""
        await self.has_mailbox(MailboxId(bytes(MailboxId.SIZE)))

    async def close_mailbox(self, mailbox: MailboxId) -> None:
        """See Store.close_mailbox."""
        await self._writer.run(partial(rights.close_mailbox, mailbox=mailbox), mailbox)

    async def deposit(self, deposit: Deposit) -> None:
        """See Store.deposit."""
        await self._writer.deposit(deposit)

    def on_arrival(self, listener: Callable[[MailboxId], None]) -> None:
        """See Store.on_arrival."""
        self._writer.on_arrival = listener

    def on_arrival_elsewhere(
        self, listener: Callable[[MailboxId], None], on_doubt: Callable[[], None]
    ) -> None:
        """See Store.on_arrival_elsewhere: one file has one relay (`lock`), and nothing to tell."""

    async def collect(self, mailbox: MailboxId, after: int, limit: int) -> list[StoredEnvelope]:
        """See Store.collect."""
        # The first row says that there is such a mailbox, also when nothing is in it.
        rows = await self._read(_COLLECT, {"mailbox": mailbox, "after": after, "limit": limit})
        if not rows:
            raise Refused(REFUSAL)
        return sorted((StoredEnvelope(*row) for row in rows[1:]), key=attrgetter("position"))

    async def acknowledge(self, mailbox: MailboxId, through: int) -> None:
        """See Store.acknowledge."""
        most = _ACKNOWLEDGED_AT_ONCE
        deleted = most
        while deleted == most:
            step = partial(rights.acknowledge, mailbox=mailbox, through=through, most=most)
            try:
                # What arrives between two steps is not among what was acknowledged.
                deleted, through = await self._writer.run(step, mailbox)
            except DiskFull:
                # What is deleted is overwritten, and that takes room in the log first.
                if most == 1:
                    raise
                most = deleted = max(most // 8, 1)

    async def arrived(self, waits: Sequence[tuple[MailboxId, int]]) -> list[int]:
        """See Store.arrived."""
        if not waits:
            return []
        values = ", ".join("(?, ?, ?)" for _ in waits)
        rows = await self._read(
            f"WITH wait (line, address, after) AS (VALUES {values})"  # noqa: S608 - only marks
            " SELECT line FROM wait LEFT JOIN mailbox ON id = address"
            f" WHERE {NEWEST_POSITION} > after ORDER BY line",
            [value for number, wait in enumerate(waits) for value in (number, *wait)],
        )
        return [row[0] for row in rows]

    async def put_invitation(
        self, ticket: TicketHash, mark: PutMark, invitation: Invitation
    ) -> None:
        """See Store.put_invitation."""
        await self._writer.run(
            partial(invitations.put, ticket=ticket, mark=mark, invitation=invitation)
        )

    async def claim(self, locator: Locator, claim: ClaimHash, today: int) -> bytes:
        """See Store.claim."""
        return await self._writer.run(
            partial(invitations.claim, locator=locator, token=claim, today=today)
        )

    async def forget_invitation(self, locator: Locator, claim: ClaimHash, today: int) -> None:
        """See Store.forget_invitation."""
        await self._writer.run(
            partial(invitations.forget, locator=locator, token=claim, today=today)
        )

    async def expire(self, today: int) -> AsyncGenerator[Expired, None]:
        """See Store.expire."""
        deleted = -1
        while deleted:
            deleted = await self._writer.run(partial(invitations.delete_over, today=today))
            yield Expired(0, deleted)
        async with aclosing(expired_envelopes(self._reading, self._writer, today)) as steps:
            async for deleted in steps:
                yield Expired(deleted, 0)

    def on_group(self, listener: Callable[[int], None]) -> None:
        """See Store.on_group."""
        self._writer.on_group = listener

    def pending(self) -> int:
        """See Store.pending."""
        return self._writer.pending()

    async def space(self) -> Space:
        """See Store.space."""
        return await space_of(self._reading, self._path)

    async def scrub(self) -> None:
        """Empty the write-ahead log, in which deleted envelopes would stay until overwritten.

        Where a backup reads from it meanwhile, what is left is left to the next time.
        """
        try:
            # In the thread of the connection that writes, where no transaction is open between
            # two pieces of work.
            await self._writing.run(self._writer.scrub)
        except (sqlite3.Error, OSError) as problem:
            raise in_store_words(problem) from None

    async def _read(self, statement: str, values: Any) -> list[sqlite3.Row]:  # noqa: ANN401
        try:
            return list(await self._reading.execute_fetchall(statement, values))
        except (sqlite3.Error, OSError) as problem:
            raise in_store_words(problem) from None


async def _opened(path: Path, opened: AsyncExitStack) -> Connection:
    """Open a connection that is closed again if what comes after it fails."""
    connection = await connect(path)
    opened.push_async_callback(connection.close)
    return connection


async def _migrate(database: Connection, path: Path) -> None:
    """Bring a database to the newest version.

    Raises:
        RelayDatabaseTooNew: a newer version of this program wrote it.
        RelayDatabaseUnusable: it is not a relay's, or the disk has no room for the change.
    """
    needed = await database.run(room_to_migrate)
    disk = await asyncio.to_thread(os.statvfs, path)
    free = disk.f_bavail * disk.f_frsize
    if needed > free:
        raise RelayDatabaseUnusable(
            f"An earlier version wrote this relay database, and rewriting it takes {needed:,} "
            f"bytes of room on its disk; {free:,} are free. Nothing was changed: make room, "
            "and start again."
        )
    try:
        await database.run(migrate)
    except (sqlite3.Error, OSError) as problem:
        raise unusable(problem) from None


async def _trust_the_log(database: Connection) -> None:
    """Have on disk what a process before this one left in the write-ahead log.

    If that died after a sync had failed, the system shows transactions that are not on disk. What
    would be written behind them would be lost with them in a power cut. Where somebody else is at
    work or the disk is full, the log stays as it is.

    Raises:
        RelayDatabaseUnusable: the disk does not keep it.
    """
    try:
        await database.run(empty_log)
    except Busy:
        return
    except (sqlite3.Error, OSError) as problem:
        if not isinstance(in_store_words(problem), StoreError):
            raise unusable(problem) from None
