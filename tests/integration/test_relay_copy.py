"""Moving a relay from SQLite to PostgreSQL while clients deposit: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    OwnedMailbox,
    Ticket,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.copying import TABLES, Copied
from e2etherapy.relay.database import PostgresDatabase, copy_into, open_store, opened_store
from e2etherapy.relay.postgres import copying
from e2etherapy.relay.sqlite import moving
from e2etherapy.relay.store import Busy, Deposit, Invitation, PutMark
from e2etherapy.wire.locator import Locator
from tests.integration.test_relay_process import collected, mailbox, send, stop
from tests.support.postgres import Server
from tests.support.relays import (
    PATIENCE_SECONDS,
    TODAY,
    acknowledgement,
    creation,
    deposit,
    draw,
    envelope,
    relay_process,
    tickets_request,
)

SENDERS = 4


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
        return [reader.execute(table.query()).fetchall() for table in TABLES]


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
    copied = [(table.name, column) for table in TABLES for column in table.columns]
    assert sorted(copied) == sorted(columns)


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


def copy_by_command(source: Path, target: PostgresDatabase) -> dict[str, int]:
    command = [sys.executable, "-m", "e2etherapy.cli", "relay", "copy", "--json"]
    done = subprocess.run(
        [*command, "--from", source, "--to", target.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@dataclass
class Senders:
    """Clients that deposit one text after another, each until it is acknowledged.

    Attributes:
        port: where the relay is now.
        stored: every text that was acknowledged.
    """

    port: int
    owned: OwnedMailbox
    stored: list[str] = field(default_factory=list)
    enough: bool = False
    _news: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def deposit(self, sender: int) -> None:
        for number in itertools.takewhile(lambda _: not self.enough, itertools.count()):
            text = f"{sender} {number}"
            while not await asyncio.to_thread(is_stored, self.port, self.owned, text):
                pass
            self.stored.append(text)
            self._news.put_nowait(None)

    async def more(self, count: int) -> None:
        """Return once so many more were acknowledged."""
        while not self._news.empty():
            self._news.get_nowait()
        for _ in range(count):
            await self._news.get()


async def test_a_living_relay_is_moved_with_every_acknowledged_deposit_once(
    tmp_path: Path, target: PostgresDatabase
) -> None:
    with relay_process(tmp_path) as old:
        spare, ticket = OwnedMailbox.generate(draw), Ticket(draw(32))
        senders = Senders(old.port, await asyncio.to_thread(mailbox, old))
        allowance = await asyncio.to_thread(old.allowance, 2)
        assert send(old.port, tickets_request(allowance, ticket))[0] == 204
        tasks = [asyncio.create_task(senders.deposit(sender)) for sender in range(SENDERS)]
        async with asyncio.timeout(3 * PATIENCE_SECONDS):
            await senders.more(40)
            copied = await asyncio.to_thread(copy_by_command, old.database, target)
            assert copied["envelopes"] >= 40
            old.process.terminate()
            with relay_process(tmp_path, postgres=target) as new:
                senders.port = new.port
                await senders.more(20)
                senders.enough = True
                await asyncio.gather(*tasks)
                kept = await asyncio.to_thread(collected, new.port, senders.owned)
                assert {envelope(text) for text in senders.stored} == set(kept)
                assert sorted(kept.values()) == list(range(1, len(senders.stored) + 1))
                assert send(new.port, creation(spare, ticket))[0] == 204
                assert send(new.port, acknowledgement(senders.owned, 10))[0] == 204
                assert stop(new) == 0


def is_stored(port: int, owned: OwnedMailbox, text: str) -> bool:
    """Deposit once and say whether it was acknowledged; 503 or no answer means to try again."""
    try:
        status, body = send(port, deposit(owned, envelope(text)))
    except (OSError, http.client.HTTPException):
        return False
    assert status in {204, 503}, body
    return status == 204
