"""A client takes out all that is theirs; a therapist takes out one client's record, and no more."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.errors import UnknownConversation, WrongRole
from e2etherapy.messenger.care.assigning import Assignment
from e2etherapy.therapy.crisis import OwnLine
from e2etherapy.therapy.emergency_card import EmergencyCard
from tests.support.devices import Two, agree, two
from tests.unit.messenger.record.test_redacted_export import verified

SAM, KIM, OKAFOR = "Sam", "Kim", "Dr. Okafor"
TODAY = date(2026, 1, 5)
CARD = EmergencyCard(
    contact="Anna",
    phone="112",
    relation="sister",
    location="Flat 3.",
    consent="Always.",
    confirmed=TODAY,
)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        await agree(made)
        await made.client.take_check_in(OKAFOR, "phq-9", [1, 1, 1, 1, 1, 1, 1, 1, 2, None])
        await made.client.journal_write("only for myself")
        await made.client.write_safety_plan({"worst": "I call Anna."}, TODAY)
        await made.client.write_emergency_card(CARD)
        await made.therapist.sync()
        await made.therapist.resolve(SAM, "Called at 10:05; is safe.")
        await made.therapist.assign_homework(SAM, Assignment("Walk to the lake"))
        link = (await made.therapist.invite(KIM)).link
        await made.client.join(link, "another therapist")
        await made.client.send("another therapist", "from somebody else")
        await made.therapist.sync()
        await made.therapist.journal_write("a therapist's own thoughts")
        await made.client.sync()
        yield made


def everything(file: io.BytesIO) -> bytes:
    archive = zipfile.ZipFile(file)
    return b"\n".join(
        [*(name.encode() for name in archive.namelist()), *map(archive.read, archive.namelist())]
    )


def overview(file: io.BytesIO, folder: str) -> dict[str, list[dict[str, Any]]]:
    archive = zipfile.ZipFile(file)
    (name,) = [one for one in archive.namelist() if one.endswith(f"{folder}/therapy.json")]
    read = json.loads(archive.read(name))
    return {part["title"]: part["lines"] for part in read["parts"]}


async def test_a_client_takes_out_all_that_is_theirs(pair: Two, tmp_path: Path) -> None:
    file = io.BytesIO()
    books = await pair.client.export_own_data(file, [OwnLine("Anna at work", "+353 1 496 0000")])
    assert [book.title for book in books] == ["Private journal", OKAFOR, "another therapist"]
    whole = everything(file)
    for words in (b"only for myself", b"turn 1", b"I call Anna.", b"Flat 3.", b"Walk to the lake"):
        assert words in whole
    assert b"Anna at work: +353 1 496 0000\n" in whole
    with zipfile.ZipFile(file) as archive:
        index = archive.read("index.html").decode()
        beside = {name for name in archive.namelist() if name.startswith(("own/", "ABOUT"))}
    led_to = {name for name in beside if f'href="{name}"' in index}
    assert led_to == {name for name in beside if name.endswith(".txt")}
    assert len(led_to) == 4
    assert "blanked in this copy" not in index
    for words in (b"Called at 10:05", b"a therapist's own thoughts"):
        assert words not in whole
    parts = overview(file, f"02-{OKAFOR}")
    (taken,) = parts["Check-ins"]
    assert (taken["what"], taken["data"]["total"]) == ("phq-9: 10 (moderate)", 10)
    assert parts["Reply agreements"][0]["data"]["accepted"] is not None
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "mine")
    assert verified(tmp_path / "mine" / "verify.py").count("All of it fits.") == 3
    with pytest.raises(WrongRole, match="Nothing was exported"):
        await pair.client.export_clinical_record(OKAFOR, io.BytesIO())


async def test_a_clinical_record_is_of_one_client_and_holds_what_was_done(
    pair: Two, tmp_path: Path
) -> None:
    file = io.BytesIO()
    (book,) = await pair.therapist.export_clinical_record("sam", file)
    assert (book.title, book.private, book.unreadable) == (SAM, False, ())
    whole = everything(file)
    for words in (b"turn 1", b"Walk to the lake", b"Called at 10:05; is safe."):
        assert words in whole
    for words in (b"Kim", b"from somebody else", b"own thoughts", b"only for myself", b"Flat 3."):
        assert words not in whole
    (flag,) = overview(file, f"01-{SAM}")["What had to be seen first"]
    assert flag["data"]["resolution"] == "Called at 10:05; is safe."
    with zipfile.ZipFile(file) as archive:
        text = archive.read(f"books/01-{SAM}/therapy.txt").decode()
        page = archive.read(f"books/01-{SAM}/therapy.html").decode()
        archive.extractall(tmp_path / "record")
    for told in ("phq-9: 10 (moderate)", "Walk to the lake", "1 working day"):
        assert told in text
        assert told in page
    assert "All of it fits." in verified(tmp_path / "record" / "verify.py")
    with pytest.raises(WrongRole, match="several people"):
        await pair.therapist.export_own_data(io.BytesIO())
    with pytest.raises(UnknownConversation):
        await pair.therapist.export_clinical_record("Nobody", io.BytesIO())
