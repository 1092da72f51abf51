"""One transaction for state, outbox and record: all of it, or none."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from e2etherapy.errors import VaultDamaged, VaultError, VaultFull
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.composing import Composer
from e2etherapy.vault import database, keyslots
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database, Statement
from e2etherapy.vault.room import NO_ROOM_SENTENCE
from e2etherapy.wire.role import Role
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, texts, two
from tests.support.homes import HandClock, home

Dump = dict[str, list[tuple[object, ...]]]


async def dump(db: Database) -> Dump:
    """Return every row of every table."""
    names = await db.fetch_all("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {name: await db.fetch_all(f"SELECT * FROM {name}") for (name,) in names}  # noqa: S608


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as made:
        line.down = True
        yield made


async def a_change(messenger: Messenger) -> Change:
    """Gather what a long text and a file do; it touches nearly every table."""
    record = await record_of(messenger, "Dr. Okafor")
    device = messenger.device
    composer = Composer(record, await device.begin(record), device.clock(), device.entropy)
    composer.text("words " * 5_000)
    composer.attachment("a.txt", "text/plain", b"x" * 20_000, bytes(32))
    composer.receipt([bytes(16)])
    return composer.change


class StatementFailed(Exception):
    """Stands for whatever can go wrong inside of a transaction."""


async def test_a_failure_at_any_statement_leaves_everything_as_it_was(pair: Two) -> None:
    vault = pair.client.device.vault
    before = await dump(vault.db)
    change = await a_change(pair.client)
    statements = change.statements()
    assert len(statements) >= 6
    for index in range(len(statements) + 1):

        def failing(at: int = index) -> Iterable[Statement]:
            yield from statements[:at]
            raise StatementFailed

        with pytest.raises(StatementFailed):
            await vault.db.write(failing())
        assert await dump(vault.db) == before
    await vault.commit(change)
    assert await dump(vault.db) != before


async def test_changes_of_two_books_are_written_together_or_not_at_all(pair: Two) -> None:
    messenger = pair.client
    vault = messenger.device.vault
    before = await dump(vault.db)
    for fails in (True, False):
        first = await a_change(messenger)
        second = await vault.begin(vault.private_book, messenger.device.entropy, first)
        second.record(b"{}")
        if fails:
            second._add("INSERT INTO setting VALUES (?, ?)", "a key", b"1")
            second._add("INSERT INTO setting VALUES (?, ?)", "a key", b"2")
            with pytest.raises(VaultDamaged):
                await vault.commit(first, second)
            assert await dump(vault.db) == before
        else:
            await vault.commit(first, second)
            rows = await vault.db.fetch_all("SELECT id FROM journal ORDER BY book, position")
            assert len(rows) == len({row[0] for row in rows}) > 2
            await messenger.journal_verify()


async def test_two_changes_of_one_book_are_not_written_together(pair: Two) -> None:
    before = await dump(pair.client.device.vault.db)
    changes = [await a_change(pair.client), await a_change(pair.client)]
    with pytest.raises(RuntimeError, match="one book"):
        await pair.client.device.vault.commit(*changes)
    assert await dump(pair.client.device.vault.db) == before


async def test_an_error_in_the_middle_of_many_rows_leaves_everything_as_it_was(pair: Two) -> None:
    vault = pair.client.device.vault
    trigger = """CREATE TEMP TRIGGER cut AFTER INSERT ON outbox WHEN NEW.id % 3 = 0
        BEGIN SELECT RAISE(ABORT, 'cut'); END"""
    await vault.db.write([(trigger, ((),))])
    before = await dump(vault.db)
    with pytest.raises(VaultError):
        await vault.commit(await a_change(pair.client))
    assert await dump(vault.db) == before
    await vault.db.write([("DROP TRIGGER cut", ((),))])
    await vault.commit(await a_change(pair.client))


async def test_an_interruption_at_any_moment_leaves_all_or_nothing(pair: Two) -> None:
    """The interruption is sqlite's own: the progress handler, called within statements."""
    vault = pair.client.device.vault
    connection = vault.db._connection
    outcomes = set()
    for steps in (1, 10, 40, 160, 640):
        before = await dump(vault.db)
        change = await a_change(pair.client)
        await connection.set_progress_handler(partial(next, iter([1]), 0), steps)
        with contextlib.suppress(VaultError):
            await vault.commit(change)
        await connection.set_progress_handler(None, 0)  # type: ignore[arg-type]
        outcomes.add(await dump(vault.db) == before)
    assert True in outcomes
    report = await pair.client.send("Dr. Okafor", "afterwards")
    assert report.state == "on_device"


async def test_a_cancelled_send_is_whole_or_not_there_and_the_next_one_works(pair: Two) -> None:
    for beats in range(12):
        before = len(await texts(pair.client, "Dr. Okafor"))
        task = asyncio.create_task(pair.client.send("Dr. Okafor", f"after {beats} beats"))
        for _ in range(beats):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        thread = await texts(pair.client, "Dr. Okafor")
        assert len(thread) - before in (0, 1)
        await pair.client.journal_verify()
        assert not pair.client.device.vault.db._connection.in_transaction
    await pair.client.send("Dr. Okafor", "not cancelled")
    assert (await texts(pair.client, "Dr. Okafor"))[-1] == "not cancelled"


async def test_a_disk_without_room_undoes_the_step_and_says_so(pair: Two) -> None:
    """SQLite's own limit of pages meets a transaction exactly as a full disk does."""
    vault = pair.client.device.vault
    pages = (await vault.db.fetch_all("PRAGMA page_count"))[0][0]
    free = (await vault.db.fetch_all("PRAGMA freelist_count"))[0][0]
    await vault.db.fetch_all(f"PRAGMA max_page_count = {pages + 2}")
    before = await dump(vault.db)
    state = (await record_of(pair.client, "Dr. Okafor")).state
    with pytest.raises(VaultFull, match=re.escape(NO_ROOM_SENTENCE)):
        await pair.client.send("Dr. Okafor", "z" * 4096 * (free + 20))
    assert await dump(vault.db) == before
    assert (await record_of(pair.client, "Dr. Okafor")).state == state
    await vault.db.fetch_all(f"PRAGMA max_page_count = {2**30}")
    await pair.client.send("Dr. Okafor", "there is room again")
    assert (await texts(pair.client, "Dr. Okafor"))[-1] == "there is room again"


FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from e2etherapy.errors import VaultError
from e2etherapy.vault import keyslots, vault
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.device import Device
folder, state = Path(sys.argv[1]), Path(sys.argv[2])
key = keyslots.DataKey(bytes.fromhex(sys.argv[3]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
async def main():
    place = vault.Place(folder, state)
    opened = await vault.unlock(place, keyslots.read(folder), key)
    async with Messenger(Device(opened)) as messenger:
        room = (folder / "vault.db").stat().st_size + int(sys.argv[4])
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        for number in range(200):
            try:
                await messenger.journal_write(f"entry {number} " + "w" * 3000)
            except VaultError as error:
                print("refused", type(error).__name__, error, flush=True)
                break
            print("written", number, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("listed", len(await messenger.journal()), flush=True)
        await messenger.journal_write("there is room again")
        print("listed", len(await messenger.journal()), flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("room", [0, 5_000, 30_000, 100_000])
async def test_files_that_cannot_grow_lose_nothing_that_was_written(
    tmp_path: Path, room: int
) -> None:
    """Wherever the write fails, in the log or in the database, what was said is true."""
    at = await home(tmp_path, Role.CLIENT, HandClock())
    given = [str(at.place.folder), str(at.place.state_folder), at.key.hex(), str(room)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FULL_DISK, *given, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    lines = said.decode().splitlines()
    written = sum(line.startswith("written") for line in lines)
    assert any(line.startswith("refused VaultFull") and "undone" in line for line in lines), lines
    assert lines[-2:] == [f"listed {written}", f"listed {written + 1}"]
    async with await at.open() as messenger:
        assert len(await messenger.journal()) == written + 1
        await messenger.journal_verify()


async def test_what_was_committed_is_not_called_undone_when_the_log_cannot_be_emptied(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = pair.client.device.vault.db

    async def no_room() -> None:
        raise VaultFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(db, "empty_log", no_room)
        assert (await pair.client.send("Dr. Okafor", "written")).state == "on_device"
        with pytest.raises(VaultFull):
            await pair.client.send("Dr. Okafor", "not written")
    assert (await texts(pair.client, "Dr. Okafor"))[-1] == "written"
    wal = pair.client_home.place.folder / "vault.db-wal"
    assert wal.stat().st_size > 0
    await pair.client.send("Dr. Okafor", "written too")
    assert wal.stat().st_size == 0


async def test_an_error_of_the_database_tells_neither_rows_nor_statements(pair: Two) -> None:
    db = pair.client.device.vault.db
    with pytest.raises(VaultDamaged) as caught:
        await db.write([("INSERT INTO setting VALUES (?, ?)", (("role", b"my secret words"),))])
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_change_that_fails_while_it_is_gathered_is_not_written(pair: Two) -> None:
    before = await dump(pair.client.device.vault.db)
    with pytest.raises(StatementFailed):
        await say_and_fail(pair)
    assert await dump(pair.client.device.vault.db) == before


async def say_and_fail(pair: Two) -> None:
    async with sending.composer(pair.client.device, "Dr. Okafor") as composer:
        composer.text("said")
        raise StatementFailed


async def test_the_key_is_needed_to_read_anything(pair: Two) -> None:
    path = pair.client_home.place.folder / database.FILE_NAME
    await pair.client.device.vault.pause()
    for key in (None, keyslots.DataKey(bytes(32))):
        connection = sqlcipher.connect(str(path))
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        with pytest.raises(sqlcipher.DatabaseError, match="not a database"):
            connection.execute("SELECT count(*) FROM sqlite_schema")
        connection.close()
    await pair.client.device.vault.resume()
