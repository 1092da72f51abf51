"""Copying a relay's file into PostgreSQL: all of it, once, and only one of the two is served."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.copying import TABLES, Copied
from e2etherapy.relay.database import copy_into, open_store, opened_store
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres import copying
from e2etherapy.relay.postgres import store as postgres_store
from e2etherapy.relay.postgres.connection import Connection, setup_connection
from e2etherapy.relay.postgres.schema import migrate
from e2etherapy.relay.sqlite import moving
from e2etherapy.relay.sqlite.moving import query_of
from e2etherapy.relay.store import Busy, Deposit, Invitation, PutMark
from e2etherapy.wire.locator import Locator
from tests.support.postgres import Server
from tests.support.relays import (
    TODAY,
    draw,
    envelope,
)


@pytest.fixture
def target(postgres_server: Server) -> PostgresDatabase:
    return asyncio.run(postgres_server.new_database())


async def small_relay(path: Path) -> Deposit:
    """Make a relay's file with a row of every kind; return a deposit that waits in it."""
    mailbox_, key_hash = MailboxId(draw(32)), DepositKeyHash(draw(32))
    tickets = [TicketHash(draw(32)) for _ in range(4)]
    async with opened_store(path) as store:
        allowance = AllowanceHash(draw(32))
        await store.grant(allowance, 9)
        await store.issue(allowance, tickets)
        await store.create_mailbox(mailbox_, key_hash, tickets[0])
        bundles = [Invitation(Locator(draw(32)), envelope("bundle"), TODAY + 3) for _ in range(2)]
        for ticket, made in zip(tickets[1:3], bundles, strict=True):
            await store.put_invitation(ticket, PutMark(draw(32)), made)
        await store.claim(bundles[0].locator, ClaimHash(draw(32)), TODAY)
        contents = [envelope(text) for text in ("collected", "waits", "waits too")]
        deposits = [Deposit(mailbox_, key_hash, sha256(each), each, TODAY) for each in contents]
        for each in deposits:
            await store.deposit(each)
        await store.acknowledge(mailbox_, 1)
    return deposits[-1]


def rows_of_file(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as reader:
        return [reader.execute(query_of(table)).fetchall() for table in TABLES]


async def rows_of_target(target: PostgresDatabase) -> list[list[tuple[object, ...]]]:
    connection = await asyncpg.connect(target.url)
    try:
        return [[tuple(row) for row in await connection.fetch(table.query())] for table in TABLES]
    finally:
        await connection.close()


async def test_a_copy_has_every_row_as_it_was(tmp_path: Path, target: PostgresDatabase) -> None:
    path = tmp_path / "relay.db"
    kept = await small_relay(path)
    before = rows_of_file(path)
    copied = await copy_into(path, target)
    assert copied == Copied(allowances=1, tickets=3, mailboxes=1, envelopes=2, invitations=2)
    assert await rows_of_target(target) == before
    async with opened_store(target) as store:
        await store.deposit(kept)  # waits already
        page = await store.collect(kept.mailbox, 0, 64)
        assert [item.position for item in page] == [2, 3]
        content = envelope("after the move")
        await store.deposit(
            Deposit(kept.mailbox, kept.key_hash, sha256(content), content, TODAY + 1)
        )
        assert (await store.collect(kept.mailbox, 3, 1))[0].position == 4


async def test_the_copied_tables_are_all_that_the_file_has(tmp_path: Path) -> None:
    await small_relay(tmp_path / "relay.db")
    with closing(sqlite3.connect(tmp_path / "relay.db")) as reader:
        columns = reader.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c"
            " WHERE t.type = 'table'"
        ).fetchall()
    copied = {(table.name, column) for table in TABLES for column in table.columns}
    # In the file, an envelope names its mailbox by a number.
    copied -= {("envelope", "envelope"), ("envelope", "mailbox")}
    own = {("envelope", "place"), ("envelope", "bytes"), ("mailbox", "number")}
    assert set(columns) == copied | own


async def test_a_moved_file_is_not_served_again(tmp_path: Path, target: PostgresDatabase) -> None:
    path = tmp_path / "relay.db"
    await small_relay(path)
    await copy_into(path, target)
    before = rows_of_file(path)
    with pytest.raises(RelayDatabaseUnusable, match="was moved to another database"):
        await open_store(path)
    with pytest.raises(RelayDatabaseUnusable, match="moved already"):
        await copy_into(path, target)
    assert rows_of_file(path) == before


async def test_a_store_that_had_the_file_open_changes_nothing_in_it_any_more(
    tmp_path: Path, target: PostgresDatabase
) -> None:
    path = tmp_path / "relay.db"
    kept = await small_relay(path)
    async with opened_store(path) as old:
        await copy_into(path, target)
        before = rows_of_file(path)
        content = envelope("too late")
        late = Deposit(kept.mailbox, kept.key_hash, sha256(content), content, TODAY)
        for change in (
            old.deposit(late),
            old.acknowledge(kept.mailbox, 3),
            old.close_mailbox(kept.mailbox),
            old.grant(AllowanceHash(draw(32)), 1),
        ):
            with pytest.raises(Busy):
                await change
        await old.deposit(kept)  # was acknowledged, and waits in the copy too
    assert rows_of_file(path) == before


async def test_a_target_that_is_not_empty_is_refused_and_the_file_stays_in_use(
    tmp_path: Path, target: PostgresDatabase
) -> None:
    path = tmp_path / "relay.db"
    await small_relay(path)
    async with opened_store(target) as store:
        await store.grant(AllowanceHash(draw(32)), 1)
    with pytest.raises(RelayDatabaseUnusable, match="not empty"):
        await copy_into(path, target)
    async with opened_store(path) as old:
        await old.grant(AllowanceHash(draw(32)), 1)
    async with opened_store(target) as store:
        await store.grant(AllowanceHash(draw(32)), 1)


async def test_a_file_that_is_no_relays_is_refused(
    tmp_path: Path, target: PostgresDatabase
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipe (text)")
    with pytest.raises(RelayDatabaseUnusable, match="not a relay's"):
        await copy_into(path, target)
    path.write_text("Dear diary, " * 1_000)
    with pytest.raises(RelayDatabaseUnusable, match="cannot be read"):
        await copy_into(path, target)
    with pytest.raises(RelayDatabaseUnusable, match="cannot be read"):
        await copy_into(tmp_path / "missing.db", target)
    assert not (tmp_path / "missing.db").exists()


class Interrupted(Exception):
    """The copy ends here."""


def interrupt(*_: object) -> None:
    raise Interrupted


@pytest.mark.parametrize("when", ["while rows are copied", "before the file is closed"])
async def test_an_interrupted_copy_leaves_the_file_in_use_and_the_target_unserved(
    tmp_path: Path, target: PostgresDatabase, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = tmp_path / "relay.db"
    await small_relay(path)
    before = rows_of_file(path)
    with monkeypatch.context() as patch:
        if when == "while rows are copied":
            patch.setattr(copying, "_read_back", interrupt)
        else:
            patch.setattr(moving.Source, "close_for_good", interrupt)
        with pytest.raises(Interrupted):
            await copy_into(path, target)
    with pytest.raises(RelayDatabaseUnusable, match="copy that was not finished"):
        await open_store(target)
    async with opened_store(path):
        assert rows_of_file(path) == before
    if when == "while rows are copied":
        await copy_into(path, target)
        assert await rows_of_target(target) == before
    else:
        with pytest.raises(RelayDatabaseUnusable, match="not empty"):
            await copy_into(path, target)


async def test_a_copy_interrupted_after_the_file_was_closed_is_finished_by_the_next(
    tmp_path: Path, target: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "relay.db"
    await small_relay(path)
    before = rows_of_file(path)
    close_for_good = moving.Source.close_for_good

    def close_and_be_interrupted(file: moving.Source) -> None:
        close_for_good(file)
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(moving.Source, "close_for_good", close_and_be_interrupted)
        with pytest.raises(Interrupted):
            await copy_into(path, target)
    for place in (path, target):
        with pytest.raises(RelayDatabaseUnusable):
            await open_store(place)
    assert (await copy_into(path, target)).envelopes == 2
    async with opened_store(target):
        assert await rows_of_target(target) == before


async def test_a_copy_that_differs_in_one_byte_is_noticed(
    tmp_path: Path, target: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "relay.db"
    await small_relay(path)
    write = copying._write

    async def write_and_damage(connection: asyncpg.Connection, *rest: object) -> object:
        summary = await write(connection, *rest)  # type: ignore[arg-type] # passed on
        await connection.execute("UPDATE envelope SET envelope = set_byte(envelope, 9000, 7)")
        return summary

    monkeypatch.setattr(copying, "_write", write_and_damage)
    with pytest.raises(RelayDatabaseUnusable, match=r"table envelope is not what was copied"):
        await copy_into(path, target)
    async with opened_store(path) as old:
        await old.grant(AllowanceHash(draw(32)), 1)


async def test_a_target_that_a_relay_serves_is_refused(
    tmp_path: Path, target: PostgresDatabase
) -> None:
    await small_relay(tmp_path / "relay.db")
    async with opened_store(target):
        with pytest.raises(RelayDatabaseUnusable, match="A relay serves this database"):
            await copy_into(tmp_path / "relay.db", target)
    await copy_into(tmp_path / "relay.db", target)


async def test_no_relay_starts_while_its_database_is_copied_into(
    tmp_path: Path, target: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start_a_relay(connection: Connection) -> None:
        with pytest.raises(RelayDatabaseUnusable, match="is being copied"):
            await open_store(target)
        await mark(connection)

    mark = copying._mark
    monkeypatch.setattr(copying, "_mark", start_a_relay)
    monkeypatch.setattr(postgres_store, "_LISTEN_SECONDS", 0.5)
    async with setup_connection(target) as connection:
        await migrate(connection)
    await small_relay(tmp_path / "relay.db")
    before = rows_of_file(tmp_path / "relay.db")
    await copy_into(tmp_path / "relay.db", target)
    async with opened_store(target):
        assert await rows_of_target(target) == before
