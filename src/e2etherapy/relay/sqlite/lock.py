"""One process at a time: locks (flock) on files that hold nothing else, gone with their process.

The database itself carries SQLite's own locks, and closing any descriptor of it would drop them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.sqlite.connection import unusable


def lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; say whether it was free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_file(database: Path) -> Path:
    """Return the file whose lock says that somebody serves a database.

    It lies beside the database itself, whatever link led there. `mv relay.db*` leaves it where it
    is, so that nothing is restored under a relay that was not stopped.
    """
    real = Path(os.path.realpath(database))
    return real.with_name(f".{real.name}.lock")


@contextmanager
def sole_use(database: Path, advice: str) -> Iterator[None]:
    """Keep every other relay from a database's file for as long as the context lasts.

    The lock's file stays when the lock is gone: whoever removed it could remove one that another
    process has locked since.

    Args:
        database: need not be there yet.
        advice: what to do if a relay serves it.

    Raises:
        RelayDatabaseUnusable: a relay serves it, or nothing can be written there.
    """
    try:
        descriptor = os.open(lock_file(database), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise unusable(problem) from None
    try:
        _hand_over(descriptor, database)
        if not _free(descriptor):
            raise RelayDatabaseUnusable(
                f"A relay serves this database already. Nothing was changed. {advice}"
            )
        yield
    finally:
        os.close(descriptor)


def _hand_over(descriptor: int, database: Path) -> None:
    """Give a lock's file that root has made to whose the database or, without one, the folder is.

    Otherwise the relay's user could not start the relay after root had restored it. SQLite does
    the same with its files.
    """
    if os.geteuid() == 0:
        owner = (database if database.exists() else lock_file(database).parent).stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _free(descriptor: int) -> bool:
    try:
        return lock(descriptor)
    except OSError as problem:
        # A file system that knows no locks is none for a database.
        raise unusable(problem) from None
