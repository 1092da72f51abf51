"""The write-ahead log is emptied beside the writer, and a disk that fails there is noticed."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.known_mailboxes import KnownMailboxes
from e2etherapy.relay.sqlite import checkpoints, connection, writer
from e2etherapy.relay.sqlite.checkpoints import CHANGES_BETWEEN
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Busy, Deposit, DiskFull
from tests.support.relays import PATIENCE_SECONDS, TODAY, draw, envelope

MAILBOX, KEY_HASH = MailboxId(b"\x01" * 32), DepositKeyHash(b"\x02" * 32)
MEGABYTE = 2**20


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "relay.db")
    ticket, allowance = TicketHash(draw(32)), AllowanceHash(b"\x03" * 32)
    await opened.grant(allowance, 1)
    await opened.issue(allowance, [ticket])
    await opened.create_mailbox(MAILBOX, KEY_HASH, ticket)
    yield opened
    await opened.close()


async def deposited(store: SqliteStore, first: int, last: int) -> None:
    contents = [envelope(f"{number}") for number in range(first, last)]
    await asyncio.gather(
        *(store.deposit(Deposit(MAILBOX, KEY_HASH, sha256(one), one, TODAY)) for one in contents)
    )


async def test_the_log_stays_short_while_a_relay_is_never_idle(
    store: SqliteStore, tmp_path: Path
) -> None:
    """What is deposited here would fill 30 MB of it before SQLite's own checkpoint."""
    for first in range(0, 1_600, 32):
        await deposited(store, first, first + 32)
    assert (tmp_path / "relay.db-wal").stat().st_size < 16 * MEGABYTE


async def test_a_disk_that_fails_beside_the_writer_makes_it_write_everything_once_more(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    emptied = []
    empty_log = connection.empty_log

    def noted(database: sqlite3.Connection) -> None:
        emptied.append(True)
        empty_log(database)

    monkeypatch.setattr(writer, "empty_log", noted)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "checkpoint", failing)
        await deposited(store, 0, CHANGES_BETWEEN)
        if (running := store._writer._checkpoints._running) is not None:
            await running
    assert not emptied
    await deposited(store, CHANGES_BETWEEN, CHANGES_BETWEEN + 1)
    assert emptied == [True]
    await deposited(store, CHANGES_BETWEEN + 1, CHANGES_BETWEEN + 2)
    assert emptied == [True]


@dataclass
class Patience:
    """How long each emptying of the log would wait for a reader, in milliseconds."""

    waits: list[int] = field(default_factory=list)

    def empty_log(self, database: sqlite3.Connection) -> None:
        self.waits.append(patience_of(database))
        connection.empty_log(database)


def patience_of(database: sqlite3.Connection) -> int:
    ((milliseconds,),) = database.execute("PRAGMA busy_timeout")
    return int(milliseconds)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    noted = Patience()
    monkeypatch.setattr(writer, "empty_log", noted.empty_log)
    return noted


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Hold a moment of the database, as a backup does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM envelope").fetchall()
        yield


async def test_on_a_full_disk_a_group_waits_once_and_shortly_for_whoever_reads(
    store: SqliteStore, tmp_path: Path, patience: Patience
) -> None:
    usual = await store._writing.run(patience_of)
    await deposited(store, 0, 5)
    with reading(tmp_path / "relay.db"):
        await deposited(store, 5, 6)
        ((pages,),) = await store._writing.execute_fetchall("PRAGMA page_count")
        await store._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")
        outcomes = await asyncio.gather(
            deposited(store, 6, 26),
            *(store.grant(AllowanceHash(draw(32)), 1) for _ in range(9)),
            store.acknowledge(MAILBOX, 2),
            return_exceptions=True,
        )
    assert (type(outcomes[0]), outcomes[-1]) == (DiskFull, None)
    assert patience.waits[0] == writer._PATIENCE_MILLISECONDS < usual
    assert not any(patience.waits[1:])
    assert await store._writing.run(patience_of) == usual


async def test_after_a_failed_sync_no_change_waits_long_for_whoever_reads(
    store: SqliteStore, tmp_path: Path, patience: Patience
) -> None:
    await deposited(store, 0, 5)
    with reading(tmp_path / "relay.db"):
        await deposited(store, 5, 6)
        store._writer._doubt()
        with pytest.raises(Busy):
            await deposited(store, 6, 7)
    assert patience.waits == [writer._PATIENCE_MILLISECONDS]
    await deposited(store, 6, 7)


class Held:
    """Transactions that begin only when they are let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.first = threading.Event()
        self._let_go = threading.Semaphore(0)
        self._transact = writer._transact

    def transact(
        self,
        database: sqlite3.Connection,
        units: Sequence[writer._SqliteUnit],
        known: KnownMailboxes,
    ) -> None:
        self.begun += 1
        self.first.set()
        assert self._let_go.acquire(timeout=PATIENCE_SECONDS)
        self._transact(database, units, known)

    def let_go(self, *, until_begun: int) -> None:
        """Let one go, and hold the event loop until another has begun."""
        self._let_go.release()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.begun < until_begun and time.monotonic() < deadline:
            time.sleep(0.01)
        self._let_go.release(1_000)


async def test_the_next_group_begins_without_the_event_loop(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    monkeypatch.setattr(writer, "_transact", held.transact)
    deposits = asyncio.ensure_future(deposited(store, 0, 3 * writer.MAX_GROUP))
    await asyncio.to_thread(held.first.wait, PATIENCE_SECONDS)
    held.let_go(until_begun=2)
    assert held.begun == 2
    await deposits
