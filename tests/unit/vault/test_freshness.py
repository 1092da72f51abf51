"""Two copies of one vault: the older one is noticed, and says so until its owner decides."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import NotRemembered, OldCopy, VaultError, VaultFull
from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault import journal_store
from e2etherapy.vault.freshness import Freshness, GenerationMemory
from e2etherapy.vault.vault import Place
from e2etherapy.wire.role import Role
from tests.support.devices import Two, record_of, texts, two
from tests.support.homes import HandClock, Home, home


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def go_back(pair: Two, tmp_path: Path) -> None:
    """Copy the client's vault, go on, and put the copy back."""
    await pair.client.__aexit__()
    copy = pair.client_home.copy_to(tmp_path / "copy")
    pair.client = await pair.client_home.open()
    await pair.client.send("Dr. Okafor", "after the copy")
    await pair.client.__aexit__()
    pair.client_home.restore_from(copy)
    pair.client = await pair.client_home.open()


async def refused(messenger: Messenger) -> None:
    """Check that nothing reaches a relay, and nothing in a conversation moves."""
    before = await record_of(messenger, "Dr. Okafor")
    for attempt in (
        messenger.send("Dr. Okafor", "from an old copy"),
        messenger.send_file("Dr. Okafor", ("a", "text/plain", b"a")),
        messenger.sync(),
        messenger.wait(0),
        messenger.join("e2etherapy://127.0.0.1:1/#" + "A" * 43),
        messenger.journal_share(1, "Dr. Okafor"),
    ):
        with pytest.raises(OldCopy, match="--only-copy"):
            await attempt
    assert await record_of(messenger, "Dr. Okafor") == before


async def test_an_older_copy_reads_and_exports_but_neither_sends_nor_collects(
    pair: Two, tmp_path: Path
) -> None:
    await pair.client.journal_write("for sharing")
    await go_back(pair, tmp_path)
    assert pair.client.device.vault.freshness is Freshness.OLDER
    await refused(pair.client)
    assert await texts(pair.client, "Dr. Okafor") == ["turn 1", "turn 2"]
    assert len(await pair.client.search("turn")) == 2
    await pair.client.journal_verify()
    file = io.BytesIO()
    assert await pair.client.export(file)
    assert file.getvalue()


async def test_a_copy_that_is_trusted_makes_the_newer_one_the_older(
    pair: Two, tmp_path: Path
) -> None:
    """Otherwise both would act as the only copy, one after the other, unnoticed."""
    await pair.client.__aexit__()
    older = pair.client_home.copy_to(tmp_path / "older")
    pair.client = await pair.client_home.open()
    for number in range(9):
        await pair.client.journal_write(f"more than the older one has: {number}")
    await pair.client.__aexit__()
    newer = pair.client_home.copy_to(tmp_path / "newer")
    pair.client_home.restore_from(older)
    pair.client = await pair.client_home.open()
    await pair.client.trust_this_copy()
    await pair.client.send("Dr. Okafor", "from the copy")
    await pair.client.__aexit__()
    pair.client_home.restore_from(newer)
    pair.client = await pair.client_home.open()
    assert pair.client.device.vault.freshness is Freshness.OLDER
    await refused(pair.client)


async def test_a_copy_in_another_place_is_unseen_and_refuses_too(pair: Two, tmp_path: Path) -> None:
    await pair.client.journal_write("for sharing")
    await pair.client.device.vault.pause()
    elsewhere = Home(
        Place(pair.client_home.copy_to(tmp_path / "moved"), tmp_path / "another machine"),
        Role.CLIENT,
        pair.client_home.key,
        pair.client_home.words,
        pair.clock,
    )
    await pair.client.device.vault.resume()
    async with await elsewhere.open() as moved:
        assert moved.device.vault.freshness is Freshness.UNSEEN
        await refused(moved)
        assert await texts(moved, "Dr. Okafor") == ["turn 1", "turn 2"]
    async with await elsewhere.open() as moved:
        assert moved.device.vault.freshness is Freshness.UNSEEN


async def test_an_old_copy_stays_old_however_much_is_written_into_it(
    pair: Two, tmp_path: Path
) -> None:
    await go_back(pair, tmp_path)
    for number in range(10):
        await pair.client.journal_write(f"entry {number}")
        await pair.client.record_verification("Dr. Okafor", matched=True)
    await pair.client.__aexit__()
    pair.client = await pair.client_home.open()
    assert pair.client.device.vault.freshness is Freshness.OLDER
    with pytest.raises(OldCopy):
        await pair.client.sync()
    assert len(await pair.client.journal()) == 10


async def test_its_owners_word_that_there_is_no_other_copy_is_remembered(
    pair: Two, tmp_path: Path
) -> None:
    await go_back(pair, tmp_path)
    await pair.client.trust_this_copy()
    await pair.client.sync()
    await pair.client.__aexit__()
    pair.client = await pair.client_home.open()
    assert pair.client.device.vault.freshness is Freshness.CURRENT
    await pair.client.sync()


async def test_its_owners_word_stands_in_the_record(pair: Two, tmp_path: Path) -> None:
    await go_back(pair, tmp_path)
    before = await events(pair.client)
    await pair.client.trust_this_copy()
    assert await events(pair.client) == [*before, EventName.COPY_TRUSTED]
    await pair.client.journal_verify()


async def test_a_word_that_cannot_be_written_down_does_not_count(pair: Two, tmp_path: Path) -> None:
    await go_back(pair, tmp_path)
    before = await events(pair.client)
    db = pair.client.device.vault.db
    # The generation is written last: the entry is there already, and has to be undone.
    failing = """CREATE TEMP TRIGGER failing BEFORE UPDATE ON setting
        BEGIN SELECT RAISE(ABORT, 'failing'); END"""
    await db.write([(failing, [()])])
    with pytest.raises(VaultError):
        await pair.client.trust_this_copy()
    assert pair.client.device.vault.freshness is Freshness.OLDER
    assert await events(pair.client) == before
    with pytest.raises(OldCopy):
        await pair.client.sync()
    await db.write([("DROP TRIGGER failing", [()])])
    await pair.client.trust_this_copy()
    assert await events(pair.client) == [*before, EventName.COPY_TRUSTED]
    await pair.client.sync()


async def events(messenger: Messenger) -> list[str]:
    """Return the events in the private book."""
    vault = messenger.device.vault
    found = [
        record.decode(entry.content or b"")
        async for entry in journal_store.entries(vault.db, vault.private_book)
    ]
    return [entry.event for entry in found if isinstance(entry, record.Event)]


async def test_the_word_is_written_in_one_step_with_what_counts(pair: Two, tmp_path: Path) -> None:
    """Dying after it, and before this machine's note, leaves a copy that asks again."""
    await go_back(pair, tmp_path)

    def crash(_memory: GenerationMemory, _generation: int) -> None:
        raise OSError(5, "as if it had ended here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GenerationMemory, "remember", crash)
        with pytest.raises(NotRemembered, match="note about the vault's age"):
            await pair.client.trust_this_copy()
    assert pair.client.device.vault.freshness is Freshness.OLDER
    await pair.client.trust_this_copy()
    assert (await events(pair.client)).count(EventName.COPY_TRUSTED) == 2


async def test_a_crash_between_the_commit_and_the_note_does_not_make_a_vault_old(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def crash(_memory: GenerationMemory, _generation: int) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(GenerationMemory, "remember", crash)
        with pytest.raises(Crash):
            await pair.client.journal_write("committed")
    await pair.client.__aexit__()
    pair.client = await pair.client_home.open()
    assert pair.client.device.vault.freshness is Freshness.CURRENT
    assert [entry.text for entry in await pair.client.journal()] == ["committed"]
    await pair.client.sync()


async def test_a_note_that_cannot_be_written_says_that_the_vault_is_safe(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_memory: GenerationMemory, _generation: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(GenerationMemory, "remember", full)
        with pytest.raises(NotRemembered, match="is safe in the vault"):
            await pair.client.journal_write("committed")
    assert [entry.text for entry in await pair.client.journal()] == ["committed"]
    await pair.client.journal_write("the next one")
    assert pair.client.device.vault.freshness is Freshness.CURRENT


@pytest.mark.parametrize("note", [b"", b"\xff", b"twelve", b"-", b"1.5"])
async def test_a_damaged_note_counts_as_none(pair: Two, note: bytes) -> None:
    await pair.client.__aexit__()
    (path,) = pair.client_home.place.state_folder.glob("*.generation")
    path.write_bytes(note)
    pair.client = await pair.client_home.open()
    assert pair.client.device.vault.freshness is Freshness.UNSEEN


async def test_what_another_copy_collected_is_noticed_as_a_gap(pair: Two, tmp_path: Path) -> None:
    await pair.client.__aexit__()
    copy = pair.client_home.copy_to(tmp_path / "copy")
    pair.client = await pair.client_home.open()
    await pair.therapist.send("Sam", "one")
    await pair.therapist.send("Sam", "two")
    await pair.client.sync()
    await pair.client.__aexit__()
    pair.client_home.restore_from(copy)
    pair.client = await pair.client_home.open()
    await pair.client.trust_this_copy()
    await pair.therapist.send("Sam", "three")
    report = await pair.client.sync()
    (gap,) = [notice for notice in report.notices if notice.event is EventName.GAP_NOTICED]
    assert gap.sentence.startswith("2 deliveries from Dr. Okafor were removed")
    assert await texts(pair.client, "Dr. Okafor") == ["turn 1", "turn 2", "three"]
    assert (await pair.client.conversations())[0].missing == 2
    await pair.client.journal_verify()


async def test_a_step_undone_for_want_of_room_does_not_count(tmp_path: Path) -> None:
    at = await home(tmp_path, Role.CLIENT, HandClock())
    async with await at.open() as messenger:
        (note,) = at.place.state_folder.glob("*.generation")
        before = note.read_text()
        db = messenger.device.vault.db
        (pages,) = (await db.fetch_all("PRAGMA page_count"))[0]
        await db.fetch_all(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(VaultFull):
            await messenger.journal_write("x" * 100_000)
        assert note.read_text() == before
