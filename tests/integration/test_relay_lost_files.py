"""Restoring the files of a relay that died: what it confirmed last lies beside its database."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.test_relay_disk import deposits, kill
from tests.integration.test_relay_process import mailbox
from tests.support.command_line import run
from tests.support.relays import relay_process

CONFIRMED = 20
CUT_OFF = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN")
database.execute("DELETE FROM envelope")
os._exit(0)
"""


@pytest.fixture
def lost(tmp_path: Path) -> Path:
    """Return the database of a killed relay, moved away with all its files."""
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        texts = [f"{number}" for number in range(CONFIRMED)]
        assert deposits(relay.port, owned, *texts) == [204] * CONFIRMED
        kill(relay)
    (tmp_path / "lost").mkdir()
    for file in tmp_path.glob("relay.db*"):
        file.rename(tmp_path / "lost" / file.name)
    assert (tmp_path / "lost" / "relay.db-wal").stat().st_size
    return tmp_path / "lost" / "relay.db"


def restored(folder: Path, source: str) -> tuple[int, str]:
    """Restore, and return the exit code and all that was said, in one line."""
    done = run(folder, "relay", "restore", "--from", source, "--database", "relay.db")
    return done.code, " ".join((done.text + done.errors).split())


def told_to_run(said: str) -> list[str]:
    """Return the words of the command that a sentence names."""
    found = re.search(r"\(e2etherapy (relay .+?)\)", said)
    assert found is not None, said
    return found.group(1).split()


@pytest.mark.parametrize("index_is_there", [True, False])
@pytest.mark.parametrize("source", ["lost/relay.db", "link.db"])
def test_a_log_beside_the_file_is_never_passed_over_and_what_is_said_then_saves_it(
    tmp_path: Path, lost: Path, source: str, index_is_there: bool
) -> None:
    (tmp_path / "link.db").symlink_to(lost)
    if not index_is_there:
        Path(f"{lost}-shm").unlink()
    code, said = restored(tmp_path, source)
    assert (code, "write-ahead log" in said) == (33, True)
    assert not (tmp_path / "relay.db").exists()
    relay, backup, database, _, to, _ = told_to_run(said)
    assert run(tmp_path, relay, backup, database, source, to, "copy.db").code == 0
    assert f"{CONFIRMED} waiting envelopes" in restored(tmp_path, "copy.db")[1]


def test_a_change_that_was_cut_off_is_taken_back_before_a_restore(
    tmp_path: Path, lost: Path
) -> None:
    run(tmp_path, "relay", "backup", "--database", str(lost), "--to", "copy.db")
    subprocess.run([sys.executable, "-c", CUT_OFF, str(tmp_path / "copy.db")], check=True)
    assert (tmp_path / "copy.db-journal").stat().st_size
    code, said = restored(tmp_path, "copy.db")
    assert (code, "a change to it was cut off" in said) == (33, True)
    relay, migrate, database, _ = told_to_run(said)
    assert run(tmp_path, relay, migrate, database, "copy.db").code == 0
    assert f"{CONFIRMED} waiting envelopes" in restored(tmp_path, "copy.db")[1]


def test_a_log_that_holds_nothing_is_no_reason_to_refuse(tmp_path: Path, lost: Path) -> None:
    with closing(sqlite3.connect(lost)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert Path(f"{lost}-wal").stat().st_size == 0
        assert restored(tmp_path, "lost/relay.db")[0] == 0
