"""A vault: one encrypted database in one folder, under lock, with its key slots beside it.

`Vault` opens, creates, pauses and commits. What can be read from it is in `conversations`,
`outbox`, `journal_store` and `search`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from e2etherapy.errors import OldCopy, VaultBusy, VaultDamaged, VaultExists, VaultFull
from e2etherapy.journal.chain import BookId
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import database, journal_store, keyslots
from e2etherapy.vault.change import Change, Tip
from e2etherapy.vault.database import Database
from e2etherapy.vault.freshness import Freshness, GenerationMemory
from e2etherapy.vault.keyslots import DataKey, KeySlots
from e2etherapy.vault.lock import VaultLock
from e2etherapy.vault.records import Role

LOCK_PATIENCE_SECONDS = 5.0
VAULT_ID_SIZE = 16
PRIVATE_BOOK = "private-book"
_GENERATION = "generation"
_ROLE = "role"
_SETTING = "INSERT INTO setting VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vault lies, and where this machine remembers how far it had come."""

    folder: Path
    state_folder: Path


class Vault:
    """An open vault. Close it, or use it as an asynchronous context manager."""

    def __init__(
        self, place: Place, slots: KeySlots, key: DataKey, lock: VaultLock, db: Database
    ) -> None:
        """Take what `create` or `unlock` prepared."""
        self.place = place
        self._slots = slots
        self._key = key
        self._lock = lock
        self._db: Database | None = db
        self._memory = GenerationMemory(place.state_folder, slots.vault_id)
        self._generation = 0
        self._is_closed = False
        self.freshness = Freshness.UNSEEN
        self.role = Role.CLIENT
        self.private_book = BookId(bytes(BookId.SIZE))

    @property
    def db(self) -> Database:
        """The open connection.

        Raises:
            VaultBusy: the vault is paused, and `resume` has not opened it again.
        """
        if self._db is None:
            raise VaultBusy(
                "This vault was let go of for another process and is not open again. Nothing was "
                "changed. Try again."
            )
        return self._db

    async def __aenter__(self) -> Self:
        """Return the vault."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the vault."""
        await self.close()

    async def close(self) -> None:
        """Close the database for good and let other processes in."""
        self._is_closed = True
        await self._let_go()

    async def pause(self) -> None:
        """Let other processes in for a while; only the data key stays in memory."""
        await self._let_go()

    async def resume(self) -> None:
        """Open again after `pause`; an open vault stays as it is.

        If it fails the vault stays paused, and a later call may succeed.

        Raises:
            VaultBusy: another process does not let go.
            VaultDamaged, VaultTooNew: what the database is by now.
        """
        if self._is_closed:
            raise RuntimeError("The vault is closed.")  # a mistake of the caller's, not a person's
        if self._db is not None:
            return
        await self._lock.acquire(LOCK_PATIENCE_SECONDS)
        try:
            self._db = await database.connect(self.place.folder, self._key)
            await self._read_head()
        except BaseException:
            await self._let_go()
            raise

    async def _let_go(self) -> None:
        db, self._db = self._db, None
        try:
            if db is not None:
                await db.close()
        finally:
            self._lock.release()

    async def setting(self, key: str) -> bytes | None:
        """Return a setting's value."""
        row = await self.db.fetch_one("SELECT value FROM setting WHERE key = ?", (key,))
        return None if row is None else bytes(row[0])

    async def begin(self, book: BookId, entropy: Entropy) -> Change:
        """Start gathering a change whose record goes to `book`."""
        end = await journal_store.end(self.db, book)
        last = await self.db.fetch_one("SELECT coalesce(max(id), 0) FROM journal")
        following = 1 + (0 if last is None else int(last[0]))
        return Change(Tip(book, end.position, end.head, following), entropy)

    async def commit(self, change: Change) -> None:
        """Write a change in one transaction; when this returns it is on disk.

        Raises:
            VaultFull: the disk has no room; nothing was changed.
            VaultError: the disk reported an error; nothing was changed.
        """
        # A copy that may be old stays so, however much is written into it.
        await self._to_its_end(self._commit(change, self.freshness))

    async def _to_its_end(self, commit: Coroutine[None, None, None]) -> None:
        writing = asyncio.ensure_future(commit)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # A transaction that has begun comes to its end, whichever that is.
            await asyncio.wait({writing})
            raise

    async def _commit(self, change: Change, freshness: Freshness) -> None:
        generation = self._generation
        if freshness is not self.freshness:
            # A copy that is trusted overtakes every other one that this machine has seen.
            generation = max(generation, self._memory.highest() or 0)
        generation += freshness is Freshness.CURRENT
        mark = (_SETTING, [(_GENERATION, generation.to_bytes(8, "big"))])
        await self.db.write([*change.statements(), mark])
        self._generation = generation
        if freshness is Freshness.CURRENT:
            self._remember()
        self.freshness = freshness

    def require_only_copy(self) -> None:
        """Refuse to go on in a vault that may have a newer copy elsewhere.

        Raises:
            OldCopy: it may; the message says what to do.
        """
        if self.freshness is Freshness.CURRENT:
            return
        what = (
            "This vault is an older copy than the one last used on this machine."
            if self.freshness is Freshness.OLDER
            else "This vault was copied or moved here, or this machine's memory of it is gone."
        )
        raise OldCopy(
            f"{what} Reading and exporting work; sending and fetching are stopped, because two "
            "copies in use would lose messages and weaken their protection. If this is the only "
            "copy in use, run 'e2etherapy doctor --only-copy'."
        )

    async def trust_this_copy(self, change: Change) -> None:
        """Act from now on as the only copy, on the owner's word.

        Args:
            change: says so in the record; it is written in the transaction that counts.

        Raises:
            VaultFull, VaultError: the word could not be written down, and does not count.
        """
        await self._to_its_end(self._commit(change, Freshness.CURRENT))

    def change_passphrase(self, passphrase: str, entropy: Entropy) -> None:
        """Replace the passphrase; the recovery words stay as they are."""
        fresh = keyslots.passphrase_slot(self._slots.vault_id, self._key, passphrase, entropy)
        others = [slot for slot in self._slots.slots if slot.kind != "passphrase"]
        self._slots = KeySlots(keyslots.FORMAT, self._slots.vault_id, [fresh, *others])
        keyslots.write(self.place.folder, self._slots)

    def _remember(self) -> None:
        try:
            self._memory.remember(self._generation)
        except OSError as error:
            raise VaultFull(
                "What you did is safe in the vault, but this machine's note about the vault's age "
                f"could not be written ({error.strerror}): {self.place.state_folder}"
            ) from None

    async def _read_head(self) -> None:
        stored = await self.setting(_GENERATION)
        self._generation = int.from_bytes(stored or b"", "big")
        self.freshness = self._memory.judge(self._generation)
        self.role = Role((await self.setting(_ROLE) or b"client").decode())
        book = await self.setting(PRIVATE_BOOK)
        if book is not None:
            self.private_book = BookId(book)


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
        vault.role, vault.private_book = role, BookId(entropy(BookId.SIZE))
        await _finish(vault, settings)
    except BaseException:
        lock.release()
        raise
    return vault, words


async def _finish(vault: Vault, settings: Mapping[str, bytes]) -> None:
    """Write a new vault's first settings, then its key slots.

    The slots come last: a crash before this leaves a folder that holds no vault yet.
    """
    first = {
        **settings,
        _ROLE: vault.role.value.encode(),
        PRIVATE_BOOK: bytes(vault.private_book),
    }
    folder = vault.place.folder
    try:
        await vault.db.write([(_SETTING, list(first.items()))])
        vault.freshness = Freshness.CURRENT  # nobody can have copied what is only being made
        vault._remember()  # noqa: SLF001 - the other half of `create`
        keyslots.write(folder, vault._slots)  # noqa: SLF001 - the other half of `create`
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


async def unlock(place: Place, slots: KeySlots, key: DataKey) -> Vault:
    """Open a vault with its data key (see `keyslots` for how to get it).

    Raises:
        VaultBusy: another process has it open.
        VaultDamaged: the database is not readable.
        VaultTooNew: a newer version wrote it.
    """
    lock = VaultLock(place.folder)
    await lock.acquire(LOCK_PATIENCE_SECONDS)
    try:
        db = await database.connect(place.folder, key)
    except BaseException:
        lock.release()
        raise
    vault = Vault(place, slots, key, lock, db)
    try:
        # A creation that was cut off between its last two steps.
        (place.folder / keyslots.UNFINISHED_NAME).unlink(missing_ok=True)
        await vault._read_head()  # noqa: SLF001 - the other half of this constructor
    except BaseException:
        await vault.close()
        raise
    return vault
