"""The machine's own memory of how far a vault had come, kept outside of the vault.

A vault that was restored from a copy is older than this memory; one that was moved here is not in
it at all. Either way its ratchets may have a second, newer life elsewhere
(docs/protocol.md, section 13).
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path


class Freshness(Enum):
    """What this machine knows about a vault."""

    CURRENT = "current"
    OLDER = "older"
    """This machine has seen a later generation of the same vault."""
    UNSEEN = "unseen"
    """This machine has never had this vault open."""


class GenerationMemory:
    """One small file for each vault in the user's state folder."""

    def __init__(self, state_folder: Path, vault_id: bytes) -> None:
        """Name the file; nothing is read yet."""
        self._path = state_folder / f"{vault_id.hex()}.generation"

    def judge(self, generation: int) -> Freshness:
        """Compare a vault's generation with the highest one seen here."""
        seen = self.highest()
        if seen is None:
            return Freshness.UNSEEN
        return Freshness.OLDER if generation < seen else Freshness.CURRENT

    def is_behind(self, generation: int) -> bool:
        """Say whether the highest one seen here is lower."""
        seen = self.highest()
        return seen is not None and seen < generation

    def highest(self) -> int | None:
        """Return the highest generation seen here; None if there was none."""
        try:
            return int(self._path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def remember(self, generation: int) -> None:
        """Record a generation after it was committed.

        A crash between the commit and this leaves the memory behind the vault, never ahead: a
        vault is not called old because of it.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(str(generation))
        fresh.replace(self._path)

    def forget(self) -> None:
        """Remove the memory of a vault that is no more."""
        self._path.unlink(missing_ok=True)
