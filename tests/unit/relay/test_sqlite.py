"""What is SQLite's own about the store: the file, its versions, its groups, a full disk."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from e2etherapy.errors import RelayDatabaseTooNew, RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.group import MAX_PENDING, MAX_PENDING_DEPOSITS
from e2etherapy.relay.sqlite.connection import connect
from e2etherapy.relay.sqlite.schema import MIGRATIONS, migrate
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.sqlite.writer import MAX_GROUP
from e2etherapy.relay.store import Busy, Deposit, DiskFull
from tests.support.relays import TODAY, draw, envelope

MAILBOX = MailboxId(b"\x01" * 32)
KEY_HASH = DepositKeyHash(b"\x02" * 32)


def a_deposit(text: str) -> Deposit:
    content = envelope(text)
    return Deposit(MAILBOX, KEY_HASH, sha256(content), content, TODAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(path)
    ticket = TicketHash(draw(32))
    await opened.grant(AllowanceHash(b"\x03" * 32), 1)
    await opened.issue(AllowanceHash(b"\x03" * 32), [ticket])
    await opened.create_mailbox(MAILBOX, KEY_HASH, ticket)
    yield opened
    await opened.close()


async def test_only_whoever_runs_the_relay_can_read_its_files(
    store: SqliteStore, path: Path
) -> None:
    await store.deposit(a_deposit("a"))
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("foreign_keys", 1)],
)
async def test_a_commit_waits_for_the_disk_and_a_deletion_overwrites(
    store: SqliteStore, pragma: str, value: object
) -> None:
    rows = await store._writing.execute_fetchall(f"PRAGMA {pragma}")
    assert [tuple(row) for row in rows] == [(value,)]


async def test_nothing_of_an_acknowledged_envelope_stays_in_the_files(
    store: SqliteStore, path: Path
) -> None:
    contents = [envelope(f"{number}") for number in range(20)]
    for content in contents:
        await store.deposit(Deposit(MAILBOX, KEY_HASH, sha256(content), content, TODAY))
    pieces = [content[start : start + 48] for content in contents for start in (0, 8_000, 16_336)]

    def found() -> int:
        stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
        return sum(piece in stored for piece in pieces)

    assert found() == len(pieces)
    await store.acknowledge(MAILBOX, 20)
    await store.scrub()
    assert found() == 0


async def test_a_database_of_a_newer_version_is_refused_and_untouched(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(RelayDatabaseTooNew, match="newer version"):
        await SqliteStore.open(path)
    assert path.read_bytes() == before


async def test_the_database_of_another_program_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipe (text)")
    with pytest.raises(RelayDatabaseUnusable, match="another program"):
        await SqliteStore.open(path)


async def test_a_file_that_is_no_database_is_refused_and_untouched(path: Path) -> None:
    path.write_text("Dear diary, " * 1_000)
    with pytest.raises(RelayDatabaseUnusable, match="not an SQLite database"):
        await SqliteStore.open(path)
    assert path.read_text() == "Dear diary, " * 1_000


async def test_a_folder_that_is_missing_is_named_in_a_sentence(path: Path) -> None:
    with pytest.raises(RelayDatabaseUnusable, match=r"No such file or directory.*check the path"):
        await SqliteStore.open(path / "nowhere" / "relay.db")


async def migrated(path: Path, *further: tuple[str, ...]) -> None:
    """Open a database with a version of this program that has more migrations."""
    database = await connect(path)
    try:
        await database.run(partial(migrate, migrations=(*MIGRATIONS, *further)))
    finally:
        await database.close()


async def test_a_migration_happens_once_and_keeps_what_is_there(path: Path) -> None:
    store = await SqliteStore.open(path)
    await store.grant(AllowanceHash(b"\x03" * 32), 7)
    await store.close()
    for _ in range(2):
        await migrated(path, ("ALTER TABLE allowance ADD COLUMN colour TEXT DEFAULT 'blue'",))
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT remaining, colour FROM allowance").fetchall() == [(7, "blue")]
        assert reader.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


async def test_a_migration_that_fails_leaves_the_version_before(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    with pytest.raises(sqlite3.OperationalError):
        await migrated(path, ("CREATE TABLE extra (text) STRICT", "ALTER TABLE none RENAME TO x"))
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert not reader.execute("SELECT 1 FROM sqlite_schema WHERE name = 'extra'").fetchall()


async def test_deposits_that_wait_together_share_a_commit(store: SqliteStore) -> None:
    statements: list[str] = []
    await store._writing.set_trace_callback(statements.append)
    deposits = [a_deposit(f"{number}") for number in range(3 * MAX_GROUP)]
    await asyncio.gather(*(store.deposit(deposit) for deposit in deposits))
    assert sum("INSERT INTO envelope" in statement for statement in statements) == 3
    # Each is a transaction by itself.
    assert not any("BEGIN" in statement for statement in statements)


async def test_of_few_that_wait_some_are_left_so_that_there_is_always_a_group_to_come(
    store: SqliteStore,
) -> None:
    groups: list[int] = []
    store.on_group(groups.append)
    await asyncio.gather(*(store.deposit(a_deposit(f"{number}")) for number in range(32)))
    assert groups == [20, 12]


async def test_a_deposit_is_answered_only_after_its_commit(store: SqliteStore, path: Path) -> None:
    await store.deposit(a_deposit("a"))
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT count(*) FROM envelope").fetchone() == (1,)


async def test_on_a_full_disk_deposits_fail_while_deleting_goes_on(store: SqliteStore) -> None:
    for number in range(5):
        await store.deposit(a_deposit(f"{number}"))
    ((pages,),) = await store._writing.execute_fetchall("PRAGMA page_count")
    await store._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    *deposits, acknowledged = await asyncio.gather(
        *(store.deposit(a_deposit(f"too much {number}")) for number in range(20)),
        store.acknowledge(MAILBOX, 2),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in deposits} == {DiskFull}
    assert acknowledged is None
    assert [item.position for item in await store.collect(MAILBOX, 0, 64)] == [3, 4, 5]
    await store.deposit(a_deposit("fits into the room of what was deleted"))
    assert [item.position for item in await store.collect(MAILBOX, 0, 64)] == [3, 4, 5, 6]


async def test_more_deposits_than_the_relay_holds_are_turned_away(store: SqliteStore) -> None:
    outcomes = await asyncio.gather(
        *(store.deposit(a_deposit("same")) for _ in range(MAX_PENDING + 10)),
        return_exceptions=True,
    )
    held = MAX_PENDING_DEPOSITS
    assert [type(outcome) for outcome in outcomes].count(Busy) == MAX_PENDING + 10 - held
    await store.deposit(a_deposit("afterwards"))


async def test_acknowledging_has_room_where_deposits_have_none(store: SqliteStore) -> None:
    await store.deposit(a_deposit("first"))
    deposits = [store.deposit(a_deposit("same")) for _ in range(MAX_PENDING + 10)]
    outcomes = await asyncio.gather(
        *deposits, store.acknowledge(MAILBOX, 1), return_exceptions=True
    )
    assert [outcomes[0], type(outcomes[-2])] == [None, Busy]
    assert outcomes[-1] is None


async def test_a_fault_in_one_change_fails_only_that_one(store: SqliteStore) -> None:
    def broken(database: sqlite3.Connection) -> None:
        database.execute("SELECT nothing FROM nowhere")

    fault, deposited = await asyncio.gather(
        store._writer.run(broken), store.deposit(a_deposit("a")), return_exceptions=True
    )
    assert isinstance(fault, sqlite3.OperationalError)
    assert deposited is None
    assert len(await store.collect(MAILBOX, 0, 64)) == 1


async def test_a_closed_store_takes_nothing(path: Path) -> None:
    store = await SqliteStore.open(path)
    await store.close()
    with pytest.raises(Busy):
        await store.deposit(a_deposit("a"))
