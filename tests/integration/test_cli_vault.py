"""A vault that cannot be made or opened is told of in a sentence, and changes nothing."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from tests.support.command_line import Pair, Person, Relay, holdings, newcomer, passphrase_in, run
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def pair(pair: Pair) -> Pair:
    pair.client.ask("send", "Dr. Okafor", "before")
    return pair


def test_a_wrong_passphrase(pair: Pair, tmp_path: Path) -> None:
    before = holdings(pair.client)
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not this one\n")
    outcome = pair.client.run(
        "--passphrase-file", str(wrong), "send", "Dr. Okafor", "hello", "--json"
    )
    refused(outcome, 11)
    assert outcome.failure == {
        "code": "wrong_passphrase",
        "exit": 11,
        "message": "This passphrase does not open the vault. Nothing was changed.",
    }
    assert holdings(pair.client) == before


def test_no_passphrase_and_no_terminal(pair: Pair, tmp_path: Path) -> None:
    refused(
        run(tmp_path, "--home", str(pair.client.home), "conversations"),
        10,
        "--passphrase-file",
        "E2ETHERAPY_PASSPHRASE_FILE",
    )


@pytest.mark.parametrize(
    ("line", "word"), [(b"\n", "empty"), (b"\xff\xfe\n", "UTF-8"), (b"a" * 5_000, "long")]
)
def test_a_passphrase_file_that_holds_none(
    pair: Pair, tmp_path: Path, line: bytes, word: str
) -> None:
    file = tmp_path / "passphrase"
    file.touch(mode=0o600)
    file.write_bytes(line)
    refused(pair.client.run("conversations", "--passphrase-file", str(file)), 10, word)


def test_a_passphrase_file_that_others_can_read_is_used_with_a_warning(
    pair: Pair, tmp_path: Path
) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(pair.client.passphrase_file.read_bytes())
    file.chmod(0o644)
    outcome = pair.client.run("conversations", "--passphrase-file", str(file))
    assert outcome.code == 0
    assert "chmod 600" in outcome.errors


def test_a_vault_that_is_not_there_and_one_that_is(pair: Pair, relay: Relay) -> None:
    refused(pair.client.run("conversations", "--home", "nowhere"), 12, "--home nowhere init")
    before = holdings(pair.client)
    refused(pair.client.run("init", "--role", "client", "--relay", relay.url), 13, "--home")
    assert holdings(pair.client) == before


def test_a_vault_in_use_by_another_process(pair: Pair) -> None:
    before = holdings(pair.client)
    with (pair.client.home / "vault.lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        refused(pair.client.run("send", "Dr. Okafor", "hello"), 14, "Nothing was changed")
    assert holdings(pair.client) == before


def test_a_vault_from_a_newer_version(pair: Pair) -> None:
    before = holdings(pair.client)
    slots = pair.client.home / "keyslots.json"
    kept = slots.read_bytes()
    slots.write_text(json.dumps(json.loads(kept) | {"format": 99}))
    refused(pair.client.run("send", "Dr. Okafor", "hello"), 15, "newer version")
    slots.write_bytes(kept)
    assert holdings(pair.client) == before


def test_a_damaged_vault(tmp_path: Path, relay: Relay) -> None:
    person = newcomer(tmp_path, relay, "client", "Robin")
    database = person.home / "vault.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:4_096] + bytes(4_096) + whole[8_192:])
    refused(person.run("conversations"), 16, "backup")
    database.write_bytes(whole)
    assert holdings(person) == []


@pytest.mark.parametrize("page", [0, 1], ids=["first", "second"])
def test_of_a_damaged_vault_no_more_is_said_than_the_sentence(
    tmp_path: Path, relay: Relay, page: int
) -> None:
    """The database's library would write lines of its own, with its inner words, before it."""
    person = newcomer(tmp_path, relay, "client", "Robin")
    person.ask("journal", "write", "a page of its own " * 1_000)
    database = person.home / "vault.db"
    whole = database.read_bytes()
    start = page * 4_096
    database.write_bytes(whole[:start] + bytes(4_096) + whole[start + 4_096 :])
    outcome = person.run("journal", "list")
    assert outcome.code == 16
    (sentence,) = outcome.errors.splitlines()
    assert "Restore it from a backup" in sentence
    (line,) = person.run("journal", "list", "--json").errors.splitlines()
    assert json.loads(line)["error"]["code"] == "vault_damaged"


def test_a_copy_of_a_vault_reads_but_does_not_send(pair: Pair, tmp_path: Path) -> None:
    elsewhere = Person(tmp_path, "client")
    passphrase_in(tmp_path)
    elsewhere.home.mkdir()
    for file in pair.client.home.iterdir():
        (elsewhere.home / file.name).write_bytes(file.read_bytes())
    refused(elsewhere.run("send", "Dr. Okafor", "hello"), 17, "--only-copy")
    assert holdings(elsewhere) == holdings(pair.client)
    examined = elsewhere.run("doctor", "--json")
    assert examined.code == 41
    assert [check["name"] for check in examined.data["checks"] if not check["ok"]] == ["copy"]
    refused(elsewhere.run("doctor", "--only-copy"), 2, "--yes")
    assert elsewhere.ask("doctor", "--only-copy", "--yes")["healthy"]


def test_values_that_cannot_be_used(pair: Pair, tmp_path: Path) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "client")
    refused(person.run("init", "--role", "client", "--relay", "ftp://relay"), 20, "relay")
    refused(person.run("init", "--role", "client", "--relay", "http://relay.example"), 20, "https")
    refused(person.run("init", "--role", "client", "--relay", "relay"), 20, "https://relay")
    assert not person.home.exists()
    refused(person.run("init", "--role", "friend", "--relay", "http://127.0.0.1:9"), 2)
    refused(pair.client.run("journal", "share", "99", "Dr. Okafor", "--yes"), 3, "journal list")
    refused(pair.client.run("settings", "allowance", "-", stdin=b"short"), 3, "43")
