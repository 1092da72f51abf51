"""One process at a time: a lock file beside the vault, released by the system if we die."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

from e2etherapy.errors import VaultBusy

FILE_NAME = "vault.lock"
_STEP_SECONDS = 0.05


class VaultLock:
    """An exclusive advisory lock (flock), which a crash cannot leave behind."""

    def __init__(self, folder: Path) -> None:
        """Name the file; nothing is locked yet."""
        self._path = folder / FILE_NAME
        self._descriptor: int | None = None

    async def acquire(self, patience: float) -> None:
        """Take the lock, waiting up to `patience` seconds for another process to finish.

        Raises:
            VaultBusy: it did not.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await _lock(descriptor, patience)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


async def _lock(descriptor: int, patience: float) -> None:
    for _ in range(max(1, round(patience / _STEP_SECONDS))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_STEP_SECONDS)
        else:
            return
    raise VaultBusy(
        "Another e2etherapy process has this vault open. Nothing was changed. "
        "Wait for it to finish, or close it, and try again."
    )
