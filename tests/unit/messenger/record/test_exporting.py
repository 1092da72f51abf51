"""An export has everything that can be read, says what cannot, and holds one file at a time."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import JournalBroken
from e2etherapy.messenger.messenger import Messenger
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, two

OKAFOR = "Dr. Okafor"
MEGABYTE = 1_000_000


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as made:
        line.down = True
        yield made


async def record_in(messenger: Messenger, content: bytes) -> int:
    """Put any bytes at the end of a conversation's book, as a damaged program would."""
    device = messenger.device
    change = await device.begin(await record_of(messenger, OKAFOR))
    change.record(content)
    await device.vault.commit(change)
    return change.tip.position


async def exported(messenger: Messenger) -> tuple[zipfile.ZipFile, int, list[int], int]:
    """Export one conversation; return the zip, and what is said of it."""
    file = io.BytesIO()
    (view,) = await messenger.export(file, OKAFOR)
    return zipfile.ZipFile(file), view.entries, list(view.unreadable), view.missing_files


def in_book(archive: zipfile.ZipFile, ending: str) -> str:
    (found,) = [name for name in archive.namelist() if name.endswith(ending) and name[0] == "b"]
    return archive.read(found).decode()


@pytest.mark.parametrize("content", [b"no entry", b"\xff\xfe"], ids=["no json", "no utf-8"])
async def test_one_malformed_entry_does_not_withhold_a_conversation(
    pair: Two, content: bytes
) -> None:
    position = await record_in(pair.client, content)
    await pair.client.send(OKAFOR, "written after it")
    archive, entries, unreadable, _ = await exported(pair.client)
    assert unreadable == [position]
    text = in_book(archive, "journal.txt")
    assert f"[{position}]\n    This entry cannot be shown" in text
    assert "turn 1" in text
    assert "written after it" in text
    assert len(json.loads(in_book(archive, "journal.json"))["entries"]) == entries
    await pair.client.journal_verify()


async def test_a_file_whose_pieces_are_damaged_is_left_out_and_said(pair: Two) -> None:
    for name in ("whole.txt", "damaged.txt", "vanished.txt"):
        await pair.client.send_file(OKAFOR, (name, "text/plain", name.encode()))
    db = pair.client.device.vault.db
    (_, damaged), (_, vanished) = (
        await db.fetch_all("SELECT author, whole FROM chunk ORDER BY rowid")
    )[1:]
    await db.write([("UPDATE chunk SET data = x'ffffffff' WHERE whole = ?", [(damaged,)])])
    await db.write([("DELETE FROM chunk WHERE whole = ?", [(vanished,)])])
    archive, _, unreadable, missing = await exported(pair.client)
    assert (unreadable, missing) == ([], 2)
    files = [name for name in archive.namelist() if "attachments" in name]
    assert [archive.read(name) for name in files] == [b"whole.txt"]
    assert in_book(archive, "index.html").count("The file is not in this copy") == 2


async def test_a_file_that_is_another_than_recorded_stops_the_export(pair: Two) -> None:
    """It is no lack: the copy would vouch for something that was never sent."""
    await pair.client.send_file(OKAFOR, ("a.txt", "text/plain", b"what was sent"))
    db = pair.client.device.vault.db
    ((data,),) = await db.fetch_all("SELECT data FROM chunk")
    forged = data.replace(b"what was sent", b"what was not!")
    await db.write([("UPDATE chunk SET data = ?", [(forged,)])])
    with pytest.raises(JournalBroken, match="not the one that was recorded"):
        await exported(pair.client)


async def test_the_files_of_a_conversation_are_in_memory_one_at_a_time(
    pair: Two, tmp_path: Path
) -> None:
    count = 6
    peaks = []
    for number in range(count):
        blob = random.Random(number).randbytes(MEGABYTE)
        await pair.client.send_file(OKAFOR, (f"{number}.bin", "x/y", blob))
        if number in {0, count - 1}:
            peaks.append(await peak_of_an_export(pair.client, tmp_path / f"{number}.zip"))
    with zipfile.ZipFile(tmp_path / f"{count - 1}.zip") as archive:
        sizes = [item.file_size for item in archive.infolist() if "attachments" in item.filename]
    assert sizes == [MEGABYTE] * count
    # What one file takes is there before and after; not even half of a second one comes to it.
    assert peaks[-1] < peaks[0] + MEGABYTE // 2


async def peak_of_an_export(messenger: Messenger, path: Path) -> int:
    tracemalloc.start()
    try:
        with path.open("wb") as file:
            await messenger.export(file, OKAFOR)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
