"""Deposits that came in at the same moment, stored with four statements for all of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.decisions import EnvelopeRow, MailboxState, decide_deposits
from e2etherapy.relay.group import DepositBatch

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
INSERT_BODIES = "INSERT INTO body (id, bytes) VALUES {marks}"
INSERT = "INSERT INTO envelope (mailbox, position, digest, day, body) VALUES {marks}"
_BODY_ID_SIZE = 8
ADVANCE = """
    UPDATE mailbox SET last_position = position
    FROM (SELECT column1 AS position, column2 AS mailbox FROM (VALUES {marks}))
    WHERE id = mailbox
"""


class SqliteDepositBatch(DepositBatch):
    """Deposits of one transaction, applied in the connection's thread."""

    def apply(self, database: sqlite3.Connection) -> None:
        """Decide every deposit and write those that are to be stored."""
        mailboxes, waiting = self._look_up(database)
        decision = decide_deposits(self.deposits, mailboxes, waiting)
        self.outcomes = decision.outcomes
        if decision.rows:
            insert(database, decision.rows)
            _run(database, ADVANCE, "(?, ?)", _advances(mailboxes))

    def _look_up(
        self, database: sqlite3.Connection
    ) -> tuple[dict[bytes, MailboxState], set[tuple[bytes, bytes]]]:
        """Return the mailboxes asked for, and which of these envelopes wait in them already."""
        asked = [
            (number, deposit.mailbox, deposit.digest)
            for number, deposit in enumerate(self.deposits)
        ]
        ((found,),) = _run(database, _LOOK_UP, "(?, ?, ?)", asked)
        mailboxes: dict[bytes, MailboxState] = {}
        waiting = set()
        for number, exists, key_hash, last, count, is_waiting in msgspec.json.decode(found):
            _, address, digest = asked[number]
            mailboxes[address] = MailboxState(bool(exists), bytes.fromhex(key_hash), last, count)
            if is_waiting:
                waiting.add((address, digest))
        return mailboxes, waiting


def insert(database: sqlite3.Connection, rows: Sequence[EnvelopeRow]) -> None:
    """Write envelopes, their bytes under random numbers: those say nothing about when it was."""
    drawn = system_entropy(_BODY_ID_SIZE * len(rows))
    numbers = [
        int.from_bytes(drawn[start : start + _BODY_ID_SIZE], "big") >> 1
        for start in range(0, len(drawn), _BODY_ID_SIZE)
    ]
    bodies = sorted((number, row[4]) for number, row in zip(numbers, rows, strict=True))
    entries = [(*row[:4], number) for number, row in zip(numbers, rows, strict=True)]
    _run(database, INSERT_BODIES, "(?, ?)", bodies)
    _run(database, INSERT, "(?, ?, ?, ?, ?)", entries)


def _advances(mailboxes: dict[bytes, MailboxState]) -> list[tuple[int, bytes]]:
    return [
        (box.last_position + box.added, address) for address, box in mailboxes.items() if box.added
    ]


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
