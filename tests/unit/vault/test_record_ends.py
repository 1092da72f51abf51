"""Where each book of the record ends stands in the vault, and a book that ends elsewhere shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import JournalBroken, VaultDamaged
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault import database, journal_store
from e2etherapy.vault.database import Database, Row
from e2etherapy.wire.role import Role
from tests.support.devices import Two, record_of, two
from tests.support.homes import HandClock, Home, home


@pytest.fixture
async def closed(tmp_path: Path) -> Home:
    return await home(tmp_path, Role.CLIENT, HandClock())


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def write(messenger: Messenger, count: int) -> None:
    for number in range(1, count + 1):
        await messenger.journal_write(f"entry {number}")


async def tamper(messenger: Messenger, sql: str, *values: object) -> None:
    """Be somebody who has the data key, and writes past everything that the program checks."""
    db = messenger.device.vault.db
    await db.fetch_all("PRAGMA foreign_keys = OFF")
    await db.write([(sql, [values])])
    await db.fetch_all("PRAGMA foreign_keys = ON")


async def ends(db: Database) -> list[Row]:
    return await db.fetch_all("SELECT id, position, head FROM book ORDER BY id")


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_entries_removed_from_the_end_of_the_private_journal_are_named(
    closed: Home, kept: int
) -> None:
    async with await closed.open() as messenger:
        await write(messenger, 4)
        await tamper(messenger, "DELETE FROM journal WHERE position > ?", kept)
        with pytest.raises(JournalBroken, match=rf"Entries {kept + 1} to 4 are missing\."):
            await messenger.journal_verify()


async def test_a_message_removed_from_the_end_of_a_conversation_is_named(pair: Two) -> None:
    book = (await record_of(pair.client, "Dr. Okafor")).book
    last = (await journal_store.end(pair.client.device.vault.db, book)).position
    sql = "DELETE FROM journal WHERE book = ? AND position = ?"
    await tamper(pair.client, sql, bytes(book), last)
    with pytest.raises(JournalBroken, match=rf"Entry {last} is missing\."):
        await pair.client.journal_verify()


async def test_an_end_without_its_entries_or_entries_without_their_end_show(closed: Home) -> None:
    async with await closed.open() as messenger:
        await write(messenger, 2)
        await tamper(messenger, "DELETE FROM book")
        with pytest.raises(JournalBroken, match="does not end where it should, after entry 0"):
            await messenger.journal_verify()


async def test_an_end_rewritten_with_its_entries_shows_only_by_a_head_noted_elsewhere(
    closed: Home,
) -> None:
    """The limit that docs/limitations.md names: who has the data key can rewrite both."""
    async with await closed.open() as messenger:
        await write(messenger, 3)
        noted = (await messenger.journal_verify())[0].head
        await tamper(messenger, "DELETE FROM journal WHERE position > 1")
        await tamper(messenger, "UPDATE book SET position = 1, head = (SELECT head FROM journal)")
        assert (await messenger.journal_verify())[0].head != noted


async def test_what_is_written_after_an_end_was_removed_does_not_hide_the_gap(
    closed: Home,
) -> None:
    async with await closed.open() as messenger:
        await write(messenger, 3)
        await tamper(messenger, "DELETE FROM journal WHERE position > 1")
        assert (await messenger.journal_write("afterwards")).number == 4
        with pytest.raises(JournalBroken, match="entry 2 is missing"):
            await messenger.journal_verify()


async def test_a_book_without_its_end_takes_no_entry_in_the_place_of_another(closed: Home) -> None:
    async with await closed.open() as messenger:
        await write(messenger, 2)
        await tamper(messenger, "DELETE FROM book")
        with pytest.raises(VaultDamaged):
            await messenger.journal_write("in the place of the first")
        assert [entry.text for entry in await messenger.journal()] == ["entry 1", "entry 2"]


async def test_each_book_ends_where_its_last_entry_stands(pair: Two) -> None:
    await write(pair.client, 3)
    db = pair.client.device.vault.db
    last = await db.fetch_all(
        "SELECT book, max(position), head FROM journal GROUP BY book ORDER BY book"
    )
    assert len(last) == 2
    assert await ends(db) == last


async def test_a_step_that_is_undone_moves_no_end(closed: Home) -> None:
    async with await closed.open() as messenger:
        await write(messenger, 1)
        db = messenger.device.vault.db
        before = await ends(db)
        change = await messenger.device.begin_private()
        change.record(b"{}")
        with pytest.raises(VaultDamaged):
            # The second time, the entry's place is taken.
            await db.write([*change.statements(), *change.statements()])
        assert await ends(db) == before
        await messenger.journal_verify()


async def test_a_vault_of_an_earlier_version_learns_where_its_books_end(pair: Two) -> None:
    await write(pair.client, 3)
    db = pair.client.device.vault.db
    expected = await ends(db)
    await pair.client.__aexit__()
    await back_to_an_earlier_version(pair.client_home)
    pair.client = await pair.client_home.open()
    assert await ends(pair.client.device.vault.db) == expected
    await pair.client.journal_verify()
    await write(pair.client, 1)
    await pair.client.send("Dr. Okafor", "after the update")
    assert (await pair.client.journal_verify())[0].entries == 4


async def back_to_an_earlier_version(at: Home) -> None:
    """Make of a vault what the second version left, without what came later."""
    db = await database.connect(at.place.folder, at.key)
    undoing = (
        "DROP TABLE note",
        "DROP TABLE hidden",
        "DROP TABLE erased",
        "DROP TABLE retention",
        "DROP TABLE hold",
        "DROP TABLE unfinished",
        "DROP TABLE outgoing",
        "DROP TABLE draft",
        "DROP TABLE template",
        "DROP TABLE delayed",
        "DROP INDEX item_of_ending",
        "DROP TABLE resolution",
        "DROP INDEX item_of_care",
        "DROP TABLE book",
        "DROP TABLE spent_id",
        "ALTER TABLE item DROP COLUMN shown",
        "PRAGMA user_version = 2",
    )
    await db.write([(sql, [()]) for sql in undoing])
    await db.close()
