"""Deposits that came in at the same moment, stored with five statements for all of them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
import msgspec
from typing import TYPE_CHECKING

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY
from e2etherapy.relay.store import Deposit, MailboxFull, Refused, StoreError

if TYPE_CHECKING:
    import aiosqlite

Row = tuple[bytes, int, bytes, int, bytes]

_NO_HASH = bytes(32)
"""Stands for the deposit key's hash of a mailbox that does not exist, so that one is compared."""

INSERT = "INSERT INTO envelope (mailbox, position, digest, day, envelope) VALUES"
ADVANCE = "UPDATE mailbox SET last_position = ? WHERE id = ?"


@dataclass(slots=True)
class _Mailbox:
    """What a group needs to know of one mailbox, carried forward from deposit to deposit."""

    deposit_key_hash: bytes
    last_position: int
    waiting: int
    advanced: bool = False


class DepositBatch:
    """Deposits of one transaction; each has its own outcome."""

    def __init__(
        self,
        deposits: Sequence[tuple[Deposit, asyncio.Future[None]]],
        on_arrival: Callable[[MailboxId], None],
    ) -> None:
        self._deposits = deposits
        self._on_arrival = on_arrival
        self._outcomes: list[StoreError | None] = []

    async def apply(self, database: aiosqlite.Connection) -> None:
        """Decide every deposit and write those that are to be stored."""
        mailboxes = await self._mailboxes(database)
        waiting = await self._waiting(database)
        rows: list[Row] = []
        self._outcomes = [
            _decide(deposit, mailboxes.get(deposit.mailbox), waiting, rows)
            for deposit, _ in self._deposits
        ]
        if rows:
            # By mailbox, so that a page's order does not keep the order of arrival in a group.
            rows.sort()
            await database.execute(
                f"{INSERT} {_marks('(?, ?, ?, ?, ?)', rows)}", [v for row in rows for v in row]
            )
            adv = _advances(mailboxes)
            await database.execute(
                "UPDATE mailbox SET last_position = position FROM (SELECT column1 AS position, column2 AS mailbox FROM (VALUES"
                f" {_marks('(?, ?)', adv)})) WHERE id = mailbox", [v for row in adv for v in row]
            )

    def settle(self) -> None:
        """Give each deposit its outcome."""
        for (deposit, answer), outcome in zip(self._deposits, self._outcomes, strict=True):
            if outcome is None:
                self._on_arrival(deposit.mailbox)
            if answer.done():
                continue
            if outcome is None:
                answer.set_result(None)
            else:
                answer.set_exception(outcome)

    def fail(self, problem: BaseException) -> None:
        """Tell every depositor that nothing was stored."""
        for _, answer in self._deposits:
            if not answer.done():
                answer.set_exception(problem)

    async def _mailboxes(self, database: aiosqlite.Connection) -> dict[bytes, _Mailbox]:
        pairs = [v for n, (d, _) in enumerate(self._deposits) for v in (n, d.mailbox, d.digest)]
        ((text,),) = await database.execute_fetchall(
            "WITH deposit (number, address, hash) AS (VALUES " + _marks('(?, ?, ?)', self._deposits) + ")"
            " SELECT json_group_array(json_array(number, hex(deposit_key_hash), last_position,"
            " last_position + 1 - coalesce((SELECT min(position) FROM envelope WHERE mailbox = id), last_position + 1),"
            " EXISTS (SELECT 1 FROM envelope WHERE mailbox = address AND digest = hash)))"
            " FROM deposit JOIN mailbox ON id = address", pairs)
        found = {}
        self.dups = set()
        for n, h, last, waiting, dup in msgspec.json.decode(text):
            d = self._deposits[n][0]
            found[d.mailbox] = _Mailbox(bytes.fromhex(h), last, waiting)
            if dup: self.dups.add((d.mailbox, d.digest))
        return found

    async def _waiting(self, database: aiosqlite.Connection) -> set[tuple[bytes, bytes]]:
        return self.dups

def _decide(
    deposit: Deposit,
    mailbox: _Mailbox | None,
    waiting: set[tuple[bytes, bytes]],
    rows: list[Row],
) -> StoreError | None:
    """Return why a deposit is not stored, or None; add its row if it makes one."""
    expected = _NO_HASH if mailbox is None else mailbox.deposit_key_hash
    if not hmac.compare_digest(expected, deposit.key_hash) or mailbox is None:
        return Refused("There is nothing here for this key.")
    if (deposit.mailbox, deposit.digest) in waiting:
        return None
    if mailbox.waiting >= MAILBOX_CAPACITY:
        return MailboxFull("The mailbox has no room.")
    mailbox.last_position += 1
    mailbox.waiting += 1
    mailbox.advanced = True
    waiting.add((deposit.mailbox, deposit.digest))
    rows.append(
        (deposit.mailbox, mailbox.last_position, deposit.digest, deposit.day, deposit.envelope)
    )
    return None


def _advances(mailboxes: dict[bytes, _Mailbox]) -> list[tuple[int, bytes]]:
    return [(box.last_position, id_) for id_, box in mailboxes.items() if box.advanced]


def _marks(mark: str, values: Iterable[object]) -> str:
    return ", ".join(mark for _ in values)
