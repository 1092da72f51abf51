"""Opening a vault: with what it was closed, and with nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mnemonic import Mnemonic

from e2etherapy.errors import (
    E2ETherapyError,
    UnsafeParameters,
    VaultBusy,
    VaultDamaged,
    VaultExists,
    VaultFull,
    VaultMissing,
    VaultTooNew,
    WrongPassphrase,
)
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import creation, database, keyslots, vault
from e2etherapy.vault.freshness import Freshness
from e2etherapy.vault.lock import VaultLock
from e2etherapy.vault.records import Role
from e2etherapy.vault.schema import MIGRATIONS, VERSION
from e2etherapy.vault.vault import Place
from tests.support.devices import PASSPHRASE, HandClock, Home, home
from tests.support.people import seeded


@pytest.fixture
async def closed(tmp_path: Path) -> Home:
    return await home(tmp_path, Role.CLIENT, HandClock())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edited_slots(at: Home, edit: dict[str, Any]) -> None:
    path = at.place.folder / keyslots.FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | edit))


async def test_the_passphrase_opens_it(closed: Home) -> None:
    async with await Messenger.open(closed.place, PASSPHRASE) as messenger:
        assert messenger.role is Role.CLIENT


async def test_a_wrong_passphrase_opens_nothing_and_changes_nothing(closed: Home) -> None:
    before = files_of(closed.place.folder)
    with pytest.raises(WrongPassphrase, match="does not open"):
        await Messenger.open(closed.place, PASSPHRASE + " ")
    assert files_of(closed.place.folder) == before


@pytest.mark.usefixtures("cheap")
async def test_the_way_in_which_an_accent_is_typed_does_not_matter(tmp_path: Path) -> None:
    place = Place(tmp_path / "vault", tmp_path / "state")
    typed = unicodedata.normalize("NFD", "Café ﬁn Ω")
    made, _ = await creation.create(place, Role.CLIENT, typed, {}, seeded("accents"))
    await made.close()
    slots = keyslots.read(place.folder)
    other = unicodedata.normalize("NFC", "Café fin Ω")
    assert keyslots.unlock_with_passphrase(slots, other) == keyslots.unlock_with_passphrase(
        slots, typed
    )


def test_a_passphrase_that_is_no_text_is_a_wrong_one(closed: Home) -> None:
    with pytest.raises(WrongPassphrase):
        keyslots.unlock_with_passphrase(keyslots.read(closed.place.folder), "\udc80")


@pytest.mark.parametrize(
    "written",
    [
        str,
        str.upper,
        str.title,
        lambda words: "  " + words.replace(" ", " \n\t ") + "\n",
        lambda words: unicodedata.normalize("NFD", words),
    ],
    ids=["as shown", "upper case", "title case", "other spacing", "decomposed"],
)
async def test_the_recovery_words_open_it_however_they_are_written(
    closed: Home, written: Callable[[str], str]
) -> None:
    opened = await Messenger.open_with_recovery_words(closed.place, written(closed.words))
    async with opened:
        assert opened.role is Role.CLIENT


def exchange_two(words: list[str]) -> list[str]:
    return [words[1], words[0], *words[2:]]


def another_last_word(words: list[str]) -> list[str]:
    # One in 256 last words fits the checksum too; these two never both do.
    fits = Mnemonic("english").check(" ".join([*words[:-1], "zoo"]))
    return [*words[:-1], "zone" if fits else "zoo"]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda words: words[:-1],
        lambda words: [*words, words[0]],
        lambda words: [*words[:3], "xylophone", *words[4:]],
        lambda words: words[:12],
        another_last_word,
        lambda _: [],
        lambda _: ["\udc80"] * 24,
    ],
    ids=["23", "25", "no such word", "12", "checksum", "none", "no text"],
)
def test_mistaken_recovery_words_are_refused_with_what_is_wrong(
    closed: Home, mistake: Callable[[list[str]], list[str]]
) -> None:
    slots = keyslots.read(closed.place.folder)
    with pytest.raises(WrongPassphrase, match="not 24 recovery words"):
        keyslots.unlock_with_recovery_words(slots, " ".join(mistake(closed.words.split())))


def test_the_recovery_words_of_another_vault_are_named_as_that(closed: Home) -> None:
    others = Mnemonic("english").to_mnemonic(bytes(range(32)))
    with pytest.raises(WrongPassphrase, match="another vault"):
        keyslots.unlock_with_recovery_words(keyslots.read(closed.place.folder), others)


@pytest.mark.usefixtures("cheap")
async def test_a_new_passphrase_replaces_the_old_one_and_leaves_the_words(closed: Home) -> None:
    async with await closed.open() as messenger:
        messenger.change_passphrase("another one")
    slots = keyslots.read(closed.place.folder)
    assert keyslots.unlock_with_passphrase(slots, "another one") == closed.key
    assert keyslots.unlock_with_recovery_words(slots, closed.words) == closed.key
    with pytest.raises(WrongPassphrase):
        keyslots.unlock_with_passphrase(slots, PASSPHRASE)


async def test_there_is_no_vault_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(VaultMissing, match="init"):
        await Messenger.open(Place(tmp_path, tmp_path / "state"), PASSPHRASE)
    assert not list(tmp_path.iterdir())


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


async def test_another_process_that_holds_it_is_waited_for_and_then_named(
    closed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "LOCK_PATIENCE_SECONDS", 0.1)
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from e2etherapy.vault.lock import VaultLock\n"
        f"lock = VaultLock(Path({str(closed.place.folder)!r})); asyncio.run(lock.acquire(1))\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(VaultBusy, match="Another e2etherapy process"):
        await closed.open()
    holder.kill()
    await holder.wait()
    async with await closed.open() as messenger:
        assert messenger.role is Role.CLIENT


async def test_a_second_opening_in_the_same_process_finds_it_busy(
    closed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "LOCK_PATIENCE_SECONDS", 0.1)
    async with await closed.open():
        with pytest.raises(VaultBusy):
            await closed.open()


async def test_while_paused_another_may_open_it(closed: Home) -> None:
    async with await closed.open() as messenger:
        await messenger.device.vault.pause()
        async with await closed.open() as other:
            await other.journal_write("meanwhile")
        await messenger.device.vault.resume()
        assert [entry.text for entry in await messenger.journal()] == ["meanwhile"]
        await messenger.journal_write("afterwards")
        assert len(await messenger.journal()) == 2


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


async def test_an_older_database_is_migrated_in_one_transaction_for_each_step(
    closed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = ("CREATE TABLE added (a INTEGER) STRICT", "INSERT INTO added VALUES (1)")
    broken = ("CREATE TABLE never (a INTEGER) STRICT", "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, added, broken))
    monkeypatch.setattr(database, "VERSION", VERSION + 2)
    with pytest.raises(E2ETherapyError):
        await closed.open()
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, added))
    monkeypatch.setattr(database, "VERSION", VERSION + 1)
    async with await closed.open() as messenger:
        db = messenger.device.vault.db
        assert await db.fetch_all("PRAGMA user_version") == [(VERSION + 1,)]
        assert await db.fetch_all("SELECT a FROM added") == [(1,)]
        assert not await db.fetch_all("SELECT 1 FROM sqlite_schema WHERE name = 'never'")


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


async def test_no_word_of_the_passphrase_or_the_recovery_words_is_in_a_file(closed: Home) -> None:
    async with await closed.open() as messenger:
        await messenger.journal_write("nobody reads this over the shoulder")
        data = b"".join(files_of(closed.place.folder).values())
    data += b"".join(files_of(closed.place.folder).values())
    for secret in (PASSPHRASE, closed.words, "shoulder"):
        assert secret.encode() not in data
    assert bytes(closed.key) not in data
    assert closed.key.hex().encode() not in data


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
