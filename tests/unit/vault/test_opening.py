"""Opening a vault: with what it was closed, and with nothing else."""

from __future__ import annotations

import asyncio
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from mnemonic import Mnemonic

from e2etherapy.errors import (
    E2ETherapyError,
    VaultBusy,
    VaultMissing,
    WrongPassphrase,
)
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import creation, database, keyslots, vault
from e2etherapy.vault.schema import MIGRATIONS, VERSION
from e2etherapy.vault.vault import Place
from e2etherapy.wire.role import Role
from tests.support.homes import PASSPHRASE, HandClock, Home, home
from tests.support.people import seeded


@pytest.fixture
async def closed(tmp_path: Path) -> Home:
    return await home(tmp_path, Role.CLIENT, HandClock())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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
