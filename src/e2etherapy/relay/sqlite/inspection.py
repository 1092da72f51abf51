"""Looking at a relay's database from beside it: version, settings and counts, never a hash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2etherapy.errors import RelayDatabaseTooNew, RelayDatabaseUnusable
from e2etherapy.relay.sqlite.places import OF_MAILBOX
from e2etherapy.relay.sqlite.schema import APPLICATION_ID, MIGRATIONS
from e2etherapy.relay.statistics import BUCKETS, Statistics


@dataclass(frozen=True, slots=True)
class Condition:
    """What can be said of a database without looking at what is in it."""

    version: int
    newest_version: int
    journal_mode: str
    latest_day: int | None
    """The highest day of any waiting envelope."""


@contextmanager
def opened_for_reading(path: Path, *, immutable: bool = False) -> Iterator[sqlite3.Connection]:
    """Have a relay's database open without changing it.

    Args:
        path: the file.
        immutable: nothing else uses it, so that no file is made beside it.

    Raises:
        RelayDatabaseUnusable: it cannot be read, or is not a relay's.
        RelayDatabaseTooNew: a newer version of this program wrote it.
    """
    mode = "mode=ro&immutable=1" if immutable else "mode=ro"
    try:
        reader = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=10)
    except sqlite3.Error:
        raise _unusable() if _is_there(path) else _absent(path) from None
    reader.isolation_level = None
    with closing(reader):
        _check(reader)
        yield reader


def require_relay(path: Path) -> None:
    """Refuse what is no relay's database.

    Raises:
        RelayDatabaseUnusable: it cannot be read, or is not a relay's.
        RelayDatabaseTooNew: a newer version of this program wrote it.
    """
    with opened_for_reading(path) as reader:
        _check(reader)


def statistics(path: Path) -> Statistics:
    """Count.

    Raises:
        RelayDatabaseUnusable: it cannot be read, is not a relay's, or is of an older version.
        RelayDatabaseTooNew: a newer version of this program wrote it.
    """
    with opened_for_reading(path) as reader:
        reader.execute("BEGIN")
        _require_newest(reader)
        waiting = [0] * len(BUCKETS)
        for (count,) in reader.execute(
            f"SELECT (SELECT count(*) FROM envelope WHERE {OF_MAILBOX}) FROM mailbox"  # noqa: S608
        ):
            waiting[next(i for i, bound in enumerate(BUCKETS) if count <= bound)] += 1
        left = reader.execute("SELECT remaining FROM allowance ORDER BY remaining")
        return Statistics(
            mailboxes=_number(reader, "SELECT count(*) FROM mailbox"),
            envelopes=_number(reader, "SELECT count(*) FROM envelope"),
            bytes=_number(reader, "PRAGMA page_count") * _number(reader, "PRAGMA page_size"),
            invitations=_number(reader, "SELECT count(*) FROM invitation"),
            tickets=_number(reader, "SELECT count(*) FROM ticket"),
            allowances=[remaining for (remaining,) in left],
            waiting=waiting,
        )


def condition(path: Path) -> Condition:
    """Look at a database's state.

    Raises:
        RelayDatabaseUnusable: it cannot be read, or is not a relay's.
        RelayDatabaseTooNew: a newer version of this program wrote it.
    """
    with opened_for_reading(path) as reader:
        ((mode,),) = reader.execute("PRAGMA journal_mode")
        ((latest,),) = reader.execute("SELECT max(day) FROM envelope")
        version = _number(reader, "PRAGMA user_version")
        return Condition(version, len(MIGRATIONS), str(mode), latest)


def _check(reader: sqlite3.Connection) -> None:
    try:
        application = _number(reader, "PRAGMA application_id")
        version = _number(reader, "PRAGMA user_version")
    except sqlite3.Error:
        raise _unusable() from None
    if application != APPLICATION_ID or not version:
        raise _unusable()
    if version > len(MIGRATIONS):
        raise RelayDatabaseTooNew(
            "A newer version of e2etherapy wrote this relay database. Nothing was changed: use "
            "that version or a later one."
        )


def _require_newest(reader: sqlite3.Connection) -> None:
    if _number(reader, "PRAGMA user_version") != len(MIGRATIONS):
        raise RelayDatabaseUnusable(
            "An older version of e2etherapy wrote this relay database. Nothing was changed: run "
            "'e2etherapy relay migrate' on it first, or start the relay."
        )


def _unusable() -> RelayDatabaseUnusable:
    return RelayDatabaseUnusable(
        "This is not a relay's database, or it cannot be read. Nothing was changed: check the "
        "path and who may read it."
    )


def _absent(path: Path) -> RelayDatabaseUnusable:
    return RelayDatabaseUnusable(
        f"There is no database {path}. Nothing was made or changed; check the path."
    )


def _is_there(path: Path) -> bool:
    """Say no only where that is known: what lies in a closed folder may be there."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _number(reader: sqlite3.Connection, statement: str) -> int:
    ((value,),) = reader.execute(statement)
    return int(value)
