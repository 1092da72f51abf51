"""A vault's files after an accident or from another hand: not replaced, called what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2etherapy.errors import (
    UnsafeParameters,
    VaultDamaged,
    VaultTooNew,
)
from e2etherapy.vault import creation, database, endings, keyslots
from e2etherapy.vault.schema import VERSION
from e2etherapy.wire.role import Role
from tests.support.homes import PASSPHRASE, HandClock, Home, home
from tests.support.people import seeded


@pytest.fixture
async def closed(tmp_path: Path) -> Home:
    return await home(tmp_path, Role.CLIENT, HandClock())


def edited_slots(at: Home, edit: dict[str, Any]) -> None:
    path = at.place.folder / keyslots.FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | edit))


def test_key_slots_of_a_newer_version_are_left_alone(closed: Home) -> None:
    edited_slots(closed, {"format": 2, "slots": "in another form", "more": 1})
    with pytest.raises(VaultTooNew, match="update"):
        keyslots.read(closed.place.folder)


async def test_a_database_of_a_newer_version_is_left_alone(closed: Home) -> None:
    db = await database.connect(closed.place.folder, closed.key)
    await db.write([(f"PRAGMA user_version = {VERSION + 1}", ((),))])
    await db.close()
    before = (closed.place.folder / database.FILE_NAME).read_bytes()
    with pytest.raises(VaultTooNew, match="update"):
        await closed.open()
    assert (closed.place.folder / database.FILE_NAME).read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:4096],
        lambda data: data[:100],
        lambda _: b"",
        lambda data: bytes(len(data)),
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:2000] + bytes([data[2000] ^ 1]) + data[2001:],
    ],
    ids=["a byte short", "half", "one page", "100 bytes", "empty", "zeros", "salt", "page 1"],
)
async def test_a_damaged_database_is_called_damaged_and_not_replaced(
    closed: Home, damage: Callable[[bytes], bytes]
) -> None:
    path = closed.place.folder / database.FILE_NAME
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(VaultDamaged, match="backup"):
        await read_everything(closed)
    assert path.read_bytes() == damaged


async def read_everything(at: Home) -> None:
    db = await database.connect(at.place.folder, at.key)
    try:
        for (name,) in await db.fetch_all("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            await db.fetch_all(f"SELECT * FROM {name}")  # noqa: S608
        await endings.ended(db)  # reads an index, which no table's rows are read by
    finally:
        await db.close()


async def test_a_flipped_bit_is_noticed_in_every_page(closed: Home) -> None:
    path = closed.place.folder / database.FILE_NAME
    whole = path.read_bytes()
    for start in range(0, len(whole), 4096):
        middle = start + 2048
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        assert await complaints(closed), start
    path.write_bytes(whole)
    assert not await complaints(closed)


async def complaints(at: Home) -> list[object]:
    try:
        db = await database.connect(at.place.folder, at.key)
    except VaultDamaged as damaged:
        return [damaged]
    try:
        return list(await db.fetch_all("PRAGMA cipher_integrity_check"))
    finally:
        await db.close()


async def test_a_database_that_vanished_is_not_replaced_by_an_empty_one(closed: Home) -> None:
    (closed.place.folder / database.FILE_NAME).unlink()
    with pytest.raises(VaultDamaged, match="missing"):
        await closed.open()
    assert not (closed.place.folder / database.FILE_NAME).exists()


async def test_a_database_that_vanishes_during_a_pause_is_not_replaced(closed: Home) -> None:
    async with await closed.open() as messenger:
        await messenger.device.vault.pause()
        (closed.place.folder / database.FILE_NAME).unlink()
        with pytest.raises(VaultDamaged, match="missing"):
            await messenger.device.vault.resume()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"x":' + b"[" * 100_000,
        b'{"format":"1"}',
        b'{"format":1,"vault_id":"AAAA","slots":[]}',
        b'{"format":1,"vault_id":"AAAAAAAAAAAAAAAAAAAAAA==","slots":[{"kind":"keyring"}]}',
    ],
    ids=["empty", "no utf-8", "null", "{}", "nested", "nested member", "text", "short", "kind"],
)
def test_garbage_in_the_key_slots_is_called_damage(closed: Home, garbage: bytes) -> None:
    (closed.place.folder / keyslots.FILE_NAME).write_bytes(garbage)
    with pytest.raises(VaultDamaged, match="backup"):
        keyslots.read(closed.place.folder)


def test_so_many_slots_that_trying_them_takes_long_are_refused(closed: Home) -> None:
    slots = keyslots.read(closed.place.folder)
    path = closed.place.folder / keyslots.FILE_NAME
    many = msgspec.structs.replace(slots, slots=slots.slots[:1] * (keyslots.MAX_SLOTS + 1))
    path.write_bytes(msgspec.json.encode(many))
    with pytest.raises(VaultDamaged):
        keyslots.read(closed.place.folder)


async def test_a_vault_that_lost_its_key_slots_is_neither_missing_nor_overwritten(
    closed: Home,
) -> None:
    """Its key slots may come back from a backup; its database could not."""
    path = closed.place.folder / keyslots.FILE_NAME
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(VaultDamaged, match="backup"):
        keyslots.read(closed.place.folder)
    with pytest.raises(VaultDamaged, match="backup"):
        await creation.create(closed.place, Role.CLIENT, "p", {}, seeded("over"))
    path.write_bytes(kept)
    async with await closed.open() as messenger:
        assert messenger.role is Role.CLIENT


@pytest.mark.parametrize(
    "cost",
    [
        {"time_cost": 17},
        {"time_cost": 2**62},
        {"memory_kib": 2**20 + 1},
        {"memory_kib": 2**40},
        {"parallelism": 17},
        {"time_cost": 0},
        {"memory_kib": 8},
        {"parallelism": -1},
    ],
    ids=str,
)
def test_a_cost_outside_of_the_accepted_range_is_refused(
    closed: Home, cost: dict[str, int]
) -> None:
    slots = keyslots.read(closed.place.folder)
    passphrase = slots.slots[0]
    assert passphrase.argon2id is not None
    dear = msgspec.structs.replace(passphrase.argon2id, **cost)
    hostile = msgspec.structs.replace(
        slots, slots=[msgspec.structs.replace(passphrase, argon2id=dear)]
    )
    with pytest.raises(UnsafeParameters, match="outside of the accepted range"):
        keyslots.unlock_with_passphrase(hostile, PASSPHRASE)


def test_a_cost_that_this_machine_has_no_memory_for_is_said_so(closed: Home) -> None:
    edit = json.loads((closed.place.folder / keyslots.FILE_NAME).read_text())
    edit["slots"][0]["argon2id"] = {"time_cost": 1, "memory_kib": 2**20, "parallelism": 1}
    edited_slots(closed, edit)
    program = (
        "import resource, sys; from pathlib import Path; from e2etherapy.vault import keyslots\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        f"slots = keyslots.read(Path({str(closed.place.folder)!r}))\n"
        "try: keyslots.unlock_with_passphrase(slots, 'p')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("UnsafeParameters There is not enough free memory")
