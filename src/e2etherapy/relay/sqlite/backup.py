"""Copying a relay's database while the relay runs, and bringing a copy back.

A backup holds what the database holds at one moment, and nothing of the write-ahead log's past. A
relay that runs goes on meanwhile: it never waits for the copy.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from e2etherapy.errors import BackupRefused
from e2etherapy.mailbox.operations import COUNT_BITS
from e2etherapy.relay.restoring import Restored, check_minute
from e2etherapy.relay.sqlite.inspection import opened_for_reading, require_relay
from e2etherapy.relay.sqlite.lock import lock, sole_use
from e2etherapy.relay.sqlite.places import COUNT_MASK, LAST_POSITION
from e2etherapy.relay.sqlite.schema import ONE_TREE_VERSION, migrate

_STEP_PAGES = 256
"""1 MiB."""
_PAUSE_SECONDS = 0.01
"""After each step, so that the disk is the relay's in between: about 80 MB a second."""
_SIDES = ("-wal", "-shm", "-journal")
_STOP_IT = "Stop that relay first."
_LATEST = f"SELECT coalesce(max({LAST_POSITION}), 0) FROM mailbox"  # noqa: S608
_RAISE = f"UPDATE mailbox SET last_position = ? | ({LAST_POSITION} & {COUNT_MASK})"  # noqa: S608
_STRANGERS = (
    "SELECT 1 FROM envelope WHERE NOT EXISTS"  # noqa: S608 - a number of our own
    f" (SELECT 1 FROM mailbox WHERE number = place >> {COUNT_BITS}) LIMIT 1"
)
"""Envelopes of no mailbox."""


def back_up(source: Path, target: Path) -> int:
    """Copy a relay's database to a new file and return its size in bytes.

    The file is complete, verified and on the disk when it gets its name, readable only by its
    owner.

    Raises:
        BackupRefused: `target` exists, or another backup to it is being made.
        RelayDatabaseUnusable: `source` is no relay's database.
        RelayDatabaseTooNew: a newer version of this program wrote it.
        OSError: `target` cannot be written.
    """
    with _new_file(target) as part, opened_for_reading(source) as reader:
        _copy(reader, part, _pause)
        return part.stat().st_size


def restore(source: Path, target: Path, minute: int) -> Restored:
    """Bring a backup back as a database on which a relay can be started.

    Args:
        source: what `back_up` has written.
        target: where there is nothing yet.
        minute: now, in whole minutes since 1970-01-01 UTC.

    Raises:
        BackupRefused: `target` exists, a part of `source` lies in another file, `source` is
            damaged, or the clock is behind an earlier restore.
        RelayDatabaseUnusable: `source` is no relay's database, or a relay serves `target`, which
            may be gone from under it.
        RelayDatabaseTooNew: a newer version of this program wrote it.
        OSError: `target` cannot be written.
    """
    if any(os.path.lexists(f"{target}{side}") for side in ("", *_SIDES)):
        raise _taken()
    _require_whole(source)
    with (
        opened_for_reading(source, immutable=True) as reader,
        sole_use(target, _STOP_IT),
        _new_file(target) as part,
    ):
        _copy(reader, part, None)
        return _raise_positions(part, minute)


def _require_whole(source: Path) -> None:
    """Refuse a file beside which lies what has yet to be put into it, or taken back out of it."""
    # SQLite keeps both beside the file itself, not beside a link to it.
    place = source.resolve()
    if not place.exists():
        return
    if _has_content(Path(f"{place}-wal")):
        raise BackupRefused(
            "There is a write-ahead log beside this file: what was written last is in it. Make a "
            "backup of it first (e2etherapy relay backup --database … --to …) and restore that."
        )
    if _has_content(Path(f"{place}-journal")):
        raise BackupRefused(
            "There is a journal beside this file: a change to it was cut off, and is taken back "
            "with it. Have that done first (e2etherapy relay migrate --database …), then restore."
        )


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def mark_restored(path: Path, minute: int) -> Restored:
    """Make a database ready that was brought back by whatever means; see `restore`.

    Every mailbox goes on at a position that no device has seen (docs/protocol.md, section 9.2).
    Invitations that nobody has claimed are deleted: some of them may have been claimed since, and
    none may work twice.

    Raises:
        BackupRefused: the clock is behind an earlier restore.
        RelayDatabaseUnusable: it is no relay's database, or a relay serves it.
        RelayDatabaseTooNew: a newer version of this program wrote it.
    """
    require_relay(path)
    with sole_use(path, _STOP_IT):
        return _raise_positions(path, minute)


def _raise_positions(path: Path, minute: int) -> Restored:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = ON")
        migrate(database)
        database.execute("BEGIN IMMEDIATE")
        ((latest,),) = database.execute(_LATEST)
        check_minute(latest, minute)
        deleted = database.execute("DELETE FROM invitation WHERE claim_hash IS NULL").rowcount
        mailboxes = database.execute(_RAISE, (minute << COUNT_BITS,)).rowcount
        ((envelopes,),) = database.execute("SELECT count(*) FROM envelope")
        database.execute("COMMIT")
    return Restored(mailboxes, envelopes, deleted)


def _copy(
    reader: sqlite3.Connection, part: Path, pause: Callable[[int, int, int], None] | None
) -> None:
    """Copy in steps all that belongs to one moment, and verify the copy.

    Args:
        reader: where from.
        part: where to.
        pause: called after each step, if a relay runs on the same disk.
    """
    # The open transaction holds that moment: without it, each deposit would begin the copy anew.
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    with closing(sqlite3.connect(part, isolation_level=None)) as writer:
        try:
            reader.backup(writer, pages=_STEP_PAGES, progress=pause)
            # One file, without a log beside it.
            writer.execute("PRAGMA journal_mode = DELETE").fetchall()
            found = writer.execute("PRAGMA integrity_check(1)").fetchall()
            strangers = _strangers(writer)
        except sqlite3.DatabaseError as problem:
            raise _damaged_or(problem) from None
    if found != [("ok",)] or strangers:
        raise BackupRefused("The database is damaged. Nothing was kept of the copy.")


def _strangers(database: sqlite3.Connection) -> bool:
    """Say whether there is an envelope of no mailbox; a backup may come from an older version."""
    ((version,),) = database.execute("PRAGMA user_version")
    statement = _STRANGERS if version >= ONE_TREE_VERSION else "PRAGMA foreign_key_check"
    return bool(database.execute(statement).fetchall())


def _pause(_status: int, _left: int, _pages: int) -> None:
    # The method's own `sleep` is for a database that is locked, and never for one that is not.
    time.sleep(_PAUSE_SECONDS)


def _damaged_or(problem: sqlite3.DatabaseError) -> Exception:
    name = getattr(problem, "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return BackupRefused("The copy could not be written: the disk has no room or failed.")
    return BackupRefused("The database is damaged. Nothing was kept of the copy.")


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """Give the name under which to write; at the end it becomes `target`, or is gone."""
    if os.path.lexists(target):
        raise _taken()
    part = target.with_name(f"{target.name}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        # Nobody has asked for the name under which it is written.
        problem.filename = str(target)
        raise
    try:
        _claim(handle)
        try:
            yield part
            os.fsync(handle)
            _name(part, target)
        finally:
            _remove(part, *(Path(f"{part}{side}") for side in _SIDES))
    finally:
        os.close(handle)


def _claim(handle: int) -> None:
    """Take what a backup that was cut off has left, but not what another one is writing."""
    if not lock(handle):
        raise BackupRefused("Another backup to this file is being made.")
    os.fchmod(handle, 0o600)
    os.ftruncate(handle, 0)


def _name(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        raise _taken() from None
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _taken() -> BackupRefused:
    return BackupRefused(
        "There is something under that name already, and nothing is ever overwritten. Choose "
        "another name, or move what is there."
    )
