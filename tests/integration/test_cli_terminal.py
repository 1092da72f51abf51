"""At a terminal: hidden prompts, the recovery words, the QR code, questions, and Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.command_line import (
    PASSPHRASE,
    PROGRAM,
    Pair,
    Person,
    Relay,
    acquainted,
    environment,
    passphrase_in,
    running_relay,
)

PATIENCE_SECONDS = 60
ESCAPE = "\x1b"


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with running_relay(tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, relay: Relay) -> Pair:
    return acquainted(tmp_path_factory.mktemp("people"), relay)


def at_terminal(person: Person, *arguments: str, **variables: str) -> pexpect.spawn[str]:
    """Run a command at a terminal, where it asks for the passphrase."""
    return pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "--home", str(person.home), *arguments],
        env=environment(person.folder) | {"TERM": "xterm-256color"} | variables,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        dimensions=(60, 120),
        cwd=str(person.folder),
    )


def ended(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    """Wait for the end; return the exit code and what was still shown."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before or ""


def with_file(person: Person) -> dict[str, str]:
    return {"E2ETHERAPY_PASSPHRASE_FILE": str(person.passphrase_file)}


def test_init_asks_twice_in_secret_and_for_three_of_the_words(tmp_path: Path, relay: Relay) -> None:
    person = Person(tmp_path, "client")
    child = at_terminal(person, "init", "--role", "client", "--relay", relay.url)
    child.expect("Choose a passphrase")
    child.sendline(PASSPHRASE)
    child.expect("The same again")
    child.sendline(PASSPHRASE)
    child.expect("Write these 24 words")
    shown = child.before or ""
    assert PASSPHRASE not in shown
    words = dict(re.findall(r"(\d+) ([a-z]+)", shown))
    assert sorted(map(int, words)) == list(range(1, 25))
    child.expect(r"Word (\d+)")
    child.sendline("perhaps")
    child.expect("another word")
    for _ in range(3):
        child.expect(r"Word (\d+): ")
        assert isinstance(child.match, re.Match)
        child.sendline(words[child.match.group(1)])
    child.expect("Your vault is ready")
    assert ended(child)[0] == 0
    passphrase_in(tmp_path)
    assert person.ask("conversations") == []


def test_a_passphrase_that_is_typed_differently_makes_no_vault(
    tmp_path: Path, relay: Relay
) -> None:
    person = Person(tmp_path, "client")
    child = at_terminal(person, "init", "--role", "client", "--relay", relay.url)
    child.expect("Choose a passphrase")
    child.sendline("one")
    child.expect("The same again")
    child.sendline("two")
    code, shown = ended(child)
    assert code == 10
    assert "different" in shown
    assert not person.home.exists()


def test_the_passphrase_opens_the_vault_unseen(pair: Pair) -> None:
    child = at_terminal(pair.client, "conversations")
    child.expect("Passphrase: ")
    child.sendline(PASSPHRASE)
    code, shown = ended(child)
    assert code == 0
    assert PASSPHRASE not in shown
    assert "Dr. Okafor" in shown


def test_ctrl_c_at_the_passphrase_ends_quietly(pair: Pair) -> None:
    child = at_terminal(pair.client, "conversations")
    child.expect("Passphrase: ")
    child.sendintr()
    code, shown = ended(child)
    assert code == 130
    assert "Traceback" not in shown


def test_an_invitation_is_shown_as_a_link_and_a_qr_code(pair: Pair) -> None:
    child = at_terminal(pair.therapist, "invite", "Sky", NO_COLOR="1", **with_file(pair.therapist))
    code, shown = ended(child)
    assert code == 0
    assert re.search(r"e2etherapy://127\.0\.0\.1:\d+/#[\w-]{43}\r\n", shown)
    assert shown.count("█") > 100
    assert ESCAPE not in shown
    assert "█" not in pair.therapist.run("invite", "Sky").text


def test_names_stand_out_unless_colours_are_off(pair: Pair) -> None:
    plain = ended(at_terminal(pair.client, "conversations", NO_COLOR="1", **with_file(pair.client)))
    styled = ended(at_terminal(pair.client, "conversations", **with_file(pair.client)))
    assert ESCAPE not in plain[1]
    assert f"{ESCAPE}[1mDr. Okafor" in styled[1]


def test_comparing_the_six_words_asks_what_came_of_it(pair: Pair) -> None:
    words = pair.therapist.ask("verify", "Robin")["words"]
    child = at_terminal(pair.client, "verify", "Dr. Okafor", **with_file(pair.client))
    child.expect("  ".join(words))
    child.expect("same six words")
    child.sendline("same")
    code, shown = ended(child)
    assert code == 0
    assert "they were the same" in shown
    (line,) = pair.client.ask("conversations")
    assert line["verification"] == "matched"


def test_a_message_is_typed_and_ended_with_ctrl_d(pair: Pair) -> None:
    child = at_terminal(pair.client, "send", "Dr. Okafor", **with_file(pair.client))
    child.expect("End with Ctrl-D")
    child.sendline("Two lines,")
    child.sendline("typed.")
    child.sendeof()
    code, shown = ended(child)
    assert code == 0
    assert "Dr. Okafor's device has not fetched it yet" in shown
    assert pair.client.ask("read", "Dr. Okafor")[-1]["text"] == "Two lines,\ntyped."


def test_ctrl_c_while_typing_sends_nothing(pair: Pair) -> None:
    before = len(pair.client.ask("read", "Dr. Okafor"))
    child = at_terminal(pair.client, "send", "Dr. Okafor", **with_file(pair.client))
    child.expect("End with Ctrl-D")
    child.sendline("Better not.")
    child.sendintr()
    code, shown = ended(child)
    assert code == 130
    assert "Traceback" not in shown
    assert len(pair.client.ask("read", "Dr. Okafor")) == before


def test_nobody_types_a_message_that_cannot_be_sent(pair: Pair) -> None:
    child = at_terminal(pair.client, "send", "Nobody", **with_file(pair.client))
    code, shown = ended(child)
    assert code == 22
    assert "Ctrl-D" not in shown


def test_a_long_file_shows_how_far_it_is(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "voice.ogg").write_bytes(bytes(300_000))
    child = at_terminal(
        pair.client,
        *("send", "Dr. Okafor", "--attach", str(tmp_path / "voice.ogg")),
        **with_file(pair.client),
    )
    child.expect(r"Sending.*\d+/\d+")
    assert ended(child)[0] == 0


def test_sharing_an_entry_shows_it_and_takes_no_for_an_answer(pair: Pair) -> None:
    entry = pair.client.ask("journal", "write", "For nobody but me.")
    before = len(pair.client.ask("read", "Dr. Okafor"))
    child = at_terminal(
        pair.client,
        "journal",
        "share",
        str(entry["number"]),
        "Dr. Okafor",
        **with_file(pair.client),
    )
    child.expect("For nobody but me.")
    child.expect("Send this entry to Dr. Okafor?")
    child.sendline("n")
    assert ended(child)[0] == 1
    assert len(pair.client.ask("read", "Dr. Okafor")) == before


def test_the_recovery_words_open_a_vault_whose_passphrase_is_lost(
    tmp_path: Path, relay: Relay
) -> None:
    person = Person(tmp_path, "client")
    passphrase_in(tmp_path)
    words = person.ask("init", "--role", "client", "--relay", relay.url)["recovery_words"]
    fresh = tmp_path / "fresh"
    fresh.touch(mode=0o600)
    fresh.write_text("a passphrase made new\n")
    change = ("settings", "passphrase", "--recovery-words", "--new-passphrase-file", str(fresh))
    wrong = person.run(*change, stdin=" ".join(words[::-1]).encode())
    assert wrong.code == 11
    assert person.run(*change, stdin=" ".join(words).encode()).code == 0
    assert person.run("conversations").code == 11
    assert person.run("conversations", "--passphrase-file", str(fresh)).code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_waiting_shows_what_arrives_until_it_is_stopped(
    tmp_path: Path, relay: Relay, number: signal.Signals, code: int
) -> None:
    two = acquainted(tmp_path, relay)
    waiting = subprocess.Popen(
        [*PROGRAM, "--home", str(two.therapist.home), "sync", "--wait", "--json"],
        env=environment(tmp_path) | with_file(two.therapist),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    two.client.ask("send", "Dr. Okafor", "I am here.")
    assert waiting.stdout is not None
    assert '"messages": 1' in waiting.stdout.readline()
    assert two.therapist.ask("read", "Robin")[-1]["text"] == "I am here."
    waiting.send_signal(number)
    _, errors = waiting.communicate(timeout=PATIENCE_SECONDS)
    assert waiting.returncode == code
    assert errors.strip() == ""
    two.client.ask("send", "Dr. Okafor", "Still here.")
    assert two.therapist.ask("sync")["arrived"] == [{"name": "Robin", "messages": 1}]
