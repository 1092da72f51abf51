"""A backup holds one moment of a relay that goes on; a restore gives no position twice."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from e2etherapy.errors import BackupRefused, RelayDatabaseTooNew, RelayDatabaseUnusable
from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import Allowance, ClaimToken, OwnedMailbox, Ticket
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY, restore_of
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.sqlite import backup as files
from e2etherapy.relay.sqlite.backup import back_up, mark_restored, restore
from e2etherapy.relay.sqlite.inspection import condition, statistics
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Deposit, Invitation, MailboxFull, PutMark, Refused
from e2etherapy.wire.locator import Locator
from tests.support.relays import TODAY, draw, envelope, relay

MINUTE = 29_000_000


def deposit(owned: OwnedMailbox, text: str) -> Deposit:
    content = envelope(text)
    key_hash = owned.deposit_key.hash()
    return Deposit(owned.owner_key.mailbox(), key_hash, sha256(content), content, TODAY)


async def filled(path: Path, count: int = 3) -> OwnedMailbox:
    """Make a relay's database with one mailbox, in which some envelopes wait."""
    owned = OwnedMailbox.generate(draw)
    store = await SqliteStore.open(path)
    await paid(store, owned)
    for number in range(count):
        await store.deposit(deposit(owned, f"{number}"))
    await store.close()
    return owned


async def paid(store: SqliteStore, owned: OwnedMailbox) -> None:

    allowance, ticket = Allowance(draw(32)), Ticket(draw(32))
    await store.grant(allowance.hash(), 1)
    await store.issue(allowance.hash(), [ticket.hash()])
    await store.create_mailbox(owned.owner_key.mailbox(), owned.deposit_key.hash(), ticket.hash())


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as reader:
        return list(reader.iterdump())


async def test_a_backup_holds_what_the_database_holds(tmp_path: Path) -> None:
    await filled(tmp_path / "relay.db")
    size = back_up(tmp_path / "relay.db", tmp_path / "copy.db")
    assert dump(tmp_path / "copy.db") == dump(tmp_path / "relay.db")
    assert size == (tmp_path / "copy.db").stat().st_size
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.glob("copy*")} == {"copy.db"}


async def test_a_backup_of_a_relay_in_use_is_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_STEP_PAGES", 4)
    monkeypatch.setattr(files, "_PAUSE_SECONDS", 0.03)
    path = tmp_path / "relay.db"
    owned = await filled(path, 40)
    store = await SqliteStore.open(path)
    making = asyncio.create_task(asyncio.to_thread(back_up, path, tmp_path / "copy.db"))
    stored = 40
    while not making.done():
        await store.deposit(deposit(owned, f"{stored}"))
        stored += 1
    await making
    await store.close()
    assert stored > 80
    found = statistics(tmp_path / "copy.db")
    # The deposits went on; the copy was begun once, and holds an early moment.
    assert 40 <= found.envelopes <= 40 + (stored - 40) // 2
    with closing(sqlite3.connect(tmp_path / "copy.db")) as reader:
        ((last, count),) = reader.execute("SELECT max(position), count(*) FROM envelope")
    assert last == count


async def test_emptying_the_log_does_not_wait_for_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    owned = await filled(path)
    store = await SqliteStore.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM envelope").fetchall()
        await store.deposit(deposit(owned, "more"))
        # A relay that waited as for a writer would raise the reader's patience of ten seconds.
        async with asyncio.timeout(5):
            await store.scrub()
        await store.deposit(deposit(owned, "and more"))
    await store.scrub()
    assert Path(f"{path}-wal").stat().st_size == 0
    await store.close()


async def test_nothing_deleted_is_in_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    owned = await filled(path)
    store = await SqliteStore.open(path)
    await store.acknowledge(owned.owner_key.mailbox(), 3)
    back_up(path, tmp_path / "copy.db")
    await store.close()
    copy = (tmp_path / "copy.db").read_bytes()
    for number in range(3):
        content = envelope(f"{number}")
        assert not [start for start in range(0, 16_384, 512) if content[start : start + 32] in copy]


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    await filled(path)
    (tmp_path / "copy.db").write_text("a letter")
    (tmp_path / "other.db-wal").write_text("a log")
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere")
    back_up(path, tmp_path / "good.db")
    for target in ("copy.db", "link.db"):
        with pytest.raises(BackupRefused, match="overwritten"):
            back_up(path, tmp_path / target)
    for target in ("copy.db", "other.db", "relay.db"):
        with pytest.raises(BackupRefused, match="overwritten"):
            restore(tmp_path / "good.db", tmp_path / target, MINUTE)
    assert (tmp_path / "copy.db").read_text() == "a letter"


async def test_what_a_cut_off_backup_left_is_replaced_but_not_what_is_being_written(
    tmp_path: Path,
) -> None:
    await filled(tmp_path / "relay.db")
    part = tmp_path / "copy.db.part"
    part.write_text("half of a backup")
    part.chmod(0o644)
    with part.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BackupRefused, match="Another backup"):
            back_up(tmp_path / "relay.db", tmp_path / "copy.db")
        assert part.read_text() == "half of a backup"
    back_up(tmp_path / "relay.db", tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert not part.exists()


async def test_a_damaged_database_gives_no_backup_and_a_damaged_backup_no_database(
    tmp_path: Path,
) -> None:
    path = tmp_path / "relay.db"
    await filled(path, 20)
    back_up(path, tmp_path / "copy.db")
    with (tmp_path / "copy.db").open("r+b") as damaged:
        damaged.seek(4_096 * 6)
        damaged.write(os.urandom(4_096 * 12))
    with pytest.raises(BackupRefused, match="damaged"):
        restore(tmp_path / "copy.db", tmp_path / "new.db", MINUTE)
    with pytest.raises(BackupRefused, match="damaged"):
        back_up(tmp_path / "copy.db", tmp_path / "copy of copy.db")
    assert not list(tmp_path.glob("new*"))
    assert not list(tmp_path.glob("copy of*"))


def test_what_is_no_relays_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("a letter")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    for name in ("letter", "other.db", "absent"):
        with pytest.raises(RelayDatabaseUnusable):
            back_up(tmp_path / name, tmp_path / "copy.db")
        with pytest.raises(RelayDatabaseUnusable):
            restore(tmp_path / name, tmp_path / "copy.db", MINUTE)
    with pytest.raises(RelayDatabaseUnusable):
        mark_restored(tmp_path / "other.db", MINUTE)
    assert not list(tmp_path.glob("copy*"))


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    await filled(path)
    with closing(sqlite3.connect(path)) as later:
        later.execute("PRAGMA user_version = 99")
    with pytest.raises(RelayDatabaseTooNew):
        back_up(path, tmp_path / "copy.db")
    with pytest.raises(RelayDatabaseTooNew):
        condition(path)


async def test_a_restored_mailbox_goes_on_above_everything_it_ever_gave_out(
    tmp_path: Path,
) -> None:
    owned = await filled(tmp_path / "relay.db")
    mailbox = owned.owner_key.mailbox()
    back_up(tmp_path / "relay.db", tmp_path / "copy.db")
    seen = 3
    for number, minute in enumerate([MINUTE, MINUTE + 1, MINUTE + 1_000_000]):
        path = tmp_path / f"restored {number}.db"
        assert restore(tmp_path / "copy.db", path, minute).envelopes == 3
        store = await SqliteStore.open(path)
        # What waited in the backup is still there, under its own positions.
        assert [item.position for item in await store.collect(mailbox, 0, 64)] == [1, 2, 3]
        await store.deposit(deposit(owned, f"after {number}"))
        await store.deposit(deposit(owned, f"and after {number}"))
        fresh = await store.collect(mailbox, seen, 64)
        await store.close()
        assert [restore_of(item.position) for item in fresh] == [minute] * 2
        assert fresh[1].position == fresh[0].position + 1
        assert fresh[1].position < api.MAX_POSITION // 2
        # The next round restores the same backup again, as after a second loss.
        seen = fresh[1].position


async def test_a_restore_that_could_give_a_position_twice_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path / "relay.db")
    mark_restored(tmp_path / "relay.db", MINUTE)
    before = dump(tmp_path / "relay.db")
    for minute in (MINUTE, MINUTE - 1, 0):
        with pytest.raises(BackupRefused, match="clock"):
            mark_restored(tmp_path / "relay.db", minute)
    assert dump(tmp_path / "relay.db") == before
    assert mark_restored(tmp_path / "relay.db", MINUTE + 1).mailboxes == 1


async def test_a_restored_mailbox_holds_as_many_envelopes_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    owned = await filled(path, 5)
    with closing(sqlite3.connect(path)) as later:
        later.execute("UPDATE envelope SET position = position + 4085, place = place + 4085")
        later.commit()
    mark_restored(path, MINUTE)
    store = await SqliteStore.open(path)
    for number in range(MAILBOX_CAPACITY - 5):
        await store.deposit(deposit(owned, f"more {number}"))
    with pytest.raises(MailboxFull):
        await store.deposit(deposit(owned, "too much"))
    await store.close()


async def test_an_invitation_that_may_have_been_claimed_since_is_not_offered_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "relay.db"
    store = await SqliteStore.open(path)

    allowance, tickets = Allowance(draw(32)), [Ticket(draw(32)) for _ in range(2)]
    await store.grant(allowance.hash(), 2)
    await store.issue(allowance.hash(), [ticket.hash() for ticket in tickets])
    locators = [Locator(bytes([number]) * 32) for number in range(2)]
    for ticket, locator in zip(tickets, locators, strict=True):
        invitation = Invitation(locator, envelope("bundle"), TODAY + 5)
        await store.put_invitation(ticket.hash(), PutMark(draw(32)), invitation)
    holder = ClaimToken(draw(32)).hash()
    await store.claim(locators[0], holder, TODAY)
    await store.close()
    assert mark_restored(path, MINUTE).invitations_deleted == 1
    again = await SqliteStore.open(path)
    # Whoever holds it may go on with it; nobody else gets either.
    assert await again.claim(locators[0], holder, TODAY) == envelope("bundle")
    with pytest.raises(Refused):
        await again.claim(locators[1], ClaimToken(draw(32)).hash(), TODAY)
    await again.close()


async def test_a_relay_in_this_process_is_backed_up_through_its_own_file(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        await at.mailbox()
        await asyncio.to_thread(back_up, at.database, tmp_path / "copy.db")
        found = statistics(tmp_path / "copy.db")
        assert (found.mailboxes, found.allowances, found.tickets) == (1, [0], 0)
        assert found.waiting == [1, 0, 0, 0, 0]
