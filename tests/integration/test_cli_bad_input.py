"""What goes wrong gives its sentence and its exit code, and changes nothing."""

from __future__ import annotations

import fcntl
import hashlib
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import (
    Outcome,
    Pair,
    Person,
    Relay,
    acquainted,
    holdings,
    newcomer,
    on_a_small_disk,
    passphrase_in,
    record_privately,
    remove_entries_behind,
    run,
    running_relay,
)

NO_ROOM = {
    "code": "disk_full",
    "exit": 18,
    "message": "The disk has no room for the vault: it is full, or a limit on what this account "
    "may use is reached. The last step was undone; nothing before it was lost. Free some space and "
    "try again.",
}


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with running_relay(tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, relay: Relay) -> Pair:
    made = acquainted(tmp_path_factory.mktemp("people"), relay)
    made.client.ask("send", "Dr. Okafor", "before")
    return made


def refused(outcome: Outcome, code: int, *words: str) -> None:
    """Check that a command ended with this code and one sentence that holds the words."""
    assert (outcome.code, outcome.output) == (code, b""), outcome.errors
    assert "Traceback" not in outcome.errors
    for word in words:
        assert word in outcome.errors


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
    refused(pair.client.run("conversations", "--home", "nowhere"), 12, "e2etherapy init")
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


def test_a_limit_on_what_the_disk_takes_is_a_lack_of_room(pair: Pair, tmp_path: Path) -> None:
    """SQLite reports it as a disk that failed."""
    before = holdings(pair.client)
    size = (pair.client.home / "vault.db").stat().st_size

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    letter = tmp_path / "letter.bin"
    letter.write_bytes(bytes(2_000_000))
    outcome = pair.client.run(
        "send", "Dr. Okafor", "--attach", str(letter), "--json", prepare=no_room
    )
    assert outcome.code == 18
    assert outcome.failure == NO_ROOM
    assert holdings(pair.client) == before
    assert pair.client.ask("journal", "verify")["books"]
    assert not (pair.client.home / "vault.room").exists()


# A small disk of its own takes a mount, which not every machine lets its users have.
@pytest.mark.nightly
@pytest.mark.parametrize("left", [0, 4_096, 300_000, 1_000_000])
def test_a_disk_that_is_full(pair: Pair, tmp_path: Path, left: int) -> None:
    """The system's own ENOSPC, when the vault is opened and at later writes."""
    letter = tmp_path / "letter.bin"
    letter.write_bytes(bytes(2_000_000))
    outcome, checked = on_a_small_disk(
        pair.client, left, ("send", "Dr. Okafor", "--attach", str(letter), "--json")
    )
    assert outcome.code == 18
    assert outcome.failure == NO_ROOM
    assert checked.code == 0, checked.errors


def test_an_export_that_the_disk_does_not_take_leaves_no_file(pair: Pair, tmp_path: Path) -> None:
    noise = hashlib.shake_256(b"noise").hexdigest(100_000)
    pair.client.ask("journal", "write", "-", stdin=noise.encode())

    def no_room() -> None:
        # Enough for opening the vault, too little for the export.
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    refused(pair.client.run("journal", "export", str(tmp_path / "record.zip"), prepare=no_room), 18)
    assert list(tmp_path.iterdir()) == []


def test_an_export_does_not_write_over_a_file(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "record.zip").write_text("mine")
    refused(pair.client.run("journal", "export", str(tmp_path / "record.zip")), 74, "exists")
    assert (tmp_path / "record.zip").read_text() == "mine"


@pytest.mark.parametrize("link", ["", "hello", "e2etherapy://127.0.0.1/#short"])
def test_a_mangled_link(pair: Pair, link: str) -> None:
    before = holdings(pair.client)
    refused(pair.client.run("join", "-", stdin=link.encode()), 20, "copy all of it")
    assert holdings(pair.client) == before


def test_a_spent_link(pair: Pair, tmp_path: Path, relay: Relay) -> None:
    link = pair.therapist.ask("invite", "Sky")["link"]
    first = newcomer(tmp_path, relay, "client", "Sky")
    first.ask("join", link)
    before = holdings(pair.client)
    refused(pair.client.run("join", link, "--as", "Another"), 21, "Nothing was changed")
    assert holdings(pair.client) == before
    pair.therapist.ask("sync")
    refused(pair.therapist.run("invite", "Sky"), 27, "already")


def test_a_conversation_that_is_not_there_or_not_ready(pair: Pair) -> None:
    refused(pair.client.run("read", "Nobody"), 22)
    refused(pair.client.run("send", "Nobody", "hello"), 22)
    pair.therapist.ask("invite", "Mika")
    refused(pair.therapist.run("send", "Mika", "hello"), 23, "has not used the invitation")


def test_six_words_that_differ_stop_all_sending(tmp_path: Path, relay: Relay) -> None:
    two = acquainted(tmp_path, relay)
    said = two.client.run("verify", "Dr. Okafor", "--outcome", "differed")
    assert said.code == 0
    assert "may not be Dr. Okafor" in said.text
    before = holdings(two.client)
    refused(two.client.run("send", "Dr. Okafor", "hello"), 24, "compared again")
    assert holdings(two.client) == before
    two.client.ask("verify", "Dr. Okafor", "--outcome", "matched")
    assert two.client.ask("send", "Dr. Okafor", "hello")["state"] == "stored"


def test_a_30_mb_attachment(pair: Pair, tmp_path: Path) -> None:
    before = holdings(pair.client)
    video = tmp_path / "video.mp4"
    with video.open("wb") as file:
        file.truncate(30_000_000)
    outcome = pair.client.run("send", "Dr. Okafor", "see this", "--attach", str(video))
    refused(outcome, 25, "30,000,000", "25,000,000", "Nothing was sent")
    assert holdings(pair.client) == before


@pytest.mark.parametrize("data", [b"", b" \n\t", b"caf\xe9", b"\xed\xa0\x80"])
def test_a_text_that_says_nothing_or_is_not_utf8(pair: Pair, data: bytes) -> None:
    refused(pair.client.run("send", "Dr. Okafor", "-", stdin=data), 26)
    refused(pair.client.run("journal", "write", "-", stdin=data), 26)


def test_steps_of_the_other_role(pair: Pair) -> None:
    refused(pair.client.run("invite", "Robin"), 28, "join")
    link = pair.therapist.ask("invite", "Mika")["link"]
    refused(pair.therapist.run("join", link), 28, "invite")


def test_an_allowance_that_is_used_up(tmp_path: Path, relay: Relay) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "therapist")
    person.ask("init", "--role", "therapist", "--relay", relay.url, "--allowance", "A" * 43)
    refused(person.run("invite", "Robin"), 30, "relay allow")
    assert holdings(person) == []


def test_a_relay_that_is_down(tmp_path: Path) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "client")
    person.ask("init", "--role", "client", "--relay", "http://127.0.0.1:9")
    examined = person.run("doctor")
    assert examined.code == 41
    assert "can't be reached" in examined.text
    link = f"e2etherapy://127.0.0.1:9/#{'A' * 43}"
    refused(person.run("join", link), 75, "can't be reached")
    assert holdings(person) == []


def test_values_that_cannot_be_used(pair: Pair, tmp_path: Path) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "client")
    refused(person.run("init", "--role", "client", "--relay", "ftp://relay"), 20, "relay")
    refused(person.run("init", "--role", "client", "--relay", "http://relay.example"), 20, "https")
    assert not person.home.exists()
    refused(person.run("init", "--role", "friend", "--relay", "http://127.0.0.1:9"), 2)
    refused(pair.client.run("journal", "share", "99", "Dr. Okafor"), 3, "journal list")
    refused(pair.client.run("settings", "allowance", "-", stdin=b"short"), 3, "43")


def test_a_relay_that_cannot_start(tmp_path: Path) -> None:
    serve = ("relay", "serve", "--database", "relay.db")
    refused(run(tmp_path, *serve, "--listen", "somewhere"), 33, "HOST:PORT")
    refused(run(tmp_path, *serve, "--listen", "0.0.0.0:0"), 33, "--behind-proxy")
    (tmp_path / "relay.db").write_text("a shopping list, longer than a header " * 100)
    refused(run(tmp_path, *serve, "--listen", "127.0.0.1:0"), 33, "database")
    allow = ("relay", "allow", "--database", "relay.db", "--mailboxes")
    refused(run(tmp_path, *allow, "2"), 33, "database")
    refused(run(tmp_path, *allow, "0"), 2)
