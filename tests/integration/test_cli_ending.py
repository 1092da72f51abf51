"""Extracts, exports, holidays and the end at the command line, with real processes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Pair, acquainted, running_relay

OKAFOR, ROBIN = "Dr. Okafor", "Robin"
ESCAPES = "\x1b[2Jowned\u202e"
TERMS = (
    *("--reply-within", "1 working day", "--hours", "Mon-Fri 09:00-17:00"),
    *("--zone", "Europe/Berlin"),
)
AWAY = ("--from", "2099-08-03", "--to", "2099-08-14", "--cover", f"Dr. Byrne {'x' * 3}")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    (tmp_path / "relay").mkdir()
    with running_relay(tmp_path / "relay") as relay:
        yield acquainted(tmp_path, relay)


def test_from_an_announcement_over_an_extract_to_the_end(pair: Pair) -> None:
    therapist, client = pair.therapist, pair.client
    therapist.ask("agreement", "propose", ROBIN, *TERMS)
    (told,) = therapist.ask("holidays", "announce", *AWAY, "--yes")["sent"]
    assert (told["name"], told["state"]) == (ROBIN, "stored")
    assert therapist.run("holidays", "announce", *AWAY).code == 2
    assert therapist.ask("holidays", "show")[0]["waiting"] == 2
    client.ask("send", OKAFOR, f"I slept badly. {ESCAPES}")
    therapist.run("sync")
    assert therapist.ask("context", ROBIN)["unanswered"] == 1
    shown = therapist.run("context", ROBIN).text
    assert "I slept badly." in shown
    assert "\x1b" not in shown
    _extract(pair)
    _exports(pair)
    _end(pair)


def _extract(pair: Pair) -> None:
    therapist, client = pair.therapist, pair.client
    (entry,) = [
        one for one in therapist.ask("extract", "entries", ROBIN) if "slept badly" in one["text"]
    ]
    number = str(entry["number"])
    therapist.ask("extract", "request", ROBIN, number, f"To Dr. Byrne. {ESCAPES}")
    client.run("sync")
    preview = client.run("extract", "show", OKAFOR, "1")
    assert "I slept badly." in preview.text
    assert "\x1b" not in preview.text
    file = therapist.folder / "extract.zip"
    refused = therapist.run("extract", "write", ROBIN, "1", str(file), "--json")
    assert (refused.code, file.exists()) == (3, False)
    client.ask("extract", "allow", OKAFOR, "1", "--yes")
    therapist.run("sync")
    replace = ("--replace", "Robin=Client A", "--replace", "slept=S.")
    written = therapist.ask("extract", "write", ROBIN, "1", str(file), *replace)
    assert (written["entries"], written["replaced"]) == (1, {"Robin": 0, "slept": 1})
    with zipfile.ZipFile(file) as archive:
        assert b"I S. badly." in archive.read("books/01-Client A/journal.txt")
        assert b'href="EXTRACT.txt"' in archive.read("index.html")
    client.ask("extract", "refuse", OKAFOR, "1")
    assert client.ask("extract", "list", OKAFOR)[0]["state"] == "withdrawn"


def _exports(pair: Pair) -> None:
    mine = pair.client.folder / "mine.zip"
    pair.client.ask("export", "my-data", str(mine))
    exported = pair.client.run("export", "my-data", str(pair.client.folder / "again.zip"))
    assert "unpack it and open index.html" in exported.text
    record = pair.therapist.folder / "robin.zip"
    pair.therapist.ask("export", "clinical-record", ROBIN, str(record))
    for file, folder in ((mine, "02-Dr. Okafor"), (record, "01-Robin")):
        with zipfile.ZipFile(file) as archive:
            told = json.loads(archive.read(f"books/{folder}/therapy.json"))
            assert told["parts"][0]["title"] == "Reply agreements"
            assert "ABOUT.txt" in archive.namelist()


def _end(pair: Pair) -> None:
    therapist, client = pair.therapist, pair.client
    letter = f"Farewell. {ESCAPES}\n".encode()
    write = ("ending", "write", ROBIN, "-", "--yes")
    unseen = therapist.run(*write, "--json", stdin=letter)
    assert (unseen.code, "e2etherapy read Robin" in unseen.failure["message"]) == (3, True)
    assert not therapist.ask("ending", "show", ROBIN)["ended"]
    ended = therapist.ask(*write, stdin=letter)
    assert ended["state"] == "stored"
    assert therapist.run("send", ROBIN, "P.S.").code == 23
    assert "is closed" in therapist.run("sync").text
    too_late = client.run("send", OKAFOR, "One more thing.")
    assert (too_late.code, "e2etherapy sync" in too_late.errors) == (30, True)
    client.run("sync")
    shown = client.run("ending", "show", OKAFOR).text
    assert "Farewell." in shown
    assert "\x1b" not in shown
    assert client.ask("ending", "show", OKAFOR)["closed"]
    client.run("read", OKAFOR)
    assert client.ask("conversations") == []
    assert [one["ended"] for one in client.ask("conversations", "--ended")] == [True]
