"""Stores that break one promise each, now and then: what a check of the relay has to notice."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from dataclasses import replace

from e2etherapy.mailbox.capabilities import ClaimHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Deposit, Invitation, PutMark, Refused, StoreError
from e2etherapy.wire.locator import Locator
from tests.support.relays import draw

_chance = random.Random(1_906)


def _now_and_then() -> bool:
    return _chance.random() < 0.3


class AnswersBeforeTheCommit(SqliteStore):
    async def deposit(self, deposit: Deposit) -> None:
        asyncio.get_running_loop().call_later(0.02, self._start, deposit)

    def _start(self, deposit: Deposit) -> None:
        asyncio.ensure_future(super().deposit(deposit)).add_done_callback(
            lambda done: done.exception()
        )


class LosesADeposit(SqliteStore):
    async def deposit(self, deposit: Deposit) -> None:
        if not _now_and_then():
            await super().deposit(deposit)


class StoresTwice(SqliteStore):
    async def deposit(self, deposit: Deposit) -> None:
        await super().deposit(replace(deposit, digest=draw(32)))


class GivesAPositionTwice(SqliteStore):
    async def acknowledge(self, mailbox: MailboxId, through: int) -> None:
        def begin_anew(database: sqlite3.Connection) -> None:
            database.execute("UPDATE mailbox SET last_position = 0 WHERE id = ?", (mailbox,))

        await super().acknowledge(mailbox, through)
        await self._writer.run(begin_anew)


class LosesAnAcknowledgement(SqliteStore):
    async def acknowledge(self, mailbox: MailboxId, through: int) -> None:
        await super().acknowledge(mailbox, 0 if _now_and_then() else through)


class ShowsWhatWas(SqliteStore):
    async def collect(self, mailbox: MailboxId, after: int, limit: int) -> list[StoredEnvelope]:
        earlier: dict[bytes, list[StoredEnvelope]] = self.__dict__.setdefault("earlier", {})
        found = await super().collect(mailbox, after, limit)
        shown = earlier.get(mailbox, found) if _now_and_then() else found
        earlier[mailbox] = await super().collect(mailbox, 0, 64)
        return [item for item in shown if item.position > after][:limit]


class PaysTwice(SqliteStore):
    async def create_mailbox(
        self, mailbox: MailboxId, deposit_key_hash: DepositKeyHash, ticket: TicketHash
    ) -> None:
        def give_back(database: sqlite3.Connection) -> None:
            statement = "INSERT INTO ticket (hash) VALUES (?) ON CONFLICT DO NOTHING"
            database.execute(statement, (ticket,))

        await super().create_mailbox(mailbox, deposit_key_hash, ticket)
        await self._writer.run(give_back)


class LetsTwoWin(SqliteStore):
    async def claim(self, locator: Locator, claim: ClaimHash, today: int) -> bytes:
        try:
            return await super().claim(locator, claim, today)
        except Refused:
            statement = "SELECT bundle FROM invitation WHERE locator = ?"
            rows = await self._read(statement, (locator,))
            if not rows:
                raise
            return bytes(rows[0][0])


class ForgetsForAnybody(SqliteStore):
    async def forget_invitation(self, locator: Locator, claim: ClaimHash, today: int) -> None:
        def forget(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM invitation WHERE locator = ?", (locator,))

        await self._writer.run(forget)


class ForgetsWhatATicketPut(SqliteStore):
    async def put_invitation(
        self, ticket: TicketHash, mark: PutMark, invitation: Invitation
    ) -> None:
        def forget(database: sqlite3.Connection) -> None:
            database.execute("UPDATE ticket SET put_mark = NULL WHERE hash = ?", (ticket,))

        await super().put_invitation(ticket, mark, invitation)
        await self._writer.run(forget)


class RefusesWhatItDid(SqliteStore):
    async def deposit(self, deposit: Deposit) -> None:
        await super().deposit(deposit)
        if _now_and_then():
            raise _A_LIE


_A_LIE: StoreError = Refused("A refusal although it is stored.")

BROKEN: list[type[SqliteStore]] = [
    AnswersBeforeTheCommit,
    LosesADeposit,
    StoresTwice,
    GivesAPositionTwice,
    LosesAnAcknowledgement,
    ShowsWhatWas,
    PaysTwice,
    LetsTwoWin,
    ForgetsForAnybody,
    ForgetsWhatATicketPut,
    RefusesWhatItDid,
]
