"""The relay's store in PostgreSQL, for any number of relays at once (docs/relay-data.md)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from functools import partial
from typing import ClassVar, Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.decisions import REFUSAL
from e2etherapy.relay.postgres import expiry, invitations, rights
from e2etherapy.relay.postgres.arrivals import Herald, Listener
from e2etherapy.relay.postgres.connection import (
    PATIENT,
    SESSION,
    SPREAD_SESSION,
    Connection,
    connect,
    setup_connection,
)
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.postgres.deposits import DepositWriter
from e2etherapy.relay.postgres.pool import Pool
from e2etherapy.relay.postgres.schema import prepare, require_whole
from e2etherapy.relay.postgres.server_settings import check_server
from e2etherapy.relay.postgres.servers import Servers
from e2etherapy.relay.postgres.spread_deposits import CONNECTIONS, SpreadDepositWriter
from e2etherapy.relay.postgres.writing import WritingConnection
from e2etherapy.relay.store import Busy, Deposit, Expired, Invitation, PutMark, Refused, Space
from e2etherapy.wire.locator import Locator

_LISTEN_SECONDS = 10.0
VACUUM_SECONDS = 3_600.0
"""For one table; a server that has fallen silent must not end the relay's maintenance for good."""
_TAKES_CHANGES: Final = "SELECT current_setting('transaction_read_only') = 'off'"

# The first row says that there is such a mailbox, also when nothing is in it.
_COLLECT: Final = """
    SELECT 0 AS position, NULL::bytea AS envelope FROM mailbox WHERE id = $1
    UNION ALL
    (SELECT position, envelope FROM envelope WHERE mailbox = $1 AND position > $2
        ORDER BY position LIMIT $3)
    ORDER BY position
"""
# The first envelope is enough: a mailbox may hold thousands. By way of the mailbox, as Citus takes
# no subquery about the rows of a function.
_ARRIVED: Final = """
    SELECT number - 1 FROM unnest($1::bytea[], $2::bigint[])
        WITH ORDINALITY AS wait (mailbox, after, number) JOIN mailbox ON id = wait.mailbox
    WHERE coalesce((SELECT true FROM envelope
        WHERE envelope.mailbox = mailbox.id AND position > wait.after LIMIT 1), false)
    ORDER BY number
"""
STORED_SIZE: Final = 16_640
"""Bytes that an envelope takes with its row, about."""


class PostgresStore:
    """A Store. Deposits are written in groups on one connection, everything else on others."""

    may_miss_arrivals: ClassVar = True

    def __init__(self, place: PostgresDatabase, servers: Servers) -> None:
        session = SPREAD_SESSION if servers.spread else SESSION
        self._place = place
        self._servers = servers
        self._database = Pool(place, session=session)
        self._herald = Herald(self._database)
        self._writing: Database
        self._writer: DepositWriter | SpreadDepositWriter
        if servers.spread:
            self._writing = Pool(place, CONNECTIONS, session)
            self._writer = SpreadDepositWriter(self._writing, self._herald.announce)
        else:
            self._writing = WritingConnection(place, session)
            self._writer = DepositWriter(self._writing, self._herald.announce)
        self._listener = Listener(place)

    @classmethod
    async def open(cls, place: PostgresDatabase) -> PostgresStore:
        """Open a database, making the tables in an empty one.

        Raises:
            RelayDatabaseTooNew: a newer version of this program wrote it.
            RelayDatabaseTooOld: it needs `relay migrate` first.
            RelayDatabaseUnusable: it cannot be opened, is not a relay's, or the server is set so
                that it could lose what it has confirmed, or would write down times or contents.
        """
        async with setup_connection(place) as connection:
            await check_server(connection)
            await prepare(connection)
            servers = await Servers.of(connection)
            store = cls(place, servers)
            await store._writing.open()
            await store._database.open()
            try:
                await store._begin(connection)
            except RelayDatabaseUnusable:
                await store.close()
                raise
        return store

    async def _begin(self, connection: Connection) -> None:
        """Wait until this relay is told of arrivals, and keeps copies away."""
        try:
            async with asyncio.timeout(_LISTEN_SECONDS):
                await self._listener.listens()
        except TimeoutError:
            raise RelayDatabaseUnusable(
                "The relay's PostgreSQL database went away while the relay started, or is being "
                "copied or made ready. Nothing was changed: try again."
            ) from None
        await require_whole(connection)  # a copy may have begun before

    async def close(self) -> None:
        """Write what was accepted, tell of it, then close every connection."""
        await self._writer.close()
        await self._herald.close()
        await self._listener.close()
        await self._writing.close()
        await self._database.close()

    async def grant(self, allowance: AllowanceHash, tickets: int) -> None:
        """See Store.grant."""
        await rights.grant(self._database, allowance, tickets)

    async def issue(self, allowance: AllowanceHash, tickets: Collection[TicketHash]) -> None:
        """See Store.issue."""
        await self._database.transact(
            partial(rights.issue, allowance=allowance, tickets=set(tickets))
        )

    async def create_mailbox(
        self, mailbox: MailboxId, deposit_key_hash: DepositKeyHash, ticket: TicketHash
    ) -> None:
        """See Store.create_mailbox."""
        await self._database.transact(
            partial(
                rights.create_mailbox,
                mailbox=mailbox,
                deposit_key_hash=deposit_key_hash,
                ticket=ticket,
            )
        )

    async def has_mailbox(self, mailbox: MailboxId) -> bool:
        """See Store.has_mailbox."""
        rows = await self._database.fetch("SELECT id FROM mailbox WHERE id = $1", mailbox)
        found = rows[0][0] if rows else bytes(32)
        return hmac.compare_digest(found, mailbox) and bool(rows)

    async def check(self) -> None:
        """See Store.check."""
        ((takes_changes,),) = await self._database.fetch(_TAKES_CHANGES)
        if not takes_changes:
            raise Busy("The database takes no changes now.")

    async def close_mailbox(self, mailbox: MailboxId) -> None:
        """See Store.close_mailbox."""
        await rights.close_mailbox(self._database, mailbox)

    async def deposit(self, deposit: Deposit) -> None:
        """See Store.deposit."""
        await self._writer.deposit(deposit)

    def on_arrival(self, listener: Callable[[MailboxId], None]) -> None:
        """See Store.on_arrival."""
        self._writer.on_arrival = listener

    def on_arrival_elsewhere(
        self, listener: Callable[[MailboxId], None], on_doubt: Callable[[], None]
    ) -> None:
        """See Store.on_arrival_elsewhere."""
        self._listener.on_arrival = listener
        self._listener.on_doubt = on_doubt

    async def collect(self, mailbox: MailboxId, after: int, limit: int) -> list[StoredEnvelope]:
        """See Store.collect."""
        rows = await self._database.fetch(_COLLECT, mailbox, after, limit)
        if not rows:
            raise Refused(REFUSAL)
        return [StoredEnvelope(*row) for row in rows[1:]]

    async def acknowledge(self, mailbox: MailboxId, through: int) -> None:
        """See Store.acknowledge."""
        await rights.acknowledge(self._database, mailbox, through)

    async def arrived(self, waits: Sequence[tuple[MailboxId, int]]) -> list[int]:
        """See Store.arrived."""
        if not waits:
            return []
        rows = await self._database.fetch(_ARRIVED, *zip(*waits, strict=True))
        return [row[0] for row in rows]

    async def put_invitation(
        self, ticket: TicketHash, mark: PutMark, invitation: Invitation
    ) -> None:
        """See Store.put_invitation."""
        await self._database.transact(
            partial(invitations.put, ticket=ticket, mark=mark, invitation=invitation)
        )

    async def claim(self, locator: Locator, claim: ClaimHash, today: int) -> bytes:
        """See Store.claim."""
        return await self._database.transact(
            partial(invitations.claim, locator=locator, token=claim, today=today)
        )

    async def forget_invitation(self, locator: Locator, claim: ClaimHash, today: int) -> None:
        """See Store.forget_invitation."""
        await self._database.transact(
            partial(invitations.forget, locator=locator, token=claim, today=today)
        )

    async def expire(self, today: int) -> AsyncGenerator[Expired, None]:
        """See Store.expire."""
        deleted = -1
        while deleted:
            deleted = await invitations.delete_over(self._database, today)
            yield Expired(0, deleted)
        async with aclosing(expiry.expired_envelopes(self._database, today)) as steps:
            async for deleted in steps:
                yield Expired(deleted, 0)

    def on_group(self, listener: Callable[[int], None]) -> None:
        """See Store.on_group: groups of deposits; other changes have a commit of their own."""
        self._writer.on_group = listener

    def pending(self) -> int:
        """See Store.pending: deposits."""
        return self._writer.pending()

    async def space(self) -> Space:
        """See Store.space; the server's disk is not seen from here."""
        envelopes = await self._database.run(self._servers.envelopes)
        return Space(stored=envelopes * STORED_SIZE, free=None, envelopes=envelopes)

    async def scrub(self) -> None:
        """Let new rows be written over deleted ones; see docs/relay-data.md for what stays."""
        self._writer.forget()
        connection = await connect(self._place, PATIENT, command_seconds=VACUUM_SECONDS)
        try:
            await expiry.vacuum(connection, self._servers)
        finally:
            # Not in order: a server that has fallen silent would be waited for.
            connection.terminate()
