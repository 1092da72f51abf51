"""What goes wrong gives its sentence and its exit code, and changes nothing."""

from __future__ import annotations

import fcntl
import hashlib
import json
import resource
import stat
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


def test_reading_works_where_nothing_can_be_written(tmp_path: Path, relay: Relay) -> None:
    """Not even the index of SQLite's log, of 32 KiB, can be made."""
    two = acquainted(tmp_path, relay)
    two.therapist.ask("send", "Robin", "hello there")
    two.client.ask("sync")

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))

    for reading in (("read", "Dr. Okafor"), ("search", "hello")):
        outcome = two.client.run(*reading, prepare=no_room)
        assert outcome.code == 0, outcome.errors
        assert "hello there" in outcome.text
    assert "shown as new again" in two.client.run("read", "Dr. Okafor", prepare=no_room).errors
    assert two.client.ask("conversations")[0]["unread"] == 1
    examined = two.client.run("doctor", "--json", prepare=no_room)
    assert examined.code == 41
    assert [check["name"] for check in examined.data["checks"] if not check["ok"]] == ["disk"]
    assert two.client.run("journal", "verify", prepare=no_room).code == 0
    refused(two.client.run("send", "Dr. Okafor", "hello", prepare=no_room), 18)


def test_doctor_looks_for_a_therapists_allowance(tmp_path: Path, relay: Relay) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "therapist")
    person.ask("init", "--role", "therapist", "--relay", relay.url)
    examined = person.run("doctor")
    assert examined.code == 41
    assert "LOOK  No allowance is set" in examined.text
    assert person.run("settings", "allowance", "-", stdin=b"A" * 43).code == 0
    assert person.run("doctor").code == 0


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


def test_a_link_is_found_in_what_was_pasted(tmp_path: Path, pair: Pair, relay: Relay) -> None:
    link = pair.therapist.ask("invite", "Noor")["link"]
    noor = newcomer(tmp_path, relay, "client", "Noor")
    folded = f"Your link:\r\n> E2E{link[3:40]}=\r\n> {link[40:]}\r\n> Until Monday!"
    assert noor.ask("join", "-", stdin=folded.encode())["name"] == "Dr. Okafor"
    refused(noor.run("join", "-", stdin=f"{link} {link[:-4]}AAAA".encode()), 20, "2 different")


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
    own = first.run("join", link, "--as", "Another")
    refused(own, 21, "If you have used it yourself, you are in the conversation already")
    pair.therapist.ask("sync")
    refused(pair.therapist.run("invite", "Sky"), 27, "already")


def test_a_file_that_is_not_there_has_one_code_everywhere(pair: Pair) -> None:
    missing = "no/such/file"
    for arguments in (
        ("send", "Dr. Okafor", "--attach", missing),
        ("send", "Dr. Okafor", "--attach", "/"),
        ("conversations", "--passphrase-file", missing),
        ("settings", "passphrase", "--new-passphrase-file", missing),
        ("journal", "export", f"{missing}.zip"),
        ("init", "--role", "client", "--relay", "localhost", "--allowance-file", missing),
    ):
        refused(pair.client.run(*arguments), 74)


def test_a_conversation_that_is_not_there_or_not_ready(pair: Pair) -> None:
    refused(pair.client.run("read", "Nobody"), 22)
    refused(pair.client.run("send", "Nobody", "hello"), 22)
    pair.therapist.ask("invite", "Mika")
    refused(pair.therapist.run("send", "Mika", "hello"), 23, "has not used the invitation")


def test_six_words_that_differ_stop_all_sending(tmp_path: Path, relay: Relay) -> None:
    two = acquainted(tmp_path, relay)
    said = two.client.run("verify", " dr.  okafor ", "--outcome", "different")
    assert said.code == 0
    assert "may not be Dr. Okafor" in said.text
    before = holdings(two.client)
    refused(two.client.run("send", "Dr. Okafor", "hello"), 24, "compared again")
    warning = "WARNING: the six words were different. This may not be Dr. Okafor"
    assert two.client.run("read", "dr. okafor").text.count(warning) == 1
    assert warning in two.client.run("conversations").text
    assert holdings(two.client) == before
    two.client.ask("verify", "Dr. Okafor", "--outcome", "same")
    assert two.client.ask("send", "Dr. Okafor", "hello")["state"] == "stored"
    assert "WARNING" not in two.client.run("read", "Dr. Okafor").text
    two.client.ask("verify", "Dr. Okafor", "--outcome", "differed")
    assert two.client.run("read", "Dr. Okafor").text.count(warning) == 2


def test_an_entry_is_not_shared_unasked(pair: Pair) -> None:
    entry = pair.client.ask("journal", "write", "For nobody but me.")
    before = holdings(pair.client)
    for form in ((), ("--json",)):
        share = ("journal", "share", str(entry["number"]), "Dr. Okafor", *form)
        refused(pair.client.run(*share), 2, "--yes")
    assert holdings(pair.client) == before


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
    made = person.run("init", "--role", "client", "--relay", "http://127.0.0.1:9", "--json")
    assert made.code == 0
    assert "can't be reached" in made.data["problem"]
    assert "settings relay" in made.errors
    examined = person.run("doctor")
    assert examined.code == 41
    assert "can't be reached" in examined.text
    link = f"e2etherapy://127.0.0.1:9/#{'A' * 43}"
    refused(person.run("join", link), 75, "can't be reached", "The invitation is not used up")
    assert holdings(person) == []


def test_only_where_something_was_written_it_is_called_safe(tmp_path: Path) -> None:
    with running_relay(tmp_path) as relay:
        two = acquainted(tmp_path, relay)
        link = two.therapist.ask("invite", "Sky")["link"]
        sky = newcomer(tmp_path / "sky", relay, "client", "Sky")
    nothing = (
        sky.run("join", "-", stdin=link.encode()),
        two.client.run("sync"),
        two.therapist.run("invite", "Mika"),
        two.client.run("doctor"),
    )
    for outcome in nothing:
        said = outcome.text + outcome.errors
        assert "can't be reached" in said
        assert "wrote" not in said
    assert "The invitation for Mika is prepared" in nothing[2].errors
    written = two.client.run("send", "Dr. Okafor", "still here")
    assert (written.code, "What you wrote is safe on this device" in written.errors) == (75, True)
    synced = two.client.run("sync")
    assert synced.text == "Something still waits on this device; it goes out with a later sync.\n"


def test_a_relay_that_is_down_is_told_in_json_too(tmp_path: Path) -> None:
    with running_relay(tmp_path) as relay:
        two = acquainted(tmp_path, relay)
    entry = two.client.ask("journal", "write", "For you too.")
    share = ("journal", "share", str(entry["number"]), "Dr. Okafor", "--yes", "--json")
    for unsent in (two.client.run("send", "Dr. Okafor", "hello", "--json"), two.client.run(*share)):
        assert (unsent.code, unsent.data["state"]) == (75, "on_device")
        assert unsent.failure["code"] == "relay_unreachable"
    synced = two.client.run("sync", "--json")
    assert (synced.code, synced.failure["code"]) == (75, "relay_unreachable")
    assert synced.data == {
        "arrived": [],
        "notices": [],
        "delivered": 0,
        "unsent": 2,
        "problem": "The relay can't be reached.",
    }
    examined = two.client.run("doctor", "--json")
    assert (examined.code, examined.data["healthy"], examined.failure["exit"]) == (41, False, 41)
    for nothing in (("invite", "Mika"), ("join", "-"), ("read", "Nobody"), ("no-such-command",)):
        outcome = two.therapist.run(*nothing, "--json")
        assert outcome.output == b""
        assert outcome.failure["exit"] == outcome.code != 0


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


def test_a_relay_that_cannot_start(tmp_path: Path) -> None:
    serve = ("relay", "serve", "--database", "relay.db")
    refused(run(tmp_path, *serve, "--listen", "somewhere"), 33, "HOST:PORT")
    refused(run(tmp_path, *serve, "--listen", "0.0.0.0:0"), 33, "--behind-proxy")
    (tmp_path / "relay.db").write_text("a shopping list, longer than a header " * 100)
    refused(run(tmp_path, *serve, "--listen", "127.0.0.1:0"), 33, "database")
    allow = ("relay", "allow", "--database", "relay.db", "--mailboxes")
    refused(run(tmp_path, *allow, "2"), 33, "database")
    refused(run(tmp_path, *allow, "0"), 2)


@pytest.mark.parametrize("command", [("allow", "--mailboxes", "2"), ("migrate",)])
def test_a_mistyped_path_makes_no_second_database(tmp_path: Path, command: tuple[str]) -> None:
    refused(run(tmp_path, "relay", *command, "--database", "realy.db"), 33, "no database realy.db")
    assert list(tmp_path.iterdir()) == []


def test_an_allowance_goes_into_a_file_that_only_its_owner_can_read(
    tmp_path: Path, relay: Relay
) -> None:
    allow = ("relay", "allow", "--database", str(relay.database), "--mailboxes", "4")
    written = run(tmp_path, *allow, "--output", "allowance.txt")
    assert (written.code, written.output) == (0, b"")
    file = tmp_path / "allowance.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert before.strip() not in written.errors
    refused(run(tmp_path, *allow, "--output", "allowance.txt"), 74, "exists already")
    assert file.read_text() == before
    made = newcomer(tmp_path, relay, "client", "Robin")
    assert made.run("settings", "allowance", "-", stdin=before.encode()).code == 0
    answer = run(tmp_path, *allow, "--output", "another.txt", "--json").data
    assert answer == {"allowance": None, "mailboxes": 4, "file": "another.txt"}
