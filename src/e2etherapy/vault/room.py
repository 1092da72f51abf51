"""Whether the disk has room for a vault: full, at a quota or at a limit is one and the same.

SQLite says that a disk is full only where the system said ENOSPC. A quota (EDQUOT) and a limit on a
file's size (EFBIG) it reports like a broken disk, and keeps the system's own word to itself.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when there is no room."""

NO_ROOM_SENTENCE = (
    "The disk has no room for the vault: it is full, or a limit on what this account may use is "
    "reached. The last step was undone; nothing before it was lost. Free some space and try again."
)
_PROBE_NAME = "vault.room"
_PROBE_BYTES = 65_536
"""More than SQLite writes at once: a disk that has less room than this has none."""


def has_room(files: list[Path]) -> bool:
    """Say whether the largest of a vault's files could grow by 64 KiB now.

    Tries it with a file beside them, which is gone afterwards. Whatever else is wrong with the
    disk does not count as a lack of room.

    Args:
        files: the database and its log, in one folder; they need not exist.
    """
    try:
        largest = max(path.stat().st_size if path.exists() else 0 for path in files)
        _try_to_write_at(files[0].with_name(_PROBE_NAME), largest)
    except OSError as error:
        return error.errno not in NO_ROOM
    return True


def _try_to_write_at(path: Path, offset: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        path.unlink()  # it lasts for as long as it is open: a crash leaves no room taken
        written = 0
        while written < _PROBE_BYTES:
            # At a limit, the first write may be cut short; only the next one says why.
            written += os.pwrite(descriptor, bytes(_PROBE_BYTES - written), offset + written)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
