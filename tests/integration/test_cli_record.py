"""A record is shown, exported and shared as it is, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import (
    Pair,
    Relay,
    holdings,
    newcomer,
    record_privately,
    remove_entries_behind,
)
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def pair(pair: Pair) -> Pair:
    pair.client.ask("send", "Dr. Okafor", "before")
    return pair


def test_a_record_whose_end_was_removed(tmp_path: Path, relay: Relay) -> None:
    person = newcomer(tmp_path, relay, "client", "Robin")
    for text in ("one", "two", "three"):
        person.ask("journal", "write", text)
    assert person.ask("journal", "verify")["books"][0]["entries"] == 3
    remove_entries_behind(person, 1)
    refused(person.run("journal", "verify"), 40, "Entries 2 to 3 are missing.")
    refused(person.run("journal", "export", "record.zip"), 40, "Entries 2 to 3 are missing.")
    assert not (tmp_path / "record.zip").exists()


def test_an_entry_that_cannot_be_shown_is_exported_and_named(tmp_path: Path, relay: Relay) -> None:
    person = newcomer(tmp_path, relay, "client", "Robin")
    person.ask("journal", "write", "before it")
    record_privately(person, b"\xff no entry")
    person.ask("journal", "write", "after it")
    said = person.run("journal", "export", "record.zip")
    assert said.code == 0
    assert "Entries that cannot be shown, and are kept as they are: 2." in said.text
    (book,) = person.ask("journal", "export", "again.zip")["books"]
    assert (book["entries"], book["unreadable"], book["missing_files"]) == (3, [2], 0)


def test_an_export_does_not_write_over_a_file(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "record.zip").write_text("mine")
    refused(pair.client.run("journal", "export", str(tmp_path / "record.zip")), 74, "exists")
    assert (tmp_path / "record.zip").read_text() == "mine"


def test_an_entry_is_not_shared_unasked(pair: Pair) -> None:
    entry = pair.client.ask("journal", "write", "For nobody but me.")
    before = holdings(pair.client)
    for form in ((), ("--json",)):
        share = ("journal", "share", str(entry["number"]), "Dr. Okafor", *form)
        refused(pair.client.run(*share), 2, "--yes")
    assert holdings(pair.client) == before
