"""Making a vault: over no other one, for its owner's eyes, and again if it was cut off."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from e2etherapy.errors import (
    VaultExists,
    VaultFull,
    VaultMissing,
)
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import creation, database, keyslots, vault
from e2etherapy.vault.freshness import Freshness
from e2etherapy.vault.lock import VaultLock
from e2etherapy.vault.vault import Place
from e2etherapy.wire.role import Role
from tests.support.homes import HandClock, Home, home
from tests.support.people import seeded


@pytest.fixture
async def closed(tmp_path: Path) -> Home:
    return await home(tmp_path, Role.CLIENT, HandClock())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_vault_is_not_made_over_another(closed: Home) -> None:
    before = files_of(closed.place.folder)
    with pytest.raises(VaultExists, match="already a vault"):
        await creation.create(closed.place, Role.CLIENT, "p", {}, seeded("over"))
    assert files_of(closed.place.folder) == before


async def test_a_vault_that_another_process_made_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: Home
) -> None:
    """The other process held the lock while this one had already looked."""
    place = Place(tmp_path / "contended", tmp_path / "state")
    acquire = VaultLock.acquire

    async def acquire_after_the_other(lock: VaultLock, patience: float) -> None:
        closed.copy_to(tmp_path / "other")
        for path in (tmp_path / "other").iterdir():
            path.rename(place.folder / path.name)
        await acquire(lock, patience)

    with monkeypatch.context() as patch:
        patch.setattr(VaultLock, "acquire", acquire_after_the_other)
        with pytest.raises(VaultExists):
            await creation.create(place, Role.CLIENT, "p", {}, seeded("late"))
    made = await vault.unlock(place, keyslots.read(place.folder), closed.key)
    await made.close()


@pytest.mark.usefixtures("cheap")
async def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place = Place(tmp_path / "vault", tmp_path / "state")
        made, _ = await creation.create(place, Role.CLIENT, "p", {}, seeded("modes"))
        open_modes = {path.name: path.stat().st_mode & 0o777 for path in place.folder.iterdir()}
        await made.close()
        await (await vault.unlock(place, made._slots, made._key)).close()
    finally:
        os.umask(before)
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert place.state_folder.stat().st_mode & 0o777 == 0o700
    assert {"vault.db", "vault.db-wal", "keyslots.json"} <= open_modes.keys()
    assert set(open_modes.values()) == {0o600}
    for folder in (place.folder, place.state_folder):
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a new vault's passphrase cost little: these tests make many, and guard nothing."""
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 64, 1))


class Cut(BaseException):
    """The program was killed here."""


CREATION_STEPS = [
    (keyslots, "recovery_slot"),
    (keyslots, "passphrase_slot"),
    (creation, "_clear_unfinished"),
    (database, "connect"),
    (database.Database, "migrate"),
    (database.Database, "write"),
    (vault.Vault, "_remember"),
    (keyslots, "write"),
]


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("where", "step"), CREATION_STEPS, ids=[step for _, step in CREATION_STEPS]
)
async def test_a_creation_that_was_cut_off_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, step: str, after: bool
) -> None:
    place = Place(tmp_path / "vault", tmp_path / "state")
    plain = getattr(where, step)

    async def cut_async(*given: object, **named: object) -> None:
        if after:
            made = await plain(*given, **named)
            if isinstance(made, database.Database):
                await made.close()
        raise Cut

    def cut(*given: object, **named: object) -> None:
        if after:
            plain(*given, **named)
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(where, step, cut_async if asyncio.iscoroutinefunction(plain) else cut)
        with pytest.raises(Cut):
            await creation.create(place, Role.CLIENT, "first", {}, seeded("first"))
    if (place.folder / keyslots.FILE_NAME).exists():
        # Everything was written: it is a vault, and opens as one.
        opened = await vault.unlock(
            place,
            keyslots.read(place.folder),
            keyslots.unlock_with_passphrase(keyslots.read(place.folder), "first"),
        )
    else:
        with pytest.raises(VaultMissing):
            keyslots.read(place.folder)
        opened, _ = await creation.create(place, Role.THERAPIST, "second", {}, seeded("second"))
    async with opened:
        assert opened.freshness is Freshness.CURRENT
    assert not (place.folder / keyslots.UNFINISHED_NAME).exists()


@pytest.mark.usefixtures("cheap")
async def test_a_disk_without_room_for_key_slots_is_called_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path / "vault", tmp_path / "state")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(VaultFull, match="full"):
            await creation.create(place, Role.CLIENT, "p", {}, seeded("full"))
    made, _ = await creation.create(place, Role.CLIENT, "p", {}, seeded("room"))
    await made.close()
