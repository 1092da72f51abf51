"""What was begun is kept until the very step that takes it elsewhere, and is in no record."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidText, UnknownConversation
from e2etherapy.messenger.autosaving import Typed
from tests.support.devices import Two, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def test_sending_what_was_begun_forgets_it_and_sending_anything_else_does_not(
    pair: Two,
) -> None:
    client = pair.client
    await client.keep_begun(Typed.MESSAGE, OKAFOR, "I went")
    await client.keep_begun(Typed.MESSAGE, " dr.  okafor ", "I went out.", before="I went")
    (line,) = await client.conversations()
    assert line.begun
    await client.send(OKAFOR, "Something else.")
    with pytest.raises(InvalidText):
        await client.send(OKAFOR, " ")
    (begun,) = await client.begun(Typed.MESSAGE, OKAFOR)
    assert (begun.text, begun.changed) == ("I went out.", pair.clock.now)
    await client.send(OKAFOR, "I went out.")
    assert await client.begun(Typed.MESSAGE, OKAFOR) == []
    assert not (await client.conversations())[0].begun


async def test_a_text_that_was_begun_takes_the_place_of_no_other_one(pair: Two) -> None:
    client = pair.client
    await client.keep_begun(Typed.MESSAGE, OKAFOR, "the letter I could not finish")
    await client.keep_begun(Typed.MESSAGE, OKAFOR, "")
    await client.keep_begun(Typed.MESSAGE, OKAFOR, "only short")
    await client.keep_begun(Typed.MESSAGE, OKAFOR, "only shortly", before="only short")

    async def there() -> list[str]:
        return [begun.text for begun in await client.begun(Typed.MESSAGE, OKAFOR)]

    assert await there() == ["only shortly", "the letter I could not finish"]
    await client.send(OKAFOR, "only shortly")
    assert await there() == ["the letter I could not finish"]
    await client.forget_begun(Typed.MESSAGE, OKAFOR, "the letter")
    assert await there() == ["the letter I could not finish"]
    await client.forget_begun(Typed.MESSAGE, OKAFOR, "the letter I could not finish")
    assert await there() == []


async def test_each_place_has_its_own_and_each_step_forgets_its_own(pair: Two) -> None:
    therapist, words = pair.therapist, "The same words."
    for what in Typed:
        name = None if what in {Typed.ENTRY, Typed.TEMPLATE} else SAM
        await therapist.keep_begun(what, name, words)

    async def there() -> list[Typed]:
        return [
            what
            for what in Typed
            if await therapist.begun(what, None if what in {Typed.ENTRY, Typed.TEMPLATE} else SAM)
        ]

    assert await there() == list(Typed)
    await therapist.draft(SAM, words)
    assert Typed.REPLY not in await there()
    await therapist.summarise(SAM, words)
    assert Typed.SUMMARY not in await there()
    await therapist.journal_write(words)
    assert Typed.ENTRY not in await there()
    await therapist.add_template("same", words)
    assert await there() == [Typed.MESSAGE, Typed.LETTER]
    await therapist.send_later(SAM, words, pair.clock.now + timedelta(hours=1))
    assert await there() == [Typed.LETTER]
    await therapist.end_therapy(SAM, words)
    assert await there() == []


async def test_what_was_begun_is_in_no_record_export_or_search(pair: Two) -> None:
    client = pair.client
    entries = [book.entries for book in await client.journal_verify()]
    await client.keep_begun(Typed.MESSAGE, OKAFOR, "unsaid words")
    await client.keep_begun(Typed.ENTRY, None, "unsaid words")
    assert [book.entries for book in await client.journal_verify()] == entries
    assert await client.search("unsaid") == []
    written = io.BytesIO()
    await client.export(written)
    with zipfile.ZipFile(written) as copy:
        assert not [name for name in copy.namelist() if b"unsaid" in copy.read(name)]
    await client.forget_begun(Typed.MESSAGE, OKAFOR, "unsaid words")
    await client.forget_begun(Typed.ENTRY, None, "unsaid words")
    assert await client.device.vault.db.fetch_all("SELECT * FROM unfinished") == []
    with pytest.raises(UnknownConversation):
        await client.keep_begun(Typed.MESSAGE, "Nobody", "x")
