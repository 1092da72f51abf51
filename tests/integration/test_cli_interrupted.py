"""Ctrl-C at any moment ends a command with a sentence that says what was not done."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import (
    PROGRAM,
    Pair,
    Person,
    Relay,
    environment,
    passphrase_in,
    running_relay,
)
from tests.support.met import Meeting
from tests.support.terminal import (
    PATIENCE_SECONDS,
    at_terminal,
    ended,
    ended_by,
    heed_signals,
    with_file,
)


def lines(shown: str) -> list[str]:
    """Return the lines in which something is said, the terminal's echo of Ctrl-C apart."""
    return [line for line in shown.splitlines() if line.strip("^C ")]


def test_ctrl_c_at_another_passphrase_keeps_the_old_one(pair: Pair) -> None:
    child = at_terminal(pair.client, "settings", "passphrase", **with_file(pair.client))
    child.expect("Choose a passphrase")
    child.sendintr()
    code, shown = ended(child)
    assert (code, lines(shown)[-1]) == (130, "Stopped. The passphrase is still the old one.")
    assert pair.client.ask("conversations")


@pytest.mark.parametrize(
    ("command", "undone"),
    [
        (("conversations",), "Nothing was changed."),
        (("send", "Dr. Okafor", "hello"), "Nothing was sent."),
        (("journal", "write", "hello"), "Nothing was written."),
        (("journal", "export", "record.zip"), "Nothing was exported."),
        (("doctor",), "Nothing was changed."),
    ],
)
def test_ctrl_c_at_the_passphrase_says_what_was_not_done(
    pair: Pair, command: tuple[str, ...], undone: str
) -> None:
    child = at_terminal(pair.client, *command)
    child.expect("Passphrase: ")
    child.sendintr()
    code, shown = ended(child)
    assert (code, lines(shown)) == (130, [f"Stopped. {undone}"])


def test_the_end_of_the_input_at_the_passphrase_is_no_failure_of_the_program(pair: Pair) -> None:
    child = at_terminal(pair.client, "conversations")
    child.expect("Passphrase: ")
    child.sendeof()
    code, shown = ended(child)
    assert (code, lines(shown)[-1]) == (1, "Nothing was changed.")


def test_ctrl_c_at_a_question_ends_its_line(pair: Pair) -> None:
    child = at_terminal(pair.client, "verify", "Dr. Okafor", **with_file(pair.client))
    child.expect("same six words")
    code, shown = ended_by(child, signal.SIGINT)
    assert (code, lines(shown)[-1]) == (130, "Stopped. Nothing was recorded.")


def test_ctrl_c_before_anything_is_typed_keeps_nothing(pair: Pair) -> None:
    child = at_terminal(pair.client, "send", "Dr. Okafor", **with_file(pair.client))
    child.expect("End with Ctrl-D")
    child.sendintr()
    code, shown = ended(child)
    assert (code, lines(shown)[-1]) == (130, "Stopped. Nothing was sent.")


def test_ctrl_c_while_something_is_sent_says_what_became_of_it(
    tmp_path: Path, other_meeting: Meeting
) -> None:
    (tmp_path / "voice.ogg").write_bytes(bytes(300_000))
    two = other_meeting.copied_without_relay(tmp_path)
    place = other_meeting.address
    host, _, port = place.rpartition(":")
    with socket.create_server((host, int(port))) as silent:
        sending = ("send", "Dr. Okafor", "This week.", "--attach", str(tmp_path / "voice.ogg"))
        child = at_terminal(two.client, *sending, **with_file(two.client))
        # Whoever calls the relay has written down what is to be sent.
        connection, _ = silent.accept()
        child.sendintr()
        code, shown = ended(child)
        connection.close()
    assert code == 130
    assert "The text is on this device and waits" in shown
    assert f"'e2etherapy --home {two.client.home} sync'" in shown
    assert "The file voice.ogg was not sent, and nothing of it is kept." in shown
    with running_relay(tmp_path, place):
        two.client.ask("sync")
        two.therapist.ask("sync")
        assert [view["text"] for view in two.therapist.ask("read", "Robin")] == ["This week."]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_waiting_shows_what_arrives_until_it_is_stopped(
    tmp_path: Path, own_pair: Pair, number: signal.Signals, code: int
) -> None:
    two = own_pair
    waiting = subprocess.Popen(
        [*PROGRAM, "--home", str(two.therapist.home), "sync", "--wait", "--json"],
        env=environment(tmp_path) | with_file(two.therapist),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,  # noqa: PLW1509 - it starts no thread
    )
    two.client.ask("send", "Dr. Okafor", "I am here.")
    assert waiting.stdout is not None
    assert '"messages": 1' in waiting.stdout.readline()
    assert two.therapist.ask("read", "Robin")[-1]["text"] == "I am here."
    waiting.send_signal(number)
    _, errors = waiting.communicate(timeout=PATIENCE_SECONDS)
    assert waiting.returncode == code
    told = json.loads(errors)["error"]["code"] if errors else None
    assert told == ("interrupted" if number is signal.SIGINT else None)
    two.client.ask("send", "Dr. Okafor", "Still here.")
    assert two.therapist.ask("sync")["arrived"] == [{"name": "Robin", "messages": 1}]


def pressed_in(
    place: str, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in which Ctrl-C is pressed when a method of a class is reached."""
    module, kind, method = place.split(":")
    program = (
        "import importlib, os, signal\n"
        "from e2etherapy.cli.start import main\n"
        f"kind = importlib.import_module({module!r}).{kind}\n"
        f"goes_on = kind.{method}\n"
        "def pressed(*arguments):\n"
        f"    kind.{method} = goes_on\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return goes_on(*arguments)\n"
        f"kind.{method} = pressed\n"
        "main()\n"
    )
    return subprocess.run(
        [PROGRAM[0], "-c", program, *arguments],
        env=environment(folder) | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        start_new_session=True,
        preexec_fn=heed_signals,
    )


def test_ctrl_c_in_an_export_leaves_no_file(pair: Pair, tmp_path: Path) -> None:
    place = tmp_path / "record.zip"
    done = pressed_in(
        "e2etherapy.journal.export:Exporter:begin",
        pair.client.folder,
        *("--home", str(pair.client.home), "journal", "export", str(place)),
        **with_file(pair.client),
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "Stopped. Nothing was exported, and no file is left."
    assert not place.exists()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("e2etherapy.vault.vault:Vault:begin_life", "Stopped. No vault was made."),
        ("e2etherapy.messenger.device:Device:__aexit__", "nothing is left of it"),
    ],
    ids=["before it is one", "after"],
)
def test_ctrl_c_while_a_vault_is_made_leaves_none(
    tmp_path: Path, relay: Relay, place: str, said: str
) -> None:
    """Nobody has seen its recovery words."""
    person = Person(tmp_path, "client")
    passphrase_in(tmp_path)
    making = ("init", "--role", "client", "--relay", relay.url)
    made = pressed_in(place, tmp_path, "--home", str(person.home), *making, **with_file(person))
    assert (made.returncode, made.stdout) == (130, "")
    assert said in made.stderr
    assert person.run("conversations").code == 12
    assert len(person.ask(*making)["recovery_words"]) == 24


def test_doctor_that_is_stopped_says_so_in_one_line(tmp_path: Path, other_meeting: Meeting) -> None:
    two = other_meeting.copied_without_relay(tmp_path)
    host, _, port = other_meeting.address.rpartition(":")
    with socket.create_server((host, int(port))) as silent:
        child = at_terminal(two.client, "doctor", **with_file(two.client))
        connection, _ = silent.accept()
        child.sendintr()
        code, shown = ended(child)
        connection.close()
    undone = "Stopped. Not everything was looked at. Nothing was changed."
    assert (code, lines(shown)) == (130, [undone])


def test_waiting_says_what_for_and_that_a_relay_answers_again(
    tmp_path: Path, other_meeting: Meeting
) -> None:
    two = other_meeting.copied_without_relay(tmp_path)
    child = at_terminal(two.client, "sync", "--wait", **with_file(two.client))
    child.expect("waiting for what arrives in 1 conversation. Ctrl-C ends it.")
    child.expect(r"can't be reached. Trying again in (1 second|\d+ seconds)\.")
    with running_relay(tmp_path, other_meeting.address):
        child.expect("The relay answers again.")
    child.sendintr()
    code, shown = ended(child)
    assert (code, lines(shown)[-1][:26]) == (130, "Stopped. Nothing was lost:")
