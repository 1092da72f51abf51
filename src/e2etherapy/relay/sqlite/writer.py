"""The connection that writes: units of a group applied in its thread, in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.group import GroupWriter, Unit, Written, take
from e2etherapy.relay.known_mailboxes import KnownMailboxes
from e2etherapy.relay.sqlite.checkpoints import Checkpoints
from e2etherapy.relay.sqlite.connection import Connection, empty_log, in_store_words, scrub
from e2etherapy.relay.sqlite.deposits import SqliteDepositBatch
from e2etherapy.relay.sqlite.digests import KnownDigests
from e2etherapy.relay.store import Busy, DiskFull, StoreError

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]
"""Reads, decides, and only then writes: one that raises a StoreError has written nothing."""

MAX_GROUP = 64
"""Deposits. Groups of 96 are no faster, and of 32 a sixth slower (docs/decisions/0021)."""
_FEW = 32
_GROUP_OF_FEW = 20
"""Of no more than few that wait, these: were all of them taken, the event loop would have nothing
to do until they are written, and then the thread nothing until the loop has read the next ones."""
_TAKEN = {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}
"""Another opening of the file has written where this one was about to."""
_MAX_CHANGES = 32
"""Other changes, of which some delete 128 envelopes."""
_PATIENCE_MILLISECONDS = 100
"""For whoever reads from the write-ahead log when it is to be emptied. A backup reads for minutes,
and meanwhile everything waits that is to be written."""
_FLIGHTS = 2
"""One group is being written, and the thread finds the next one without asking the event loop.

With one, the thread stood still for as long as it took while the loop was busy with requests.
"""


class _SqliteUnit(Unit, Protocol):
    """A part of a group that is applied in the connection's thread."""

    @property
    def is_one_statement(self) -> bool:
        """Whether it changes everything with one statement, which is a transaction by itself."""

    def apply(self, database: sqlite3.Connection, known: KnownMailboxes) -> None:
        """Decide and change, within a transaction unless it is one statement."""

    def committed(self, known: KnownMailboxes) -> None:
        """Bring what is known in line with what was committed."""


class _SingleChange(Generic[T]):
    """One change and whoever waits for its result."""

    size = 1
    is_one_statement = False

    def __init__(self, change: Change[T], mailbox: MailboxId | None) -> None:
        self._change = change
        self._mailbox = mailbox
        self._outcome: T | StoreError | None = None
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def apply(self, database: sqlite3.Connection, _known: KnownMailboxes) -> None:
        """Make the change, keeping its result or refusal."""
        try:
            self._outcome = self._change(database)
        except StoreError as refusal:
            self._outcome = refusal

    def committed(self, known: KnownMailboxes) -> None:
        """Forget what it may have changed."""
        if self._mailbox is None:
            known.forget_all()
        else:
            known.forget(self._mailbox)

    def settle(self) -> None:
        """Give the result to whoever still waits for it."""
        if self.answer.done():
            return
        if isinstance(self._outcome, StoreError):
            self.answer.set_exception(self._outcome)
        else:
            self.answer.set_result(cast("T", self._outcome))

    def fail(self, problem: BaseException) -> None:
        """Tell whoever still waits that nothing was written."""
        if not self.answer.done():
            self.answer.set_exception(problem)


class SqliteWriter(GroupWriter):
    """The only user of the connection that writes."""

    def __init__(self, database: Connection, beside: Connection) -> None:
        """Take the connection to write with, and one for what goes on beside it."""
        super().__init__(_FLIGHTS)
        self._database = database
        self._changes: deque[_SqliteUnit] = deque()
        self._digests = KnownDigests()
        self._known = KnownMailboxes()
        self._is_sound = True
        self._checkpoints = Checkpoints(beside, database, self._doubt)

    async def run(self, change: Change[T], mailbox: MailboxId | None = None) -> T:
        """Make one other change and return its result once that is durable.

        Args:
            change: what is to be done.
            mailbox: the only one that it may change; without one, that may be any.

        Raises:
            StoreError: refused, no room, or too much waits.
        """
        self._check_room()
        unit = _SingleChange(change, mailbox)
        self._changes.append(unit)
        self._something.set()
        return await unit.answer

    def pending(self) -> int:
        """Return how much waits to be written."""
        return super().pending() + len(self._changes)

    async def close(self) -> None:
        """Take nothing more, write what was taken, and close the connection beside."""
        await super().close()
        await self._checkpoints.close()

    def scrub(self, database: sqlite3.Connection) -> None:
        """Empty the log, and forget which mailboxes were written to: both say in which order."""
        self._forget()
        scrub(database)

    async def _write_next(self) -> Sequence[Written]:
        written = await self._database.run(self._write_group)
        self._checkpoints.written(sum(one.size for one in written))
        return written

    def _forget(self) -> None:
        self._known.forget_all()
        self._digests.forget_all()

    def _doubt(self) -> None:
        """Write everything once more before the next change; see _transact."""
        self._is_sound = False

    def _write_group(self, database: sqlite3.Connection) -> list[Written]:
        """Write what waits when it is this group's turn, in the connection's thread."""
        units: list[_SqliteUnit] = []
        most = MAX_GROUP if len(self._deposits) > _FEW else _GROUP_OF_FEW
        if deposits := take(self._deposits, most):
            units.append(SqliteDepositBatch(deposits, self.on_arrival, self._digests))
        units.extend(take(self._changes, _MAX_CHANGES))
        return self._commit(database, units) if units else []

    def _commit(
        self,
        database: sqlite3.Connection,
        units: Sequence[_SqliteUnit],
        patience: int = _PATIENCE_MILLISECONDS,
    ) -> list[Written]:
        """Write all units in one transaction, or each in its own where that fails.

        On a full disk a group fails as a whole although the deletions in it might succeed and
        make room. For the log the group has waited once: its units do not wait again.
        """
        try:
            self._transact_with_room(database, units, patience)
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it; the writer goes on
            self._known.forget_all()
            if len(units) == 1:
                return [Written(units, problem)]
            return [one for unit in units for one in self._commit(database, [unit], 0)]
        return [Written(units)]

    def _transact_with_room(
        self, database: sqlite3.Connection, units: Sequence[_SqliteUnit], patience: int
    ) -> None:
        """Write all units; where the disk is full, give back the room of the write-ahead log first.

        What was acknowledged on a full disk makes room in the file, but takes some in the log.
        """
        try:
            self._transact(database, units, patience)
        except DiskFull as full:
            try:
                _empty_log(database, patience)
            except (sqlite3.Error, OSError, Busy) as problem:
                known = in_store_words(problem)
                self._is_sound = isinstance(known, StoreError) and self._is_sound
                raise full from None
            self._transact(database, units, patience)

    def _transact(
        self, database: sqlite3.Connection, units: Sequence[_SqliteUnit], patience: int
    ) -> None:
        """Write all units in one transaction, or nothing; raise in the store's words.

        After a sync that failed, what the system shows of the write-ahead log need not be on disk.
        Then the log is emptied into the database first, which writes and syncs everything that was
        ever answered once more. Until the disk does that, or while somebody reads from the log,
        nothing is written.
        """
        try:
            if not self._is_sound:
                _empty_log(database, patience)
                self._is_sound = True
            self._transact_once_more(database, units)
        except (sqlite3.Error, OSError) as problem:
            known = in_store_words(problem)
            self._is_sound = isinstance(known, StoreError) and self._is_sound
            raise known from None

    def _transact_once_more(
        self, database: sqlite3.Connection, units: Sequence[_SqliteUnit]
    ) -> None:
        """Write all units; with the database to itself if another opening of it was quicker."""
        try:
            _transact(database, units, self._known)
        except sqlite3.IntegrityError as problem:
            if problem.sqlite_errorname not in _TAKEN:
                raise
            self._forget()
            _transact(database, units, self._known, alone=True)


def _empty_log(database: sqlite3.Connection, patience: int) -> None:
    """Empty the write-ahead log, waiting so many milliseconds for whoever reads from it.

    Raises:
        Busy: somebody still does.
    """
    ((usual,),) = database.execute("PRAGMA busy_timeout")
    database.execute(f"PRAGMA busy_timeout = {patience}")
    try:
        empty_log(database)
    finally:
        database.execute(f"PRAGMA busy_timeout = {usual}")


def _transact(
    database: sqlite3.Connection,
    units: Sequence[_SqliteUnit],
    known: KnownMailboxes,
    *,
    alone: bool = False,
) -> None:
    try:
        if alone or not all(unit.is_one_statement for unit in units):
            database.execute("BEGIN IMMEDIATE")
        for unit in units:
            unit.apply(database, known)
        if database.in_transaction:
            database.execute("COMMIT")
    finally:
        # After some errors SQLite has rolled back by itself.
        if database.in_transaction:
            database.execute("ROLLBACK")
    for unit in units:
        unit.committed(known)
