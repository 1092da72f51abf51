"""Making a vault: an encrypted database first, and last the key slots that open it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from e2etherapy.errors import VaultDamaged, VaultExists
from e2etherapy.journal.chain import BookId
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import database, keyslots
from e2etherapy.vault.keyslots import DataKey, KeySlots
from e2etherapy.vault.lock import VaultLock
from e2etherapy.vault.vault import LOCK_PATIENCE_SECONDS, Place, Vault
from e2etherapy.wire.role import Role

VAULT_ID_SIZE = 16


async def create(
    place: Place, role: Role, passphrase: str, settings: Mapping[str, bytes], entropy: Entropy
) -> tuple[Vault, str]:
    """Make a vault; return it open, and its 24 recovery words, which are shown once.

    Args:
        place: where it lies.
        role: whose it is.
        passphrase: opens it from now on.
        settings: its first settings, there from the beginning.
        entropy: source of its keys.

    Raises:
        VaultExists: there is one in this folder already.
        VaultDamaged: there is one that has lost its key slots.
        VaultFull: the disk has no room.
    """
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_vacant(place.folder)
    lock = VaultLock(place.folder)
    await lock.acquire(LOCK_PATIENCE_SECONDS)
    try:
        # Whoever held the lock may have made one meanwhile.
        _require_vacant(place.folder)
        data_key = DataKey(entropy(DataKey.SIZE))
        vault_id = entropy(VAULT_ID_SIZE)
        recovery, words = keyslots.recovery_slot(vault_id, data_key, entropy)
        by_passphrase = keyslots.passphrase_slot(vault_id, data_key, passphrase, entropy)
        slots = KeySlots(keyslots.FORMAT, vault_id, [by_passphrase, recovery])
        _clear_unfinished(place.folder)
        db = await database.connect(place.folder, data_key, fresh=True)
        vault = Vault(place, slots, data_key, lock, db)
        vault.role = role
        await _finish(vault, slots, settings, BookId(entropy(BookId.SIZE)))
    except BaseException:
        lock.release()
        raise
    return vault, words


async def _finish(
    vault: Vault, slots: KeySlots, settings: Mapping[str, bytes], private_book: BookId
) -> None:
    """Write a new vault's first settings, then its key slots.

    The slots come last: a crash before this leaves a folder that holds no vault yet.
    """
    folder = vault.place.folder
    try:
        await vault.begin_life(settings, private_book)
        keyslots.write(folder, slots)
        (folder / keyslots.UNFINISHED_NAME).unlink()
    except BaseException:
        await vault.close()
        raise


def _require_vacant(folder: Path) -> None:
    if (folder / keyslots.FILE_NAME).exists():
        raise VaultExists(
            f"There is already a vault in {folder}. Nothing was changed. "
            "Give another folder with --home."
        )
    if keyslots.lost_in(folder):
        raise VaultDamaged(
            f"There is a vault in {folder} that has lost its {keyslots.FILE_NAME}. Nothing was "
            "changed. Restore that file from a backup, or give another folder with --home."
        )


def _clear_unfinished(folder: Path) -> None:
    """Mark the folder, and remove a database whose creation was cut off: nobody can open it."""
    (folder / keyslots.UNFINISHED_NAME).touch(mode=0o600)
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{database.FILE_NAME}{suffix}").unlink(missing_ok=True)
