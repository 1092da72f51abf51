"""A path at which there is no database: it is said, and none is made there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from e2etherapy.relay.allowances import allow
from tests.support.command_line import run
from tests.support.refusals import refused
from tests.support.relays import draw

AT = ("--database", "typo.db")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    asyncio.run(allow(tmp_path / "relay.db", 5, draw))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("allow", *AT, "--mailboxes", "1"),
        ("allow", *AT, "--mailboxes", "1", "--output", "allowance.txt"),
        ("stats", *AT),
        ("backup", *AT, "--to", "copy.db"),
        ("restore", "--from", "typo.db", "--database", "new.db"),
        ("restored", *AT),
        ("migrate", *AT),
        ("copy", "--from", "typo.db", "--to", "postgresql://relay@127.0.0.1:1/relay"),
    ],
    ids=" ".join,
)
def test_a_mistyped_path_is_named_and_nothing_is_made(
    folder: Path, command: tuple[str, ...]
) -> None:
    before = files(folder)
    outcome = run(folder, "relay", *command)
    assert (outcome.code, outcome.output) == (33, b"")
    assert (
        "There is no database typo.db. Nothing was made or changed; check the path."
        in outcome.errors
    )
    assert files(folder) == before


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_looking_at_settings_makes_no_database(folder: Path, command: str) -> None:
    before = files(folder)
    outcome = run(folder, "relay", command, *AT, "--listen", "127.0.0.1:0")
    assert outcome.code in {0, 41}
    assert "There is no database" in outcome.text + outcome.errors
    assert files(folder) == before


def test_a_file_that_is_no_relays_is_not_said_to_be_absent(folder: Path) -> None:
    (folder / "typo.db").write_text("a letter")
    outcome = run(folder, "relay", "stats", *AT)
    assert (outcome.code, "not a relay's database" in outcome.errors) == (33, True)


def test_a_folder_that_is_not_there_is_named_as_it_was_typed(folder: Path) -> None:
    before = files(folder)
    outcome = run(folder, "relay", "backup", "--database", "relay.db", "--to", "no/copy.db")
    assert (outcome.code, outcome.errors) == (74, "no/copy.db: No such file or directory.\n")
    outcome = run(folder, "relay", "restore", "--from", "relay.db", "--database", "no/new.db")
    assert (outcome.code, "No such file or directory" in outcome.errors) == (33, True)
    assert files(folder) == before


@pytest.mark.parametrize("command", [("allow", "--mailboxes", "2"), ("migrate",)])
def test_a_mistyped_path_makes_no_second_database(tmp_path: Path, command: tuple[str]) -> None:
    refused(run(tmp_path, "relay", *command, "--database", "realy.db"), 33, "no database realy.db")
    assert list(tmp_path.iterdir()) == []
