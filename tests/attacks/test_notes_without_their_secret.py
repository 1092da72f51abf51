"""Threat V6: whoever has the vault, its passphrase, its recovery words and its key wants the notes.

They write into the database as they like, too. Each attempt is made by somebody whose way works
with the secret, so that the secret alone defends.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from e2etherapy.errors import UnsafeParameters, VaultDamaged, VaultTooNew, WrongNotesSecret
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots, notes, notes_key
from e2etherapy.vault.keyslots import Argon2Parameters
from e2etherapy.vault.notes_key import NotesKey
from tests.support.devices import Two, two
from tests.support.homes import PASSPHRASE
from tests.support.people import seeded
from tests.support.vault_pages import words_in

SAM, KIM = "Sam", "Kim"
SECRET = "umbrellas in may, nine of them"
ABOUT_SAM, ABOUT_KIM = "countertransference with Sam", "marmalade with Kim"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 8, 1))


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path) as made:
        await made.therapist.invite(KIM)
        await made.therapist.choose_notes_secret(SECRET)
        key = await made.therapist.unlock_notes(SECRET)
        for name, text in ((SAM, ABOUT_SAM), (SAM, "second"), (KIM, ABOUT_KIM)):
            made.clock.forward(minutes=1)
            await made.therapist.write_note(key, name, text)
        yield made


async def meddle(pair: Two, sql: str, *values: object) -> None:
    await pair.therapist.device.vault.db.write([(sql, [values])])


async def read(pair: Two, name: str) -> list[tuple[str | None, bool]]:
    """Read with the right secret what somebody else has meddled with."""
    key = await pair.therapist.unlock_notes(SECRET)
    return [(view.text, view.damaged) for view in await pair.therapist.notes(key, name)]


async def test_neither_passphrase_nor_words_nor_data_key_open_them(pair: Two) -> None:
    home = pair.therapist_home
    stored = await pair.therapist.device.vault.setting(notes_key.SETTING)
    assert stored is not None
    slot = notes_key.decode(stored)
    vault_id = keyslots.read(home.place.folder).vault_id
    guesses = [PASSPHRASE, home.words, home.key.hex(), "", vault_id.hex()]
    for guess in guesses:
        with pytest.raises(WrongNotesSecret):
            notes_key.unwrap(slot, vault_id, guess)
    assert notes_key.unwrap(slot, vault_id, SECRET)
    assert words_in(home, "countertransference", "marmalade") == set()
    every = await notes.every(pair.therapist.device.vault.db)
    keys = [NotesKey(bytes(home.key)), NotesKey(slot.salt), NotesKey(slot.wrapped[24:56])]
    for note, key in itertools.product(every, keys):
        with pytest.raises(Exception, match="does not verify"):
            notes.unseal(key, note)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE note SET number = number + 10",
        "UPDATE note SET written = written + 1",
        "UPDATE note SET sealed = substr(sealed, 1, length(sealed) - 1)",
        "UPDATE note SET sealed = x'00'",
        "UPDATE note SET sealed = zeroblob(600)",
        "UPDATE conversation SET book = randomblob(16)",
    ],
)
async def test_a_note_in_another_place_or_changed_is_not_shown_and_said_to_be_damaged(
    pair: Two, sql: str
) -> None:
    assert await read(pair, SAM) == [(ABOUT_SAM, False), ("second", False)]
    await meddle(pair, sql)
    assert await read(pair, SAM) == [(None, True), (None, True)]


async def test_a_note_on_one_client_cannot_be_made_one_on_another(pair: Two) -> None:
    kim = "(SELECT id FROM conversation WHERE name = 'Kim')"
    sam = "(SELECT id FROM conversation WHERE name = 'Sam')"
    await meddle(
        pair,
        f"UPDATE note SET (sealed, written) = (SELECT sealed, written FROM note WHERE number = 1"  # noqa: S608
        f" AND conversation = {sam}) WHERE conversation = {kim}",
    )
    assert await read(pair, KIM) == [(None, True)]
    assert await read(pair, SAM) == [(ABOUT_SAM, False), ("second", False)]


async def test_what_is_begun_is_read_under_no_other_client_and_is_no_note(pair: Two) -> None:
    """They can lose it for its owner, as by deleting it; nobody is told a wrong word by it."""
    begun = "countertransference, begun"
    key = await pair.therapist.unlock_notes(SECRET)
    await pair.therapist.keep_begun_note(key, SAM, begun)
    assert words_in(pair.therapist_home, "countertransference") == set()
    ((stored,),) = await pair.therapist.device.vault.db.fetch_all("SELECT text FROM unfinished")
    sealed = base64.b64decode(stored)
    assert sealed not in [note.sealed for note in await notes.every(pair.therapist.device.vault.db)]
    sam = "(SELECT id FROM conversation WHERE name = 'Sam')"
    kim = "(SELECT id FROM conversation WHERE name = 'Kim')"
    await meddle(
        pair, "INSERT INTO note SELECT conversation, 0, changed, ? FROM unfinished", sealed
    )
    assert await read(pair, SAM) == [(None, True), (ABOUT_SAM, False), ("second", False)]
    for sql in (
        f"UPDATE unfinished SET conversation = {kim}",  # noqa: S608
        f"UPDATE unfinished SET conversation = {sam}, changed = changed + 1",  # noqa: S608
        "UPDATE unfinished SET changed = changed - 1, text = 'AAAA'",
        "UPDATE unfinished SET text = 'not base64'",
    ):
        await meddle(pair, sql)
        for name in (SAM, KIM):
            assert await pair.therapist.begun_notes(key, name) == []
    assert await pair.therapist.change_notes_secret(key, "another one, of moons") == 2


async def test_whoever_puts_a_key_of_their_own_there_reads_nothing(pair: Two) -> None:
    """They can keep the owner out, as they could by deleting everything, and it shows."""
    vault_id = keyslots.read(pair.therapist_home.place.folder).vault_id
    draw = seeded("mallory")
    theirs = NotesKey(draw(NotesKey.SIZE))
    slot = notes_key.encode(notes_key.wrap(theirs, vault_id, "mallory was here", draw))
    await meddle(pair, "UPDATE setting SET value = ? WHERE key = 'notes-key'", slot)
    opened = await pair.therapist.unlock_notes("mallory was here")
    assert opened.key == theirs
    shown = await pair.therapist.notes(opened, SAM)
    assert [(view.text, view.damaged) for view in shown] == [(None, True), (None, True)]
    with pytest.raises(WrongNotesSecret):
        await pair.therapist.unlock_notes(SECRET)


async def test_a_slot_of_another_vault_opens_nothing_here(pair: Two) -> None:
    draw = seeded("elsewhere")
    slot = notes_key.wrap(NotesKey(draw(32)), draw(16), SECRET, draw)
    await meddle(
        pair, "UPDATE setting SET value = ? WHERE key = 'notes-key'", notes_key.encode(slot)
    )
    with pytest.raises(WrongNotesSecret):
        await pair.therapist.unlock_notes(SECRET)


async def test_a_slot_that_asks_for_a_terabyte_or_has_no_form_is_one_sentence(pair: Two) -> None:
    stored = await pair.therapist.device.vault.setting(notes_key.SETTING)
    assert stored is not None
    slot = notes_key.decode(stored)
    dear = msgspec.structs.replace(slot, argon2id=Argon2Parameters(3, 2**30, 4))
    newer = stored.replace(b'"format":1', b'"format":2')
    for written, error in (
        (notes_key.encode(dear), UnsafeParameters),
        (newer, VaultTooNew),
        (b"{", VaultDamaged),
        (b'{"format":1}', VaultDamaged),
        (b"\xff", VaultDamaged),
    ):
        await meddle(pair, "UPDATE setting SET value = ? WHERE key = 'notes-key'", written)
        with pytest.raises(error) as met:
            await pair.therapist.unlock_notes(SECRET)
        assert SECRET not in str(met.value)
    await meddle(pair, "UPDATE setting SET value = ? WHERE key = 'notes-key'", stored)
    assert await read(pair, SAM) == [(ABOUT_SAM, False), ("second", False)]
