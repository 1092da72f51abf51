"""Only what the client has seen and allowed is passed on, and everything else is nowhere in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidText, MessengerError, WrongRole
from e2etherapy.errors.therapy import WordsRemain
from e2etherapy.messenger.record.passing_on import WrittenExtract
from tests.support.devices import Two, two
from tests.unit.messenger.record.test_redacted_export import verified

SAM, OKAFOR = "Sam", "Dr. Okafor"
WHY = "To my supervisor Dr. Byrne, about Sam's sleep."


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        await made.client.send(OKAFOR, "I slept badly.\nSam's sister Linnea called.")
        await made.client.send(OKAFOR, "This stays between us.")
        await made.client.send_file(OKAFOR, ("night.txt", "text/plain", b"a bad night"))
        await made.client.send_file(OKAFOR, ("Linnea.txt", "text/plain", b"dear sister"))
        await made.therapist.sync()
        yield made


async def numbers_of(pair: Two, *words: str) -> list[int]:
    listed = await pair.therapist.record_entries(SAM)
    return [one.number for one in listed if any(word in one.shown.text for word in words)]


async def asked(pair: Two, *words: str) -> None:
    await pair.therapist.ask_extract(SAM, await numbers_of(pair, *words), WHY)
    await pair.client.sync()


async def answered(pair: Two, *, allowed: bool) -> None:
    await pair.client.answer_extract(OKAFOR, 1, allowed=allowed)
    await pair.therapist.sync()


async def written(
    pair: Two, *pairs: tuple[str, str], anyway: bool = False
) -> tuple[WrittenExtract, zipfile.ZipFile, bytes]:
    file = io.BytesIO()
    report = await pair.therapist.write_extract(file, SAM, 1, pairs, anyway=anyway)
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    return report, archive, "\n".join(names).encode() + b"".join(map(archive.read, names))


async def test_what_was_allowed_is_readable_and_verifies_and_the_rest_is_nowhere(
    pair: Two, tmp_path: Path
) -> None:
    await asked(pair, "slept badly", "night.txt")
    (preview,) = await pair.client.extracts(OKAFOR)
    assert [one.shown.text.partition(" (")[0] for one in preview.entries] == [
        "I slept badly.\nSam's sister Linnea called.",
        "night.txt",
    ]
    await answered(pair, allowed=True)
    report, archive, everything = await written(pair)
    assert (report.entries, report.files) == (2, 1)
    for words in (b"I slept badly.", b"a bad night", b"Dr. Byrne"):
        assert words in everything
    for words in (b"between us", b"Linnea.txt", b"dear sister"):
        assert words not in everything
    archive.extractall(tmp_path / "extract")
    assert "1 file. All of it fits." in verified(tmp_path / "extract" / "verify.py")
    file = io.BytesIO()
    await pair.therapist.export(file, SAM)
    whole = zipfile.ZipFile(file)
    (text,) = [name for name in whole.namelist() if name.endswith("journal.txt")]
    assert "as the client had allowed: 2." in " ".join(whole.read(text).decode().split())


async def test_words_are_replaced_by_hand_and_what_has_them_is_blank_in_what_verifies(
    pair: Two, tmp_path: Path
) -> None:
    await asked(pair, "slept badly", "Linnea.txt", "night.txt")
    await answered(pair, allowed=True)
    report, archive, everything = await written(pair, ("sam", "A."), ("Linnea", "B."))
    assert report.replaced == {"sam": 1, "Linnea": 2}
    assert b"A.'s sister B. called." in everything
    for words in (b"Sam", b"Linnea", b"dear sister"):
        assert words not in everything
    assert b"a bad night" in everything
    (name,) = [name for name in archive.namelist() if name.endswith("journal.json")]
    book = json.loads(archive.read(name))
    first, *_ = book["retold"]
    assert first["text"] == "I slept badly.\nA.'s sister B. called."
    assert all(book["entries"][one["position"] - 1]["content"] is None for one in book["retold"])
    archive.extractall(tmp_path / "extract")
    assert "All of it fits." in verified(tmp_path / "extract" / "verify.py")
    with pytest.raises(InvalidText, match="Nothing was written"):
        await written(pair, (" ", "A."))


async def test_words_that_are_left_within_others_stop_it_until_somebody_has_looked(
    pair: Two,
) -> None:
    """A name is found as a word also between underlines; within a word, a person has to say."""
    await pair.client.send(OKAFOR, "Only _Linnea_ knows, see linnea_s@mail.example. Linneas!")
    await pair.client.send_file(OKAFOR, ("linneas.txt", "text/plain", b"a"))
    await pair.therapist.sync()
    await asked(pair, "Only", "linneas.txt")
    await answered(pair, allowed=True)
    told, file = await numbers_of(pair, "Only", "linneas.txt")
    where = rf"entry {told} \(linneas\); entry {file} \(linneas\)\. Nothing was written"
    with pytest.raises(WordsRemain, match=where):
        await written(pair, ("Linnea", "B."))
    report, _, everything = await written(pair, ("Linnea", "B."), anyway=True)
    assert report.replaced == {"Linnea": 2}
    assert b"Only _B._ knows, see B._s@mail.example. Linneas!" in everything
    report, _, everything = await written(pair, ("Linnea", "B."), ("Linneas", "Bs"))
    assert report.replaced == {"Linnea": 2, "Linneas": 2}
    assert b"innea" not in everything.lower()


async def test_nothing_is_written_before_the_yes_after_a_no_or_once_it_is_taken_back(
    pair: Two,
) -> None:
    await asked(pair, "slept badly")
    with pytest.raises(MessengerError, match=r"not answered.*Nothing was written"):
        await written(pair)
    await answered(pair, allowed=True)
    await written(pair)
    await answered(pair, allowed=False)
    with pytest.raises(MessengerError, match=r"has taken this back.*Nothing was written"):
        await written(pair)
    with pytest.raises(MessengerError, match="answered before"):
        await pair.client.answer_extract(OKAFOR, 1, allowed=True)
    await asked(pair, "between us")
    await pair.client.answer_extract(OKAFOR, 2, allowed=False)
    await pair.therapist.sync()
    with pytest.raises(MessengerError, match="has refused this"):
        await pair.therapist.write_extract(io.BytesIO(), SAM, 2)
    with pytest.raises(MessengerError, match="no extract 3"):
        await pair.therapist.write_extract(io.BytesIO(), SAM, 3)


async def test_what_the_client_cannot_see_is_neither_asked_for_nor_allowed(pair: Two) -> None:
    await pair.client.ask_sooner(OKAFOR)
    await pair.therapist.sync()
    await pair.therapist.resolve(SAM, "a note of the therapist alone")
    listed = {one.number for one in await pair.therapist.record_entries(SAM)}
    hidden = min(set(range(1, 20)) - listed)
    with pytest.raises(MessengerError, match=f"Entry {hidden} is hidden, or no message that both"):
        await pair.therapist.ask_extract(SAM, [hidden], WHY)
    with pytest.raises(MessengerError, match="Name 1 to 500"):
        await pair.therapist.ask_extract(SAM, [], WHY)
    with pytest.raises(WrongRole):
        await pair.client.ask_extract(OKAFOR, [1], WHY)
    with pytest.raises(WrongRole):
        await pair.therapist.answer_extract(SAM, 1, allowed=True)
    await asked(pair, "slept badly")
    change = await pair.client.device.begin_private()
    change.also("UPDATE journal SET salt = NULL, content = NULL WHERE content LIKE '%slept badly%'")
    await pair.client.device.vault.commit(change)
    (view,) = await pair.client.extracts(OKAFOR)
    assert (view.entries, view.missing) == ((), 1)
    with pytest.raises(MessengerError, match="not on this device"):
        await pair.client.answer_extract(OKAFOR, 1, allowed=True)
    await pair.client.answer_extract(OKAFOR, 1, allowed=False)


async def test_the_answer_to_a_request_that_was_erased_is_kept_and_the_next_keeps_its_number(
    pair: Two,
) -> None:
    await asked(pair, "slept badly")
    await asked(pair, "between us")
    request = (await pair.therapist.entries(SAM))[-2].number
    await pair.therapist.erase(SAM, [request], "It named the wrong person.")
    await pair.client.answer_extract(OKAFOR, 1, allowed=True)
    await pair.client.answer_extract(OKAFOR, 2, allowed=True)
    report = await pair.therapist.sync()
    assert (report.arrived, report.notices) == ({SAM: 2}, [])
    (view,) = await pair.therapist.extracts(SAM)
    assert (view.number, view.asked.in_force) == (2, True)
    with pytest.raises(MessengerError, match="no extract 1"):
        await written(pair)
    assert (await pair.therapist.write_extract(io.BytesIO(), SAM, 2)).entries == 1
    told = (await pair.therapist.entries(SAM))[-1]
    assert "as the client had allowed" in told.text
    with pytest.raises(MessengerError, match="accounts for what was erased, kept or passed on"):
        await pair.therapist.erase(SAM, [told.number], "Nobody has to know.")
