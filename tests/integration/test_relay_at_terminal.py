"""A relay's operator at a terminal: words, lines that break at spaces, and Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from pathlib import Path

import pexpect
import pytest

from e2etherapy.relay.allowances import allow
from tests.support.certificates import certificate, encrypt
from tests.support.command_line import PROGRAM, environment, run
from tests.support.operated import ask, shake_hands
from tests.support.relays import PATIENCE_SECONDS, draw
from tests.support.terminal import heed_signals

SERVE = ("serve", "--listen", "127.0.0.1:0", "--database", "relay.db")
DOCTOR = ("doctor", "--listen", "127.0.0.1:0", "--connections", "100", "--database")


def at_terminal(folder: Path, *arguments: str, columns: int = 120) -> pexpect.spawn[str]:
    return pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "relay", *arguments],
        env=environment(folder) | {"TERM": "xterm-256color"},
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        dimensions=(60, columns),
        cwd=str(folder),
        preexec_fn=heed_signals,
    )


def ended(child: pexpect.spawn[str]) -> tuple[int | None, list[str]]:
    """Wait for the end; return the exit code and the lines that were still shown."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, (child.before or "").replace("\r", "").strip().split("\n")


def begun(child: pexpect.spawn[str]) -> list[str]:
    """Return the lines with which a relay begins."""
    child.expect("Ctrl-C; its log follows.\r\n")
    return ((child.before or "") + str(child.after)).replace("\r", "").strip().split("\n")


def test_serve_says_where_it_listens_what_its_database_is_and_how_to_stop_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "relay.db"
    for database in (f"Its database is new and empty: {path}.", f"Its database is {path}."):
        child = at_terminal(tmp_path, *SERVE, columns=400)
        listens, kept, runs = begun(child)
        assert re.fullmatch(r"The relay listens on http://127\.0\.0\.1:\d+\.", listens)
        assert kept == database
        assert runs == "It runs in this terminal until Ctrl-C; its log follows."
        child.sendintr()
        code, lines = ended(child)
        assert code == 0
        assert lines == [
            "^C",
            "The relay stops: it answers what is in flight, for 10 seconds at most.",
            "The relay has stopped. All that it had confirmed is in its database.",
        ]


def test_what_is_unexpected_is_logged_at_a_terminal_too(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("waits = 5")
    child = at_terminal(tmp_path, *SERVE, "--config", "relay.toml")
    begun(child)
    (tmp_path / "relay.toml").write_text("waits = 0")
    child.kill(signal.SIGHUP)
    child.expect("\r\n")
    assert json.loads(child.before or "")["event"] == "reload refused"
    child.kill(signal.SIGTERM)
    code, lines = ended(child)
    assert (code, lines[-1].split(".")[0]) == (0, "The relay has stopped")


def test_nobody_at_a_terminal_is_asked_for_the_passphrase_of_a_key(tmp_path: Path) -> None:
    """OpenSSL would ask in the event loop, and nobody would be served until somebody answers."""
    _, key = certificate(tmp_path)
    tls = ("--tls-certificate", "chain.pem", "--tls-key", "key.pem")
    child = at_terminal(tmp_path, *SERVE, *tls, columns=400)
    port = int(re.findall(r":(\d+)\.", begun(child)[0])[0])
    encrypt(key)
    child.kill(signal.SIGHUP)
    child.expect("\r\n")
    told = json.loads(child.before or "")
    assert (told["event"], "is encrypted" in told["reason"]) == ("reload refused", True)
    with shake_hands(port) as line:
        assert ask(line) == 200
    child.sendintr()
    assert ended(child)[0] == 0
    child = at_terminal(tmp_path, *SERVE, *tls, columns=400)
    code, lines = ended(child)
    assert (code, "is encrypted" in lines[0]) == (33, True)


def test_a_script_at_a_terminal_gets_json_and_a_file_gets_the_log(tmp_path: Path) -> None:
    child = at_terminal(tmp_path, *SERVE, "--json", columns=400)
    child.expect_exact('{"event":"listening"')
    child.sendintr()
    assert ended(child)[0] == 0
    command = f"exec {sys.executable} -m e2etherapy.cli relay {' '.join(SERVE)} 2>relay.log"
    shell = pexpect.spawn(
        "/bin/sh",
        ["-c", command],
        env=environment(tmp_path),
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        cwd=str(tmp_path),
        preexec_fn=heed_signals,
    )
    shell.expect("its log goes where standard error does")
    shell.sendintr()
    assert ended(shell)[0] == 0
    lines = (tmp_path / "relay.log").read_text().splitlines()
    logged = [json.loads(line)["event"] for line in lines]
    assert logged[0] == "started"
    assert "stopping" in logged
    assert logged[-1] == "stopped"


def test_doctor_before_the_first_start_says_how_to_start_and_finds_nothing_wrong(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    outcome = run(tmp_path, "relay", *DOCTOR, "a relay.db")
    assert {line for line in outcome.text.splitlines() if line.startswith("LOOK")} <= {
        line for line in outcome.text.splitlines() if "swaps" in line or "room for" in line
    }
    assert (
        "There is no database yet. The first start makes it: e2etherapy relay serve "
        "--listen 127.0.0.1:0 --database 'a relay.db' --connections 100\n"
    ) in outcome.text
    assert "will be its owner's alone" in outcome.text


def test_doctor_says_how_to_make_the_folder(tmp_path: Path) -> None:
    outcome = run(tmp_path, "relay", *DOCTOR, str(tmp_path / "no folder" / "relay.db"))
    assert f"Run: mkdir -p -m 700 '{tmp_path}/no folder'\n" in outcome.text


def test_doctor_says_how_to_begin_to_whoever_has_set_nothing(tmp_path: Path) -> None:
    outcome = run(tmp_path, "relay", "doctor")
    assert outcome.code == 41
    assert "LOOK  listen is not set" in outcome.text
    assert "deploy/relay.toml is a file to begin with" in outcome.text
    assert "e2etherapy relay serve --listen 127.0.0.1:8700 --database relay.db\n" in outcome.text
    other = run(tmp_path, "relay", "doctor", "--database", "relay.db")
    assert "begin with" not in other.text


def test_the_lines_of_doctor_break_at_spaces_and_stand_below_each_other(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    words = run(tmp_path, "relay", *DOCTOR, "relay.db").text.split()
    _, lines = ended(at_terminal(tmp_path, *DOCTOR, "relay.db", columns=40))
    shown = [line for line in lines if not line.startswith(("To put right", "above"))]
    commands = [line for line in shown if line.strip().startswith("e2etherapy relay")]
    assert len(commands) == 1
    for line in shown:
        assert line in commands or len(line) <= 40
        assert line in commands or line[:6] in {"ok    ", "LOOK  ", "      "}
    without_figures = {word for word in words if not any(map(str.isdigit, word))}
    assert without_figures <= set("\n".join(lines).split())


def test_ctrl_c_in_doctor_is_its_end_and_no_failure_of_the_program(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"postgresql://relay@127.0.0.1:{silent.getsockname()[1]}/relay"
        child = at_terminal(tmp_path, *DOCTOR, place)
        asked, _ = silent.accept()
        child.sendintr()
        code, lines = ended(child)
        asked.close()
    assert (code, lines) == (130, ["^C", "Stopped."])


@pytest.mark.parametrize(("mailboxes", "said"), [(1, "1 mailbox,"), (2, "2 mailboxes,")])
def test_one_is_not_many(tmp_path: Path, mailboxes: int, said: str) -> None:
    asyncio.run(allow(tmp_path / "relay.db", 1, draw))
    granted = run(
        tmp_path, "relay", "allow", "--database", "relay.db", "--mailboxes", str(mailboxes)
    )
    assert f"This allowance pays for {said} two for each client." in granted.errors
