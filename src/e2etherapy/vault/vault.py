"""A vault: one encrypted database in one folder, under lock, with its key slots beside it.

`Vault` opens, pauses and commits; `creation` makes one. What can be read from it is in
`conversations`, `outbox`, `journal_store` and `search`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from e2etherapy.errors import NotRemembered, OldCopy, VaultBusy
from e2etherapy.journal.chain import BookId
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import database, journal_store, keyslots
from e2etherapy.vault.change import Change, Tip
from e2etherapy.vault.database import Database
from e2etherapy.vault.freshness import Freshness, GenerationMemory
from e2etherapy.vault.keyslots import DataKey, KeySlots
from e2etherapy.vault.lock import VaultLock
from e2etherapy.wire.role import Role

LOCK_PATIENCE_SECONDS = 5.0
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

    async def begin(self, book: BookId, entropy: Entropy, behind: Change | None = None) -> Change:
        """Start gathering a change whose record goes to `book`.

        Args:
            book: where the record goes.
            entropy: source of its salts.
            behind: a finished change of another book that is committed together with this one.
        """
        end = await journal_store.end(self.db, book)
        following = await self._next_journal() if behind is None else behind.tip.next_journal
        return Change(Tip(book, end.position, end.head, following), entropy)

    async def _next_journal(self) -> int:
        last = await self.db.fetch_one("SELECT coalesce(max(id), 0) FROM journal")
        return 1 + (0 if last is None else int(last[0]))

    async def commit(self, *changes: Change) -> None:
        """Write changes, each of another book, in one transaction; then it is on disk.

        Raises:
            VaultFull: the disk has no room; nothing was changed.
            VaultError: the disk reported an error; nothing was changed.
            NotRemembered: the changes are on disk; only this machine's note of the vault's age
                could not be written.
        """
        if len({bytes(change.tip.book) for change in changes}) != len(changes):
            raise RuntimeError("Two changes of one book do not know of each other.")
        # A copy that may be old stays so, however much is written into it.
        await self._to_its_end(self._commit(changes, self.freshness))

    async def _to_its_end(self, commit: Coroutine[None, None, None]) -> None:
        """Let a transaction end, however often whoever waits for it is cancelled.

        What is in memory must agree with what is on disk.
        """
        writing = asyncio.ensure_future(commit)
        interrupted: asyncio.CancelledError | None = None
        while not writing.done():
            try:
                await asyncio.wait({writing})
            except asyncio.CancelledError as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted from (None if writing.cancelled() else writing.exception())
        writing.result()

    async def _commit(self, changes: Sequence[Change], freshness: Freshness) -> None:
        generation = self._generation
        if freshness is not self.freshness:
            # A copy that is trusted overtakes every other one that this machine has seen.
            generation = max(generation, self._memory.highest() or 0)
        generation += freshness is Freshness.CURRENT
        mark = (_SETTING, [(_GENERATION, generation.to_bytes(8, "big"))])
        statements = [statement for change in changes for statement in change.statements()]
        await self.db.write([*statements, mark])
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
            VaultFull, VaultError, NotRemembered: it could not be written down, and does not count.
        """
        await self._to_its_end(self._commit((change,), Freshness.CURRENT))

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
            raise NotRemembered(
                "What you did is safe in the vault, but this machine's note about the vault's age "
                f"could not be written ({error.strerror}): {self.place.state_folder}"
            ) from None

    async def begin_life(self, settings: Mapping[str, bytes], private_book: BookId) -> None:
        """Write a new vault's first settings; nobody can have copied what is only being made.

        Raises:
            VaultFull, VaultError, NotRemembered: the vault cannot be used.
        """
        self.private_book = private_book
        first = {
            **settings,
            _ROLE: self.role.value.encode(),
            PRIVATE_BOOK: bytes(private_book),
        }
        await self.db.write([(_SETTING, list(first.items()))])
        self.freshness = Freshness.CURRENT
        self._remember()

    async def _read_head(self) -> None:
        stored = await self.setting(_GENERATION)
        self._generation = int.from_bytes(stored or b"", "big")
        self.freshness = self._memory.judge(self._generation)
        if self._memory.is_behind(self._generation):
            # A crash or a full disk may have come between the last commit and the note: until it is
            # written, an older copy counts as current too. If this fails the next commit says so.
            with contextlib.suppress(NotRemembered):
                self._remember()
        self.role = Role((await self.setting(_ROLE) or b"client").decode())
        book = await self.setting(PRIVATE_BOOK)
        if book is not None:
            self.private_book = BookId(book)


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
