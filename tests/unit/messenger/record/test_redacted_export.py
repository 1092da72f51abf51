"""A copy with blanked entries: the rest verifies, and what is blank is nowhere in it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import MessengerError
from tests.support.devices import Two, two

OKAFOR = "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        await made.client.send(OKAFOR, "the name of my sister is Linnea")
        await made.client.send_file(OKAFOR, ("letter.txt", "text/plain", b"dear Linnea"))
        yield made


def verified(verifier: Path) -> str:
    """Run an export's own verifier, and return what it says."""
    done = subprocess.run(
        [sys.executable, str(verifier)], capture_output=True, text=True, check=True
    )
    return done.stdout


async def numbers_of(pair: Two, words: str) -> list[int]:
    """Return the entries that hold some words."""
    file = io.BytesIO()
    await pair.client.export(file, OKAFOR)
    archive = zipfile.ZipFile(file)
    (name,) = [one for one in archive.namelist() if one.endswith("journal.json")]
    entries = json.loads(archive.read(name))["entries"]
    return [number for number, one in enumerate(entries, 1) if words in (one["content"] or "")]


async def test_what_is_blanked_is_nowhere_and_the_rest_verifies(pair: Two, tmp_path: Path) -> None:
    blanked = [*await numbers_of(pair, "Linnea"), *await numbers_of(pair, "letter.txt")]
    assert len(blanked) == 2
    file = io.BytesIO()
    await pair.client.export(file, OKAFOR, blanked)
    with zipfile.ZipFile(file) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        archive.extractall(tmp_path / "copy")
    assert b"Linnea" not in everything
    assert b"letter.txt" not in everything
    assert b"turn 1" in everything
    shown = verified(tmp_path / "copy" / "verify.py")
    assert "(2 blanked in this copy), 0 files. All of it fits." in shown


async def test_an_entry_that_there_is_not_is_said_and_nothing_is_written(pair: Two) -> None:
    with pytest.raises(MessengerError, match="There is no entry 99"):
        await pair.client.export(io.BytesIO(), OKAFOR, [99])
    with pytest.raises(MessengerError, match="Name the conversation"):
        await pair.client.export(io.BytesIO(), None, [1])
