"""A relay's file of the first version, in which bodies stood apart, goes on as it was."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import DepositKeyHash, MailboxId
from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.sqlite.backup import back_up, restore
from e2etherapy.relay.sqlite.connection import PRAGMAS
from e2etherapy.relay.sqlite.inspection import condition, statistics
from e2etherapy.relay.sqlite.schema import MIGRATIONS, migrate
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Deposit
from tests.support.relays import TODAY, draw, envelope

MAILBOXES = [MailboxId(bytes([number]) * 32) for number in range(1, 4)]
KEY_HASH = DepositKeyHash(b"\x09" * 32)
MINUTE = 29_000_000
EARLIER_RESTORE = (MINUTE - 1) << COUNT_BITS
WAITING = {
    MAILBOXES[0]: [3, 4, 5],
    MAILBOXES[1]: [2, EARLIER_RESTORE | 3],
    MAILBOXES[2]: [],
}
LAST = {MAILBOXES[0]: 5, MAILBOXES[1]: EARLIER_RESTORE | 3, MAILBOXES[2]: 7}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "relay.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in PRAGMAS:
            database.execute(pragma)
        migrate(database, MIGRATIONS[:1])
        database.execute("BEGIN")
        for mailbox in MAILBOXES:
            database.execute(
                "INSERT INTO mailbox VALUES (?, ?, ?)", (mailbox, KEY_HASH, LAST[mailbox])
            )
        for mailbox, position in ((box, each) for box in MAILBOXES for each in WAITING[box]):
            content = said(mailbox, position)
            number = int.from_bytes(draw(8), "big") >> 1
            database.execute("INSERT INTO body VALUES (?, ?)", (number, content))
            database.execute(
                "INSERT INTO envelope VALUES (?, ?, ?, ?, ?)",
                (mailbox, position, sha256(content), TODAY, number),
            )
        database.execute("COMMIT")
    return path


def said(mailbox: MailboxId, position: int) -> bytes:
    return envelope(f"{mailbox[0]} {position}")


async def check(path: Path, raised_to: int | None = None) -> None:
    """See that everything waits as it did, and that positions go on."""
    store = await SqliteStore.open(path)
    for mailbox, positions in WAITING.items():
        found = [(item.position, item.envelope) for item in await store.collect(mailbox, 0, 64)]
        assert found == [(position, said(mailbox, position)) for position in positions]
        for content in (*(said(mailbox, each) for each in positions), envelope("new")):
            await store.deposit(Deposit(mailbox, KEY_HASH, sha256(content), content, TODAY))
        *_, (newest, content) = [
            (item.position, item.envelope) for item in await store.collect(mailbox, 0, 64)
        ]
        count = LAST[mailbox] + 1
        if raised_to is not None:
            count = raised_to << COUNT_BITS | (count & (2**COUNT_BITS - 1))
        assert (newest, content) == (count, envelope("new"))
    await store.close()


async def test_it_goes_on_as_it_was(old: Path) -> None:
    assert condition(old).version == 1
    await check(old)
    assert condition(old).version == len(MIGRATIONS)
    with closing(sqlite3.connect(old)) as reader:
        numbers = [row[0] for row in reader.execute("SELECT number FROM mailbox")]
    assert len(set(numbers)) == len(MAILBOXES)


async def test_it_is_backed_up_before_the_change_and_restored_after_it(
    old: Path, tmp_path: Path
) -> None:
    await asyncio.to_thread(back_up, old, tmp_path / "copy.db")
    assert condition(tmp_path / "copy.db").version == 1
    restored = restore(tmp_path / "copy.db", tmp_path / "again.db", MINUTE)
    assert (restored.mailboxes, restored.envelopes) == (3, 5)
    await check(tmp_path / "again.db", raised_to=MINUTE)


def test_it_is_counted_only_after_the_change(old: Path) -> None:
    with pytest.raises(RelayDatabaseUnusable, match="relay migrate"):
        statistics(old)


def test_a_change_for_which_there_is_no_room_leaves_it_as_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as database:
        ((pages,),) = database.execute("PRAGMA page_count")
        database.execute(f"PRAGMA max_page_count = {pages + 4}")
        before = list(database.iterdump())
        with pytest.raises(sqlite3.OperationalError, match="full"):
            migrate(database)
        assert list(database.iterdump()) == before
    assert condition(old).version == 1


async def test_a_disk_with_too_little_room_for_the_change_is_told_before_it(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=9, f_frsize=1))
    before = old.read_bytes()
    with pytest.raises(RelayDatabaseUnusable, match=r"takes [0-9,]+ bytes .* 9 are free"):
        await SqliteStore.open(old)
    assert condition(old).version == 1
    assert old.read_bytes() == before
