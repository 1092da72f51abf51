"""What `relay doctor` looks at where the relay's rows lie."""

from __future__ import annotations

import os
import shlex
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from e2etherapy.cli import clocks, event_loop
from e2etherapy.cli.relay_answers import RelayCheck, fine, look
from e2etherapy.errors import RelaySetupError
from e2etherapy.relay.sqlite.inspection import condition
from e2etherapy.wire.envelope import ENVELOPE_SIZE

if TYPE_CHECKING:
    from e2etherapy.relay.database_place import PostgresDatabase
    from e2etherapy.relay.postgres.inspection import Condition
    from e2etherapy.relay.settings import Settings

_LITTLE_ROOM = 1 << 30
_FORGETFUL = {
    **dict.fromkeys(("tmpfs", "ramfs"), "it is gone with the next restart of the machine"),
    **dict.fromkeys(("overlay", "overlayfs"), "it is gone with the container"),
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"), "locks are not reliable"),
}
_DAY = 86_400


def examine(settings: Settings, start: str) -> list[RelayCheck]:
    """Look at the database, and at what it lies on where that is this machine's.

    Args:
        settings: what the relay would be started with.
        start: the command that would start it.
    """
    if not isinstance(settings.database, Path):
        return _server(settings.database)
    return [
        *_file(settings.database, start),
        _file_system(settings.database.absolute().parent),
        _disk(settings, settings.database),
    ]


def _server(place: PostgresDatabase) -> list[RelayCheck]:
    from e2etherapy.relay.postgres.inspection import condition as condition_of

    try:
        found = event_loop.run(condition_of(place))
    except RelaySetupError as error:
        return [look("database", str(error))]
    return [_tables(found), compare_clocks(datetime.now(UTC), found.now)]


def _tables(found: Condition) -> RelayCheck:
    if found.version is None:
        return fine("database", "The database is empty; the relay makes its tables.")
    has = f"The database has version {found.version}"
    if found.version < found.newest_version:
        return look("database", f"{has}. Run 'e2etherapy relay migrate'.")
    if found.log_names_rows:
        where = "on each of its servers" if found.spread else "there"
        return look(
            "database",
            f"{has}, and the server's log can name the row that an error is about, with its time. "
            f"Set log_min_messages = fatal or log_error_verbosity = terse {where}.",
        )
    if found.spread:
        return fine("database", f"{has}; Citus spreads it over servers that all are safely set.")
    return fine("database", f"{has}, with safe settings.")


def compare_clocks(now: datetime, of_server: datetime) -> RelayCheck:
    """Compare this machine's clock with the one of a database that other relays may use too."""
    if apart := clocks.difference(now, of_server):
        return look(
            "clock",
            f"This machine's clock is {apart} the database server's. Set the one that is wrong: "
            "relays of one database must have the same day.",
        )
    return fine("clock", f"By this machine's clock and the database's it is {now:%Y-%m-%d}.")


def _file(database: Path, start: str) -> list[RelayCheck]:
    if not database.exists():
        sentence = f"There is no database yet. The first start makes it: {start}"
        return [fine("database", sentence)]
    try:
        found = condition(database)
    except RelaySetupError as error:
        return [look("database", str(error))]
    checks = [fine("database", f"The database has version {found.version}, with safe settings.")]
    if found.version < found.newest_version:
        sentence = f"The database has version {found.version}; the relay brings it forward."
        checks = [fine("database", sentence)]
    if found.journal_mode != "wal":
        checks = [fine("database", "The database is a copy; the relay makes it safe to use.")]
    today = int(time.time() // _DAY)
    if found.latest_day is not None and found.latest_day > today:
        sentence = "The clock is behind: there are envelopes of a day to come. Set it."
        return [*checks, look("clock", sentence)]
    return [*checks, fine("clock", f"By this machine's clock it is {datetime.now(UTC):%Y-%m-%d}.")]


def _file_system(folder: Path) -> RelayCheck:
    kind = _kind_of_file_system(folder)
    if kind in _FORGETFUL:
        return look(
            "file system",
            f"The database lies on {kind}: {_FORGETFUL[kind]}. Use a disk of this machine.",
        )
    return fine("file system", f"The database lies on {kind or 'a file system'}.")


def _kind_of_file_system(folder: Path) -> str | None:
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return None
    best: tuple[int, str | None] = (0, None)
    for line in mounts.read_text().splitlines():
        head, _, tail = line.partition(" - ")
        point = head.split()[4].encode().decode("unicode_escape")
        if folder.is_relative_to(point) and len(point) >= best[0]:
            best = len(point), tail.split()[0]
    return best[1]


def _disk(settings: Settings, database: Path) -> RelayCheck:
    folder = database.absolute().parent
    if not folder.is_dir():
        sentence = f"The folder of the database does not exist. Run: {_make(folder)}"
        return look("disk", sentence)
    found = os.statvfs(folder)
    room = found.f_bavail * found.f_frsize
    sentence = f"There is room for more envelopes, about {room // ENVELOPE_SIZE:,}."
    if room < max(settings.limits.disk_reserve_bytes, _LITTLE_ROOM):
        return look("disk", f"{sentence} Make room before the relay has to refuse them.")
    return fine("disk", sentence)


def _make(folder: Path) -> str:
    return shlex.join(["mkdir", "-p", "-m", "700", str(folder)])
