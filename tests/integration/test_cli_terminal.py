"""At a terminal: hidden prompts, the recovery words, and questions."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.support.command_line import PASSPHRASE, Pair, Person, Relay, acquainted, passphrase_in
from tests.support.terminal import at_terminal, ended, ended_by, with_file

ESCAPE = "\x1b"


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
    code, shown = ended(child)
    assert code == 0
    assert "Next, with the link from your therapist:" in shown
    assert f"e2etherapy --home {person.home} join -" in shown
    passphrase_in(tmp_path)
    assert person.ask("conversations") == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGHUP])
def test_a_vault_whose_words_were_not_shown_to_be_on_paper_is_taken_back(
    tmp_path: Path, relay: Relay, ending: signal.Signals
) -> None:
    person = Person(tmp_path, "client")
    person.home.mkdir()
    (person.home / "letter.txt").write_text("mine")
    passphrase_in(tmp_path)
    making = ("init", "--role", "client", "--relay", relay.url)
    child = at_terminal(person, *making, **with_file(person))
    child.expect(r"Word \d+: ")
    code, shown = ended_by(child, ending)
    assert code == (130 if ending is signal.SIGINT else 1)
    assert "nothing is left of it" in " ".join(shown.split())
    assert [item.name for item in person.home.iterdir()] == ["letter.txt"]
    assert not list((tmp_path / "state").rglob("*.generation"))
    assert person.ask(*making)["recovery_words"]


def test_a_short_or_mistyped_passphrase_is_asked_for_again(tmp_path: Path, relay: Relay) -> None:
    person = Person(tmp_path, "client")
    child = at_terminal(person, "init", "--role", "client", "--relay", relay.url, "--no-proof")
    child.expect("Choose a passphrase")
    child.sendline("abc")
    child.expect("too short")
    child.expect("Choose a passphrase")
    child.sendline(PASSPHRASE)
    child.expect("The same again")
    child.sendline("a lantern behind for hills")
    child.expect("different")
    assert not person.home.exists()
    for question in ("Choose a passphrase", "The same again"):
        child.expect(question)
        child.sendline(PASSPHRASE)
    assert ended(child)[0] == 0
    passphrase_in(tmp_path)
    assert person.ask("conversations") == []


def test_whether_a_silent_relay_is_meant_is_asked_before_anything_is_made(tmp_path: Path) -> None:
    person = Person(tmp_path, "client")
    making = ("init", "--role", "client", "--relay", "http://127.0.0.1:9")
    child = at_terminal(person, *making)
    child.expect("can't be reached")
    child.expect("Make it with this address?")
    child.sendline("n")
    code, shown = ended(child)
    assert (code, "passphrase" in shown) == (1, False)
    assert not person.home.exists()


def test_the_passphrase_opens_the_vault_unseen(pair: Pair) -> None:
    child = at_terminal(pair.client, "conversations")
    child.expect("Passphrase: ")
    child.sendline(PASSPHRASE)
    code, shown = ended(child)
    assert code == 0
    assert PASSPHRASE not in shown
    assert "Dr. Okafor" in shown


def test_names_stand_out_unless_colours_are_off(pair: Pair) -> None:
    plain = ended(at_terminal(pair.client, "conversations", NO_COLOR="1", **with_file(pair.client)))
    styled = ended(at_terminal(pair.client, "conversations", **with_file(pair.client)))
    assert ESCAPE not in plain[1]
    assert f"{ESCAPE}[1mDr. Okafor" in styled[1]


@pytest.mark.parametrize("columns", [40, 80])
def test_words_are_not_broken_at_the_end_of_a_line(
    tmp_path: Path, relay: Relay, columns: int
) -> None:
    text = "Ich konnte gestern lange nicht einschlafen, 夜中に何度も目が覚めました. " * 3
    two = acquainted(tmp_path, relay)
    two.client.ask("send", "Dr. Okafor", text)
    for command in (("read", "Dr. Okafor"), ("search", "einschlafen"), ("conversations",)):
        terminal = {"columns": str(columns), "NO_COLOR": "1", **with_file(two.client)}
        code, shown = ended(at_terminal(two.client, *command, **terminal))
        assert code == 0
        # A command stays whole, however long the folder's name is that stands in it.
        lines = [line for line in shown.split("\r\n") if "--home" not in line]
        assert max(map(cell_len, lines)) <= columns
        words = {word for line in lines for word in line.split()}
        assert command == ("conversations",) or set(text.split()) <= words
    assert f"  {text.rstrip()}" in two.client.run("read", "Dr. Okafor").text


def test_what_doctor_says_stays_beside_its_mark(pair: Pair) -> None:
    terminal = {"columns": "40", **with_file(pair.client)}
    code, shown = ended(at_terminal(pair.client, "doctor", **terminal))
    assert code == 0
    lines = shown.splitlines()
    assert {line[:6] for line in lines} == {"ok    ", "      "}, shown
    assert any(line == "ok    The disk has room for the vault to" for line in lines)


def test_a_link_that_is_pasted_folded_is_read_to_its_end(own_pair: Pair) -> None:
    """What is not read would go to the shell as a command."""
    two = own_pair
    link = two.therapist.ask("invite", "Sky")["link"]
    child = at_terminal(two.client, "join", "-", "--as", "Second", **with_file(two.client))
    child.expect("Invitation link: ")
    child.send(f"{link[:30]}\n  {link[30:]}\n")
    child.expect("You are in a conversation with Second")
    code, shown = ended(child)
    assert code == 0
    assert link[30:] not in shown


def test_a_message_is_typed_and_ended_with_ctrl_d(pair: Pair) -> None:
    child = at_terminal(pair.client, "send", "dr. okafor", **with_file(pair.client))
    child.expect("Your message to Dr. Okafor. End with Ctrl-D")
    child.sendline("Two lines,")
    child.sendline("typed.")
    child.sendeof()
    code, shown = ended(child)
    assert code == 0
    assert "Stored at the relay; no word yet that Dr. Okafor's device has it" in shown
    assert pair.client.ask("read", "Dr. Okafor")[-1]["text"] == "Two lines,\ntyped."


def test_nobody_types_a_message_that_cannot_be_sent(pair: Pair) -> None:
    child = at_terminal(pair.client, "send", "Nobody", **with_file(pair.client))
    code, shown = ended(child)
    assert code == 22
    assert "Ctrl-D" not in shown


def test_nobody_types_to_somebody_whose_six_words_differed(own_pair: Pair) -> None:
    two = own_pair
    two.client.ask("verify", "Dr. Okafor", "--outcome", "differed")
    code, shown = ended(at_terminal(two.client, "send", "Dr. Okafor", **with_file(two.client)))
    assert code == 24
    assert "Ctrl-D" not in shown
    code, shown = ended(at_terminal(two.client, "read", "Dr. Okafor", **with_file(two.client)))
    assert code == 0
    assert f"{ESCAPE}[31m{ESCAPE}[1mWARNING" in shown


def test_a_long_file_shows_how_far_it_is(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "voice.ogg").write_bytes(bytes(300_000))
    child = at_terminal(
        pair.client,
        *("send", "Dr. Okafor", "--attach", str(tmp_path / "voice.ogg")),
        **with_file(pair.client),
    )
    child.expect(r"Sending.*\d\.\d/\d+\.\d kB")
    assert ended(child)[0] == 0


def test_sharing_an_entry_shows_it_and_takes_no_for_an_answer(pair: Pair) -> None:
    entry = pair.client.ask("journal", "write", "For nobody but me.")
    before = len(pair.client.ask("read", "Dr. Okafor"))
    child = at_terminal(
        pair.client,
        "journal",
        "share",
        str(entry["number"]),
        "dr. okafor",
        **with_file(pair.client),
    )
    child.expect("For nobody but me.")
    child.expect("Send this entry to Dr. Okafor?")
    child.sendline("n")
    code, shown = ended(child)
    assert (code, "Nothing was sent." in shown) == (1, True)
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
