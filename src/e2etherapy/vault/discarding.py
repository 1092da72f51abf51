"""Taking back a vault that was just made, before anything is in it."""

from __future__ import annotations

import contextlib

from e2etherapy.vault import database, keyslots, lock
from e2etherapy.vault.freshness import GenerationMemory
from e2etherapy.vault.vault import Place


def discard(place: Place) -> None:
    """Remove a vault's own files, its folder if nothing else is in it, and the memory of it.

    Without its key slots nobody can open what a crash leaves of it; the next creation clears that.

    Raises:
        VaultMissing: there is no vault.
        OSError: a file cannot be removed.
    """
    folder = place.folder
    memory = GenerationMemory(place.state_folder, keyslots.read(folder).vault_id)
    (folder / keyslots.UNFINISHED_NAME).touch(mode=0o600)
    (folder / keyslots.FILE_NAME).unlink()
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{database.FILE_NAME}{suffix}").unlink(missing_ok=True)
    memory.forget()
    (folder / lock.FILE_NAME).unlink(missing_ok=True)
    (folder / keyslots.UNFINISHED_NAME).unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()  # something that was there before stays, and the folder with it
