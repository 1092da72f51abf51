"""One file has one relay: who may have a database to itself, and what the lock leaves behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.sqlite.backup import back_up, mark_restored, restore
from e2etherapy.relay.sqlite.lock import lock_file, sole_use
from tests.support.relays import relay

MINUTE = 29_000_000


def refused(database: Path, sentence: str) -> None:
    with (
        pytest.raises(RelayDatabaseUnusable, match=sentence),
        sole_use(database, "Stop it."),
    ):
        pass


def test_two_cannot_have_one_database_and_the_second_is_told_what_to_do(tmp_path: Path) -> None:
    database = tmp_path / "relay.db"
    with sole_use(database, "Stop it."):
        refused(database, "A relay serves this database already. Nothing was changed. Stop it.")
        with sole_use(tmp_path / "other.db", "Stop it."):
            pass
    with sole_use(database, "Stop it."):
        pass
    assert not database.exists()


def test_a_link_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "relay.db")
    with sole_use(tmp_path / "relay.db", ""):
        refused(tmp_path / "link.db", "serves this database already")


def test_the_locks_file_is_empty_and_its_owners_alone(tmp_path: Path) -> None:
    with sole_use(tmp_path / "relay.db", ""):
        found = lock_file(tmp_path / "relay.db").stat()
    assert (found.st_size, stat.S_IMODE(found.st_mode)) == (0, 0o600)


def test_root_gives_the_locks_file_to_whose_the_database_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _file, *owner: given.append(owner))
    for place in (tmp_path, tmp_path / "relay.db"):
        with sole_use(tmp_path / "relay.db", ""):
            owner = place.stat()
            assert given.pop() == (owner.st_uid, owner.st_gid)
        (tmp_path / "relay.db").touch()


def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    lock_file(tmp_path / "linked.db").symlink_to(tmp_path / "letter")
    for name in ("absent/relay.db", "linked.db"):
        refused(tmp_path / name, "cannot be opened")
    assert not (tmp_path / "letter").exists()


async def test_nothing_is_restored_under_a_relay_that_was_not_stopped(tmp_path: Path) -> None:
    database, copy = tmp_path / "relay.db", tmp_path / "copy.db"
    async with relay(tmp_path):
        back_up(database, copy)
        with pytest.raises(RelayDatabaseUnusable, match="Stop that relay"):
            mark_restored(database, MINUTE)
        (tmp_path / "lost").mkdir()
        for file in tmp_path.glob("relay.db*"):
            file.rename(tmp_path / "lost" / file.name)
        with pytest.raises(RelayDatabaseUnusable, match="Stop that relay"):
            restore(copy, database, MINUTE)
        assert not list(tmp_path.glob("relay.db*"))
    restore(copy, database, MINUTE)
    mark_restored(database, MINUTE + 1)
