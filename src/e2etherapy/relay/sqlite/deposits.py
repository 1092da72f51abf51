"""Deposits that came in at the same moment, stored with few statements for all of them."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.decisions import EnvelopeRow, MailboxState, decide_deposits
from e2etherapy.relay.group import DepositBatch, WaitingDeposits
from e2etherapy.relay.known_mailboxes import KnownMailbox, KnownMailboxes
from e2etherapy.relay.sqlite.digests import PREFIX_SIZE, KnownDigests
from e2etherapy.relay.sqlite.places import (
    COUNT_MASK,
    LAST_POSITION,
    OF_MAILBOX,
    OLDEST_POSITION,
    place_of,
)

# A mailbox that does not exist makes the same work as one whose key is another: 32 zero bytes
# stand for its key's hash, and everything is looked for. A join that left it out was visible in
# the time of the answer.
#
# One row of JSON comes back instead of one row for each mailbox: at each row the thread lets go
# of the interpreter and waits for it again.
_LOOK_UP = f"""
    WITH asked (address) AS (VALUES {{marks}})
    SELECT json_group_array(json_array(
        hex(address), coalesce(number, 0), hex(coalesce(deposit_key_hash, zeroblob(32))),
        {LAST_POSITION}, {OLDEST_POSITION}))
    FROM asked LEFT JOIN mailbox ON id = address
"""  # noqa: S608 - names and numbers of our own
_DIGESTS = f"""
    WITH mailbox (number) AS (VALUES {{marks}})
    SELECT json_group_array(coalesce(
        (SELECT group_concat(
                hex(substr(digest, 1, {PREFIX_SIZE})) || printf('%08x', place & {COUNT_MASK}), '')
            FROM envelope WHERE {OF_MAILBOX}), ''))
    FROM mailbox
"""  # noqa: S608 - names and numbers of our own
_WAITS = "SELECT EXISTS (SELECT 1 FROM envelope WHERE place = ? AND digest = ?)"
INSERT = "INSERT INTO envelope (place, position, digest, day, bytes) VALUES {marks}"


class SqliteDepositBatch(DepositBatch):
    """Deposits of one transaction, applied in the connection's thread."""

    is_one_statement = True

    def __init__(
        self,
        waiting: WaitingDeposits,
        on_arrival: Callable[[MailboxId], None],
        digests: KnownDigests,
    ) -> None:
        super().__init__(waiting, on_arrival)
        self._digests = digests
        self._left: dict[bytes, KnownMailbox] = {}
        """The mailboxes that are written to, as this leaves them."""

    def apply(self, database: sqlite3.Connection, known: KnownMailboxes) -> None:
        """Decide every deposit, and write those that are to be stored with one statement."""
        numbers, mailboxes = self._look_up(database, known)
        waiting = self._waiting(database, numbers, mailboxes)
        decision = decide_deposits(self.deposits, mailboxes, waiting)
        self.outcomes = decision.outcomes
        if decision.rows:
            insert(database, decision.rows, numbers)
        self._left.clear()
        for mailbox, position, digest, _, _ in decision.rows:
            self._digests.add(mailbox, digest, position & COUNT_MASK)
            self._left[mailbox] = KnownMailbox.left(mailboxes[mailbox], numbers[mailbox])
        self._digests.tidy()

    def committed(self, known: KnownMailboxes) -> None:
        """Remember what the mailboxes hold now."""
        for mailbox, left in self._left.items():
            known.keep(mailbox, left)

    def _look_up(
        self, database: sqlite3.Connection, known: KnownMailboxes
    ) -> tuple[dict[bytes, int], dict[bytes, MailboxState]]:
        """Return the numbers and the states of the mailboxes asked for."""
        numbers: dict[bytes, int] = {}
        mailboxes: dict[bytes, MailboxState] = {}
        asked: dict[bytes, None] = {}
        for deposit in self.deposits:
            box = known.shown(deposit.mailbox, deposit.key_hash)
            if box is None:
                asked[deposit.mailbox] = None
            else:
                numbers[deposit.mailbox] = box.number
                mailboxes[deposit.mailbox] = box.state()
        for address, number, state in _found(database, asked):
            numbers[address] = number
            mailboxes[address] = state
        return numbers, mailboxes

    def _waiting(
        self,
        database: sqlite3.Connection,
        numbers: Mapping[bytes, int],
        mailboxes: Mapping[bytes, MailboxState],
    ) -> set[tuple[bytes, bytes]]:
        """Return those of the envelopes that wait already, of whoever showed the right key."""
        shown = [
            (deposit.mailbox, deposit.digest)
            for deposit in self.deposits
            if hmac.compare_digest(mailboxes[deposit.mailbox].deposit_key_hash, deposit.key_hash)
            and mailboxes[deposit.mailbox].exists
        ]
        unknown = [
            box for box in dict.fromkeys(box for box, _ in shown) if not self._digests.knows(box)
        ]
        self._learn(database, [box for box in unknown if mailboxes[box].waiting], numbers)
        for box in unknown:
            if not mailboxes[box].waiting:
                self._digests.learn(box, b"")
        return {
            (box, digest)
            for box, digest in set(shown)
            for count in self._digests.counts(box, digest)
            if _waits(database, place_of(numbers[box], count), digest)
        }

    def _learn(
        self, database: sqlite3.Connection, unknown: Sequence[bytes], numbers: Mapping[bytes, int]
    ) -> None:
        if unknown:
            ((found,),) = _run(database, _DIGESTS, "(?)", [(numbers[box],) for box in unknown])
            for box, records in zip(unknown, msgspec.json.decode(found), strict=True):
                self._digests.learn(box, bytes.fromhex(records))


def _found(
    database: sqlite3.Connection, asked: Iterable[bytes]
) -> Iterator[tuple[bytes, int, MailboxState]]:
    """Yield each mailbox asked for with its number and state, made up where there is none."""
    rows = [(address,) for address in asked]
    if not rows:
        return
    ((found,),) = _run(database, _LOOK_UP, "(?)", rows)
    for text, number, key_hash, last, oldest in msgspec.json.decode(found):
        state = MailboxState(
            bool(number), bytes.fromhex(key_hash), last, waiting_between(oldest, last)
        )
        yield bytes.fromhex(text), number, state


def waiting_between(oldest: int, last: int) -> int:
    """Return how many envelopes wait in a mailbox, from its oldest one's position and its last.

    What waits is what lies between them: acknowledging and expiry take from the low end. Counting
    the rows would take longer the more of them there are.
    """
    return (last & COUNT_MASK) + 1 - (oldest & COUNT_MASK) if oldest else 0


def insert(
    database: sqlite3.Connection, rows: Sequence[EnvelopeRow], numbers: Mapping[bytes, int]
) -> None:
    """Write envelopes in the order of their places."""
    placed = sorted((place_of(numbers[row[0]], row[1]), *row[1:]) for row in rows)
    _run(database, INSERT, "(?, ?, ?, ?, ?)", placed)


def _waits(database: sqlite3.Connection, place: int, digest: bytes) -> bool:
    ((found,),) = database.execute(_WAITS, (place, digest))
    return bool(found)


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
