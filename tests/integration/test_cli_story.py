"""The whole story of the README through real processes, told to a person and to a script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from e2etherapy.cli import answers, record_answers
from tests.support.command_line import (
    Pair,
    Person,
    Relay,
    allowance_from,
    environment,
    newcomer,
    passphrase_in,
    run,
    running_relay,
)
from tests.support.met import Meeting
from tests.support.terminal import with_file

ODD_TEXTS = {
    "CR LF and trailing newlines": "first\r\nsecond\n\n\n",
    "NUL and controls": "before\x00after\x1b[2J\x7f\x9b",
    "spaces around": "  \t text \t ",
    "emoji and right-to-left": "👩\u200d👩\u200d👧 שלום \u202eabc\u202c e\u0301",
    "100 KB": "Eine längere Geschichte. " * 4_000,
}


def printed(person: Person, command: str, *more: str, stdin: bytes = b"") -> object:
    """Run a command and return its JSON, having compared it with the documented schema."""
    data = person.ask(*command.split(), *more, stdin=stdin)
    return msgspec.convert(data, type=answers.BY_COMMAND[command], strict=False)


def test_the_whole_story(tmp_path: Path, relay: Relay) -> None:
    passphrase_in(tmp_path)
    client, therapist = Person(tmp_path, "client"), Person(tmp_path, "therapist")
    allowance = allowance_from(relay, 10)

    made = printed(
        therapist,
        "init",
        *("--role", "therapist", "--relay", relay.url, "--name", "Dr. Okafor"),
        *("--allowance", allowance),
    )
    assert isinstance(made, answers.Made)
    assert len(made.recovery_words) == 24
    printed(client, "init", "--role", "client", "--relay", relay.url)

    invitation = printed(therapist, "invite", "Robin", "--days", "3")
    assert isinstance(invitation, answers.Invitation)
    again = printed(therapist, "invite", "Robin")
    assert again == msgspec.structs.replace(invitation, again=True)
    joined = printed(client, "join", invitation.link)
    assert joined == answers.Joined(name="Dr. Okafor", credential=None)
    arrived = printed(therapist, "sync")
    assert isinstance(arrived, answers.Synced)
    assert [notice.event for notice in arrived.notices] == ["conversation_established"]

    words = printed(client, "verify", "Dr. Okafor", "--outcome", "matched")
    same = printed(therapist, "verify", "Robin", "--outcome", "matched")
    assert isinstance(words, answers.SafetyPhrase)
    assert isinstance(same, answers.SafetyPhrase)
    assert words.words == same.words
    assert words.verification == same.verification == "matched"

    sent = printed(client, "send", "dr.  OKAFOR", "I slept better.")
    assert isinstance(sent, answers.Sent)
    assert (sent.name, sent.state) == ("Dr. Okafor", "stored")
    fetched = printed(therapist, "sync")
    assert isinstance(fetched, answers.Synced)
    assert fetched.arrived == [answers.Arrived(name="Robin", messages=1)]
    printed(therapist, "send", "Robin", "I am glad. What was different?")
    printed(client, "sync")

    (theirs, own) = client.ask("read", "Dr. Okafor")
    assert (theirs["author"], theirs["text"], theirs["state"]) == (
        "client",
        "I slept better.",
        "fetched",
    )
    assert (own["author"], own["text"]) == ("therapist", "I am glad. What was different?")
    assert theirs["written"].endswith("Z")
    (line,) = client.ask("conversations")
    assert (line["name"], line["messages"], line["verification"]) == ("Dr. Okafor", 2, "matched")
    (hit,) = client.ask("search", "slept")
    assert hit["text"] == "I slept better."


def test_what_a_script_reads_has_the_documented_form(pair: Pair, tmp_path: Path) -> None:
    client = pair.client
    entry = printed(client, "journal write", "--mood", "6", stdin=b"Walked to the lake.")
    assert isinstance(entry, record_answers.JournalEntry)
    printed(client, "journal list")
    shared = printed(client, "journal share", str(entry.number), "Dr. Okafor", "--yes")
    assert isinstance(shared, answers.Sent)
    assert shared.items[0].kind == "journal_share"
    verified = printed(client, "journal verify")
    assert isinstance(verified, record_answers.Verified)
    private, thread = verified.books
    assert private.entries == private.messages == len(client.ask("journal", "list"))
    assert thread.entries > thread.messages == len(client.ask("read", "Dr. Okafor"))
    others = thread.entries - thread.messages
    counted = f"{thread.entries} entries ({thread.messages} message"
    assert counted in client.run("journal", "verify").text
    assert f", {others} other notes)." in client.run("journal", "verify").text
    exported = printed(client, "journal export", str(tmp_path / "record.zip"))
    assert isinstance(exported, record_answers.Exported)
    assert [book.messages for book in exported.books] == [private.messages, thread.messages]
    assert (tmp_path / "record.zip").read_bytes().startswith(b"PK")
    printed(client, "settings read-marks", "off")
    examination = printed(client, "doctor")
    assert isinstance(examination, answers.Examination)
    assert [check.name for check in examination.checks] == [
        "version",
        "vault",
        "copy",
        "disk",
        "relay",
        "clock",
    ]
    assert examination.healthy
    printed(client, "conversations")
    printed(client, "read", "Dr. Okafor")
    printed(client, "search", "lake")


def test_new_messages_are_counted_and_can_be_read_alone(own_pair: Pair) -> None:
    pair = own_pair
    for text in ("one", "two", "three"):
        pair.client.ask("send", "Dr. Okafor", text)
    pair.therapist.ask("sync")

    def unread() -> int:
        (line,) = pair.therapist.ask("conversations")
        return int(line["unread"])

    assert unread() == 3
    assert "3 messages, 3 of them new" in pair.therapist.run("conversations").text
    (last,) = pair.therapist.ask("read", "Robin", "--last", "1")
    assert (last["text"], last["unread"], unread()) == ("three", True, 2)
    shown = pair.therapist.run("read", "robin", "--new").text
    assert ("one" in shown, "two" in shown, "three" in shown) == (True, True, False)
    assert shown.count(", new\n") == 2
    assert (unread(), pair.therapist.ask("read", "Robin", "--new")) == (0, [])
    assert (
        "Nothing that you have not been shown." in pair.therapist.run("read", "Robin", "--new").text
    )
    assert len(pair.therapist.ask("read", "Robin")) == 3


def test_a_search_says_who_wrote_what_it_found(pair: Pair) -> None:
    pair.client.ask("send", "Dr. Okafor", "an umbrella of mine")
    pair.client.ask("journal", "write", "an umbrella for nobody")
    pair.therapist.ask("sync")
    own = pair.client.run("search", "umbrella").text
    assert "You to Dr. Okafor, " in own
    assert "Your journal, " in own
    assert pair.therapist.run("search", "umbrella").text.startswith("Robin, ")
    assert {hit["own"] for hit in pair.client.ask("search", "umbrella")} == {True}
    assert {hit["own"] for hit in pair.therapist.ask("search", "umbrella")} == {False}


def test_odd_texts_from_standard_input_arrive_byte_for_byte(pair: Pair) -> None:
    pair.therapist.ask("sync")
    before = len(pair.therapist.ask("read", "Robin"))
    for text in ODD_TEXTS.values():
        pair.client.ask("send", "Dr. Okafor", "-", stdin=text.encode())
    pair.therapist.ask("sync")
    arrived = [message["text"] for message in pair.therapist.ask("read", "Robin")[before:]]
    assert arrived == list(ODD_TEXTS.values())
    shown = pair.therapist.run("read", "Robin").text
    assert "before␀after␛[2J" in shown
    assert not {"\x00", "\x1b", "\x7f", "\x9b", "\u202e"} & set(shown)


def test_a_pipe_is_read_without_a_dash(pair: Pair) -> None:
    pair.client.ask("send", "Dr. Okafor", stdin=b"no dash\n")
    assert pair.client.ask("read", "Dr. Okafor")[-1]["text"] == "no dash\n"


def test_a_file_arrives_with_a_text_and_is_saved_under_a_harmless_name(
    pair: Pair, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 1_000
    (tmp_path / "week one.pdf").write_bytes(content)
    sent = pair.client.ask(
        "send", "Dr. Okafor", "the week", "--attach", str(tmp_path / "week one.pdf")
    )
    assert [item["kind"] for item in sent["items"]] == ["text", "attachment"]
    pair.therapist.ask("sync")
    saved = pair.therapist.ask("read", "Robin", "--save", str(tmp_path / "in"))[-1]["file"]
    assert (saved["name"], saved["media_type"], saved["size"]) == (
        "week one.pdf",
        "application/pdf",
        256_000,
    )
    assert Path(saved["saved"]).read_bytes() == content
    again = pair.therapist.ask("read", "Robin", "--save", str(tmp_path / "in"))[-1]["file"]
    assert again["saved"] == saved["saved"]
    told = pair.therapist.run("read", "Robin", "--last", "1", "--save", str(tmp_path / "in"))
    assert told.errors == f"Already there: {saved['saved']}\n"
    told = pair.therapist.run("read", "Robin", "--last", "1", "--save", str(tmp_path / "other"))
    assert told.errors == f"Saved: {tmp_path / 'other' / 'week one.pdf'}\n"


def test_every_file_that_is_named_arrives(pair: Pair, tmp_path: Path) -> None:
    names = [f"{number}.bin" for number in range(3)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(bytes([number]) * 20_000)
    attached = [word for name in names for word in ("--attach", str(tmp_path / name))]
    sent = pair.client.ask("send", "Dr. Okafor", "three", *attached)
    assert [item["kind"] for item in sent["items"]] == ["text", *["attachment"] * 3]
    pair.therapist.ask("sync")
    read = pair.therapist.ask("read", "Robin", "--save", str(tmp_path / "all"))[-3:]
    saved = {one["file"]["name"]: Path(one["file"]["saved"]).read_bytes() for one in read}
    assert saved == {name: bytes([number]) * 20_000 for number, name in enumerate(names)}


def test_options_stand_before_or_after_the_command(pair: Pair, tmp_path: Path) -> None:
    options = [
        *("--home", str(pair.client.home)),
        *("--passphrase-file", str(pair.client.passphrase_file)),
        "--json",
    ]
    variables = {"XDG_STATE_HOME": str(pair.client.folder / "state")}
    before = run(tmp_path, *options, "conversations", variables=variables)
    after = run(tmp_path, "conversations", *options, variables=variables)
    assert before.code == after.code == 0
    assert before.data == after.data


def test_nothing_is_written_beside_the_vault_and_its_memory(tmp_path: Path, relay: Relay) -> None:
    newcomer(tmp_path, relay, "client", "Robin")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["client", "passphrase", "state"]
    assert [item.name for item in (tmp_path / "state").iterdir()] == ["e2etherapy"]


def test_a_relay_is_followed_to_its_new_address_and_no_other_is_taken_for_it(
    tmp_path: Path, other_meeting: Meeting
) -> None:
    pair = other_meeting.copied_without_relay(tmp_path)
    pair.client.run("send", "Dr. Okafor", "before the move")
    (tmp_path / "another").mkdir()
    with running_relay(tmp_path) as moved, running_relay(tmp_path / "another") as another:
        wrong = pair.client.run("settings", "relay", another.url, "--json")
        assert (wrong.code, wrong.failure["code"]) == (30, "relay_refused")
        assert pair.client.ask("conversations")[0]["relay"] == f"http://{other_meeting.address}"
        for person in (pair.client, pair.therapist):
            assert printed(person, "settings relay", moved.url)
            assert person.ask("conversations")[0]["relay"] == moved.url
            person.ask("sync")
        assert pair.therapist.ask("read", "Robin")[-1]["text"] == "before the move"
        assert moved.url.removeprefix("http") in pair.therapist.ask("invite", "Sky")["link"]
    silent = pair.client.run("settings", "relay", moved.url)
    assert (silent.code, "can't be reached" in silent.errors) == (75, True)


def test_what_needs_no_relay_loads_no_library_for_one(pair: Pair) -> None:
    program = (
        "import sys; from e2etherapy.cli.main import run; code = run(sys.argv[1:]); "
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(code)"
    )
    for command in (("conversations",), ("read", "Dr. Okafor"), ("journal", "write", "for me")):
        done = subprocess.run(
            [sys.executable, "-c", program, "--home", str(pair.client.home), *command],
            env=environment(pair.client.folder) | with_file(pair.client),
            capture_output=True,
            check=True,
        )
        loaded = set(done.stderr.decode().splitlines()[-1].split())
        assert "msgspec" in loaded
        assert not {"aiohttp", "jinja2"} & loaded
