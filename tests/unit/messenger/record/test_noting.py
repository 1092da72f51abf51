"""Process notes: apart from the record, under a secret that nothing else replaces."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import (
    AuthenticationFailed,
    InvalidText,
    LegalHold,
    MessengerError,
    NotesKeyReplaced,
    UnknownConversation,
    VaultTooNew,
    WrongNotesSecret,
    WrongRole,
)
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots, notes, notes_key
from e2etherapy.vault.notes_key import OpenedKey
from tests.support.devices import Two, two
from tests.support.homes import PASSPHRASE
from tests.support.vault_pages import pages, words_in

SAM, KIM = "Sam", "Kim"
SECRET = "umbrellas in may, nine of them"
OTHER = "a ladder against the moon"
WORDS = ("countertransference", "marmalade")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new secrets be stretched at the least cost; what opens them is the same."""
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 8, 1))


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path) as made:
        await made.therapist.choose_notes_secret(SECRET)
        yield made


@pytest.fixture
async def key(pair: Two) -> OpenedKey:
    return await pair.therapist.unlock_notes(SECRET)


async def said(pair: Two, key: OpenedKey, name: str = SAM) -> list[str | None]:
    return [view.text for view in await pair.therapist.notes(key, name)]


async def test_a_note_is_read_as_it_was_written(pair: Two, key: OpenedKey) -> None:
    whole = ("\N{GRINNING FACE}\n\x00 ends in zeros \x00\x00", "x" * 511, "y" * 512, "€" * 4_000)
    for number, text in enumerate(whole, 1):
        pair.clock.forward(minutes=1)
        view = await pair.therapist.write_note(key, "sam", text)
        assert (view.name, view.number, view.written) == (SAM, number, pair.clock())
    assert await said(pair, key) == list(whole)
    (listed,) = await pair.therapist.notes_by_conversation()
    assert (listed.name, listed.notes, listed.last) == (SAM, 4, pair.clock())
    assert "€" not in repr(await pair.therapist.notes(key, SAM))


async def test_nothing_of_a_note_is_in_the_record_the_search_or_an_export(
    pair: Two, key: OpenedKey
) -> None:
    before = await pair.therapist.journal_verify()
    await pair.therapist.write_note(key, SAM, " ".join(WORDS))
    assert await pair.therapist.journal_verify() == before
    assert await pair.therapist.search(WORDS[0], hidden=True) == []
    assert words_in(pair.therapist_home, *WORDS) == set()
    for name in (None, SAM):
        file = io.BytesIO()
        await pair.therapist.export(file, name)
        with zipfile.ZipFile(file) as archive:
            everything = b"".join(archive.read(name) for name in archive.namelist())
        assert not [word for word in WORDS if word.encode() in everything]
    assert (await pair.therapist.sync()).unsent == 0
    await pair.client.sync()
    assert words_in(pair.client_home, *WORDS) == set()


async def test_how_long_a_note_is_shows_in_half_kilobytes_only(pair: Two, key: OpenedKey) -> None:
    for text in ("short", "x" * 511, "x" * 512):
        await pair.therapist.write_note(key, SAM, text)
    rows = await pair.therapist.device.vault.db.fetch_all("SELECT length(sealed) FROM note")
    assert [row[0] - 24 - 16 for row in rows] == [512, 512, 1024]


async def test_a_wrong_secret_is_one_error_and_so_is_what_is_no_text(pair: Two) -> None:
    for wrong in (OTHER, SECRET + " ", "", PASSPHRASE, pair.therapist_home.words, "\ud800"):
        with pytest.raises(WrongNotesSecret, match="Nothing was changed"):
            await pair.therapist.unlock_notes(wrong)


async def test_a_secret_is_the_same_however_it_was_typed(pair: Two) -> None:
    await pair.therapist.change_notes_secret(
        await pair.therapist.unlock_notes(SECRET), "caf\N{LATIN SMALL LETTER E WITH ACUTE} noir"
    )
    await pair.therapist.unlock_notes("cafe\N{COMBINING ACUTE ACCENT} noir")


async def test_a_changed_secret_opens_what_was_written_and_the_old_key_nothing_new(
    pair: Two, key: OpenedKey
) -> None:
    await pair.therapist.write_note(key, SAM, "before")
    await pair.therapist.write_note(key, SAM, "erased")
    await pair.therapist.erase_note(SAM, 2)
    await pair.therapist.change_notes_secret(key, OTHER)
    with pytest.raises(WrongNotesSecret):
        await pair.therapist.unlock_notes(SECRET)
    fresh = await pair.therapist.unlock_notes(OTHER)
    await pair.therapist.write_note(fresh, SAM, "after")
    assert await said(pair, fresh) == ["before", None, "after"]
    for note in await notes.every(pair.therapist.device.vault.db):
        if note.sealed is not None:
            with pytest.raises(AuthenticationFailed):
                notes.unseal(key.key, note)


async def test_a_key_from_before_the_secret_was_changed_loses_no_note(
    pair: Two, key: OpenedKey
) -> None:
    """As when two processes change it, or one while somebody types a note in the other."""
    await pair.therapist.write_note(key, SAM, "before")
    assert await pair.therapist.change_notes_secret(key, OTHER) == 0
    for attempt in (
        pair.therapist.change_notes_secret(key, "a third secret of them"),
        pair.therapist.write_note(key, SAM, "typed meanwhile"),
        pair.therapist.notes(key, SAM),
    ):
        with pytest.raises(NotesKeyReplaced, match="Nothing was changed or written"):
            await attempt
    assert await said(pair, await pair.therapist.unlock_notes(OTHER)) == ["before"]


async def test_a_damaged_note_keeps_nobody_from_changing_the_secret(
    pair: Two, key: OpenedKey
) -> None:
    await pair.therapist.write_note(key, SAM, "whole")
    await pair.therapist.write_note(key, SAM, "damaged")
    sql = "UPDATE note SET sealed = zeroblob(600) WHERE number = ?"
    await pair.therapist.device.vault.db.write([(sql, [(2,)])])
    assert await pair.therapist.change_notes_secret(key, OTHER) == 1
    shown = await pair.therapist.notes(await pair.therapist.unlock_notes(OTHER), SAM)
    assert [(view.text, view.damaged) for view in shown] == [("whole", False), (None, True)]


async def test_the_vaults_passphrase_cannot_be_the_secret_nor_the_other_way_round(
    pair: Two, key: OpenedKey
) -> None:
    for attempt in (
        pair.therapist.change_notes_secret(key, PASSPHRASE),
        pair.therapist.start_notes_anew(PASSPHRASE),
    ):
        with pytest.raises(MessengerError, match="the passphrase of your vault"):
            await attempt
    with pytest.raises(MessengerError, match="the secret of your process notes"):
        await pair.therapist.require_not_notes_secret(SECRET)
    await pair.therapist.require_not_notes_secret(OTHER)
    await pair.therapist.unlock_notes(SECRET)


async def test_a_lost_secret_loses_the_notes_and_nothing_else(pair: Two, key: OpenedKey) -> None:
    await pair.therapist.write_note(key, SAM, "one")
    await pair.therapist.write_note(key, SAM, "two")
    with pytest.raises(MessengerError, match="have a secret already"):
        await pair.therapist.choose_notes_secret(OTHER)
    await pair.therapist.place_hold(SAM, "A court.")
    with pytest.raises(LegalHold):
        await pair.therapist.start_notes_anew(OTHER)
    await pair.therapist.lift_hold(SAM, "Closed.")
    assert await pair.therapist.start_notes_anew(OTHER) == 2
    fresh = await pair.therapist.unlock_notes(OTHER)
    assert await said(pair, fresh) == [None, None]
    assert (await pair.therapist.write_note(fresh, SAM, "three")).number == 3
    await pair.therapist.journal_verify()


async def test_a_slot_of_a_newer_version_is_not_lost_and_a_damaged_one_is(pair: Two) -> None:
    device, newer = pair.therapist.device, b'{"format": 2}'

    async def put(slot: bytes) -> None:
        change = await device.begin_private()
        change.set(notes_key.SETTING, slot)
        await device.vault.commit(change)

    await put(newer)
    with pytest.raises(VaultTooNew):
        await pair.therapist.start_notes_anew(OTHER)
    assert await device.vault.setting(notes_key.SETTING) == newer
    for damaged in (b"damaged", b'{"format": 1}'):
        await put(damaged)
        assert await pair.therapist.start_notes_anew(OTHER) == 0
        await pair.therapist.unlock_notes(OTHER)


async def test_an_erased_note_is_gone_and_a_hold_keeps_it(pair: Two, key: OpenedKey) -> None:
    await pair.therapist.write_note(key, SAM, "x" * 3_000)
    (note,) = await notes.every(pair.therapist.device.vault.db)
    assert note.sealed is not None
    sealed = note.sealed[1_000:1_040]
    assert sealed in b"".join(pages(pair.therapist_home))
    await pair.therapist.place_hold(SAM, "A court.")
    with pytest.raises(LegalHold):
        await pair.therapist.erase_note(SAM, 1)
    await pair.therapist.lift_hold(SAM, "Closed.")
    await pair.therapist.erase_note("sam", 1)
    assert sealed not in b"".join(pages(pair.therapist_home))
    for number in (1, 2):
        with pytest.raises(MessengerError, match=f"no note {number} on Sam, or it was erased"):
            await pair.therapist.erase_note(SAM, number)
    assert await pair.therapist.notes_by_conversation() == []


async def test_what_cannot_be_a_note_is_not_kept(pair: Two, key: OpenedKey) -> None:
    for text in ("", " \n", "\ud800", "x" * 1_000_001):
        with pytest.raises(InvalidText, match="Nothing was written"):
            await pair.therapist.write_note(key, SAM, text)
    with pytest.raises(UnknownConversation):
        await pair.therapist.write_note(key, "Nobody", "x")
    assert await pair.therapist.notes_by_conversation() == []


async def test_a_client_has_no_process_notes(pair: Two) -> None:
    for attempt in (
        pair.client.has_notes_secret(),
        pair.client.choose_notes_secret(SECRET),
        pair.client.unlock_notes(SECRET),
        pair.client.start_notes_anew(SECRET),
        pair.client.notes_by_conversation(),
        pair.client.erase_note("Dr. Okafor", 1),
    ):
        with pytest.raises(WrongRole, match="Only a therapist"):
            await attempt


async def test_without_a_secret_there_is_none_to_ask_for(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        assert not await pair.therapist.has_notes_secret()
        with pytest.raises(MessengerError, match="e2etherapy note secret"):
            await pair.therapist.unlock_notes(SECRET)
        with pytest.raises(MessengerError, match="none to lose"):
            await pair.therapist.start_notes_anew(SECRET)
        assert not await pair.therapist.has_notes_secret()
        await pair.therapist.require_not_notes_secret(SECRET)
