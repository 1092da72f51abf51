"""A process note that is being typed is as secret as one that is written, and is not lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import NotesKeyReplaced, UnknownConversation
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots
from e2etherapy.vault.notes_key import OpenedKey
from tests.support.devices import Two, two
from tests.support.vault_pages import words_in

SAM, KIM = "Sam", "Kim"
SECRET, OTHER = "umbrellas in may, nine of them", "a ladder against the moon"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 8, 1))


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path) as made:
        await made.therapist.invite(KIM)
        await made.therapist.choose_notes_secret(SECRET)
        yield made


@pytest.fixture
async def key(pair: Two) -> OpenedKey:
    return await pair.therapist.unlock_notes(SECRET)


async def there(pair: Two, key: OpenedKey, name: str = SAM) -> list[str]:
    return [begun.text for begun in await pair.therapist.begun_notes(key, name)]


async def rows(pair: Two) -> list[str]:
    found = await pair.therapist.device.vault.db.fetch_all("SELECT text FROM unfinished")
    return [row[0] for row in found]


async def test_it_is_kept_sealed_and_forgotten_with_the_note_that_it_became(
    pair: Two, key: OpenedKey
) -> None:
    therapist = pair.therapist
    await therapist.keep_begun_note(key, SAM, "countertransference")
    await therapist.keep_begun_note(key, SAM, "marmalade")
    await therapist.keep_begun_note(key, " sam ", "marmalade\nagain", before="marmalade")
    await therapist.keep_begun_note(key, KIM, "about Kim")
    assert await there(pair, key) == ["marmalade\nagain", "countertransference"]
    (newest, _) = await therapist.begun_notes(key, SAM)
    assert newest.changed == pair.clock.now
    stored = await rows(pair)
    assert len(stored) == 3
    assert not [text for text in stored if "marmalade" in text or "transfer" in text]
    assert words_in(pair.therapist_home, "countertransference", "marmalade") == set()
    assert await therapist.notes_by_conversation() == []
    assert not [line for line in await therapist.conversations() if line.begun]
    await therapist.write_note(key, SAM, "marmalade\nagain")
    assert await there(pair, key) == ["countertransference"]
    await therapist.keep_begun_note(key, SAM, "", before="countertransference")
    assert (await there(pair, key), await there(pair, key, KIM)) == ([], ["about Kim"])
    with pytest.raises(UnknownConversation):
        await therapist.keep_begun_note(key, "Nobody", "x")


async def test_it_is_sealed_anew_with_a_new_secret_and_gone_with_a_lost_one(
    pair: Two, key: OpenedKey
) -> None:
    therapist = pair.therapist
    for name in (SAM, KIM):
        await therapist.keep_begun_note(key, name, f"on {name}")
    before = await rows(pair)
    assert await therapist.change_notes_secret(key, OTHER) == 0
    for late in (therapist.begun_notes(key, SAM), therapist.keep_begun_note(key, SAM, "late")):
        with pytest.raises(NotesKeyReplaced):
            await late
    fresh = await therapist.unlock_notes(OTHER)
    assert (await there(pair, fresh), await there(pair, fresh, KIM)) == (["on Sam"], ["on Kim"])
    assert not set(before) & set(await rows(pair))
    assert await therapist.start_notes_anew(SECRET) == 0
    assert await rows(pair) == []
