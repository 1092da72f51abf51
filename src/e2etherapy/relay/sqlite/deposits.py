"""Deposits that came in at the same moment, stored with three statements for all of them."""

from __future__ import annotations

import asyncio
import hmac
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY
from e2etherapy.relay.store import Deposit, MailboxFull, Refused, StoreError

Row = tuple[bytes, int, bytes, int, bytes]

# A mailbox that does not exist makes the same work as one whose key is another: 32 zero bytes
# stand for its key's hash, and everything is looked for. A join that left it out was visible in
# the time of the answer.
#
# What waits is what lies between the lowest and the last position: acknowledging and expiry take
# from the low end. Counting the rows would take longer the more of them there are. The lower
# 32 bits go on counting across a restore (COUNT_BITS).
#
# One row of JSON comes back instead of one row for each deposit: at each row the thread lets go
# of the interpreter and waits for it again.
_LOOK_UP = """
    WITH deposit (number, address, hash) AS (VALUES {marks})
    SELECT json_group_array(json_array(
        number, id IS NOT NULL, hex(coalesce(deposit_key_hash, zeroblob(32))),
        coalesce(last_position, 0),
        coalesce((last_position & 0xFFFFFFFF) + 1 - (SELECT min(position) & 0xFFFFFFFF
            FROM envelope WHERE mailbox = address), 0),
        EXISTS (SELECT 1 FROM envelope WHERE mailbox = address AND digest = hash)))
    FROM deposit LEFT JOIN mailbox ON id = address
"""
INSERT = "INSERT INTO envelope (mailbox, position, digest, day, envelope) VALUES {marks}"
ADVANCE = """
    UPDATE mailbox SET last_position = position
    FROM (SELECT column1 AS position, column2 AS mailbox FROM (VALUES {marks}))
    WHERE id = mailbox
"""


@dataclass(slots=True)
class _Mailbox:
    """What a group needs to know of one mailbox, carried forward from deposit to deposit."""

    exists: bool
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

    @property
    def size(self) -> int:
        """How many deposits it holds."""
        return len(self._deposits)

    def apply(self, database: sqlite3.Connection) -> None:
        """Decide every deposit and write those that are to be stored."""
        mailboxes, waiting = self._look_up(database)
        rows: list[Row] = []
        self._outcomes = [
            _decide(deposit, mailboxes[deposit.mailbox], waiting, rows)
            for deposit, _ in self._deposits
        ]
        if not rows:
            return
        # By mailbox, so that a page's order does not keep the order of arrival in a group.
        rows.sort()
        _run(database, INSERT, "(?, ?, ?, ?, ?)", rows)
        _run(database, ADVANCE, "(?, ?)", _advances(mailboxes))

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

    def _look_up(
        self, database: sqlite3.Connection
    ) -> tuple[dict[bytes, _Mailbox], set[tuple[bytes, bytes]]]:
        """Return the mailboxes asked for, and which of these envelopes wait in them already."""
        asked = [
            (number, deposit.mailbox, deposit.digest)
            for number, (deposit, _) in enumerate(self._deposits)
        ]
        ((found,),) = _run(database, _LOOK_UP, "(?, ?, ?)", asked)
        mailboxes: dict[bytes, _Mailbox] = {}
        waiting = set()
        for number, exists, key_hash, last, count, is_waiting in msgspec.json.decode(found):
            _, address, digest = asked[number]
            mailboxes[address] = _Mailbox(bool(exists), bytes.fromhex(key_hash), last, count)
            if is_waiting:
                waiting.add((address, digest))
        return mailboxes, waiting


def _decide(
    deposit: Deposit,
    mailbox: _Mailbox,
    waiting: set[tuple[bytes, bytes]],
    rows: list[Row],
) -> StoreError | None:
    """Return why a deposit is not stored, or None; add its row if it makes one."""
    same = hmac.compare_digest(mailbox.deposit_key_hash, deposit.key_hash)
    if not same or not mailbox.exists:
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
    return [(box.last_position, address) for address, box in mailboxes.items() if box.advanced]


def _run(
    database: sqlite3.Connection,
    statement: str,
    marks: str,
    rows: Sequence[tuple[bytes | int, ...]],
) -> list[tuple[str, ...]]:
    """Run a statement over all rows at once; only question marks become part of its text."""
    text = statement.format(marks=", ".join([marks] * len(rows)))
    values = [value for row in rows for value in row]
    return list(database.execute(text, values))
