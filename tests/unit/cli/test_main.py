"""What a command line does before any vault is opened."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from e2etherapy.cli import exit_codes, main, outcome
from e2etherapy.cli.answers import BY_COMMAND
from e2etherapy.errors import VaultFull

HEAVY = {"aiohttp", "rich", "nacl", "cryptography", "msgspec", "asyncio", "sqlite3", "jinja2"}


def commands(group: click.Group = main.e2etherapy) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", found) for inner, found in commands(command))
        else:
            yield name, command


def test_help_imports_nothing_that_takes_long() -> None:
    program = (
        "import sys; from e2etherapy.cli.main import run; run(['--help']); "
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = set(done.stderr.decode().split())
    assert "click" in loaded
    assert not HEAVY & loaded


def test_every_command_says_what_it_does_in_one_short_line() -> None:
    for name, command in commands():
        short = command.get_short_help_str(200)
        assert 0 < len(short) <= 60, name
        assert not short.endswith("..."), name


@pytest.mark.parametrize("name", [name for name in BY_COMMAND if not name.startswith("(")])
def test_every_documented_answer_belongs_to_a_command_that_takes_json(name: str) -> None:
    found = dict(commands())
    options = {option for parameter in found[name].params for option in parameter.opts}
    assert "--json" in options


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Usage: e2etherapy {name}" in shown
    assert re.search(rf"Examples?(, in .*)?:\n.*e2etherapy {name}", shown)


def test_the_first_help_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) <= 50


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["send"], ["init", "--role", "friend"], ["conversations", "--no"]]
)
def test_a_command_line_that_is_not_understood(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    assert "Usage:" in capsys.readouterr().err
    assert main.run([*arguments, "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["exit"]) == ("usage", 2)
    assert error["message"]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["send", "Robin", "-5 degrees"], 'e2etherapy send -- "NAME" "TEXT"'),
        (["journal", "write", "-5 degrees"], 'e2etherapy journal write -- "TEXT"'),
        (["send", "Dr.", "Okafor", "well", "done"], 'e2etherapy send "NAME" "TEXT"'),
        (["--home", "a b", "read", "Dr.", "O."], 'e2etherapy --home "a b" read "NAME"'),
        (["journal", "share", "3", "Dr.", "O."], 'e2etherapy journal share NUMBER "NAME"'),
    ],
)
def test_a_text_that_looks_like_options_or_several_words_is_told_how_to_be_given(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(meant)
    assert main.run([*arguments[:-1], "--json", arguments[-1]]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["message"].endswith(meant)


def test_the_end_of_some_file_is_not_taken_for_somebodys_no(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a module that a full disk has cut short ends for Python."""

    def cut_short(_: click.Context) -> None:
        raise EOFError("marshal data too short")

    monkeypatch.setattr(main.e2etherapy, "invoke", cut_short)
    assert main.run(["exit-codes"]) == 70
    assert "(EOFError)" in capsys.readouterr().err
    monkeypatch.setenv("E2ETHERAPY_TRACEBACK", "1")
    with pytest.raises(EOFError):
        main.run(["exit-codes"])


@pytest.mark.parametrize("arguments", [["send", "Robin", "hi", "--atach", "x"], ["sync", "now"]])
def test_other_mistakes_are_told_nothing_of_texts(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    assert "quotes" not in (told := capsys.readouterr().err)
    assert " -- " not in told


def completions(*words: str) -> set[str]:
    """Return what a shell offers for the last word."""
    done = subprocess.run(
        [sys.executable, "-m", "e2etherapy.cli"],
        env={
            "_E2ETHERAPY_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["e2etherapy", *words]),
            "COMP_CWORD": str(len(words)),
            "PYTHONPATH": str(Path(main.__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return {line.partition(",")[2] for line in done.stdout.split()}


def test_completion_offers_the_outcomes_that_the_question_names() -> None:
    assert completions("verify", "Robin", "--outcome", "") == {"same", "different"}
    assert completions("verify", "Robin", "--outcome", "d") == {"different"}


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("SAME", "same"),
        ("s", "same"),
        ("Different", "different"),
        ("d", "different"),
        ("Matched", "matched"),
        ("differed", "differed"),
    ],
)
def test_an_outcome_is_taken_in_any_spelling(typed: str, taken: str) -> None:
    assert outcome.NAMED.convert(typed, None, None) == taken
    assert outcome.ASKED.convert("L", None, None) == "later"
    for wrong in ("", "x", "later"):
        with pytest.raises(click.BadParameter):
            outcome.NAMED.convert(wrong, None, None)


class Trouble:
    """A command that meets an error."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self) -> None:
        raise self.error


def met(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    command = click.Command("trouble", callback=Trouble(error))
    monkeypatch.setitem(main.e2etherapy.commands, "trouble", command)
    return main.run(["--json", "trouble"])


def test_an_error_with_json_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert met(monkeypatch, VaultFull("The disk is full.")) == 18
    assert json.loads(capsys.readouterr().err) == {
        "error": {"code": "disk_full", "exit": 18, "message": "The disk is full."}
    }


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), "interrupted"), (click.Abort(), "stopped")]
)
def test_a_command_that_was_stopped_says_so_in_json(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: str,
) -> None:
    ended = met(monkeypatch, error)
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["error"] == {
        "code": code,
        "exit": ended,
        "message": exit_codes.BY_NAME[code].meaning,
    }


def test_a_mistake_of_ours_is_one_sentence_without_what_it_held(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("E2ETHERAPY_TRACEBACK", raising=False)
    assert met(monkeypatch, KeyError("passphrase")) == 70
    told = capsys.readouterr().err
    assert "KeyError" in told
    assert "passphrase" not in told
    assert "Traceback" not in told


def test_a_developer_can_ask_for_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2ETHERAPY_TRACEBACK", "1")
    with pytest.raises(KeyError):
        met(monkeypatch, KeyError("passphrase"))


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert met(monkeypatch, KeyboardInterrupt()) == 130


def test_no_at_a_question_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    assert met(monkeypatch, click.Abort()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["completion", shell]) == 0
    assert "_E2ETHERAPY_COMPLETE" in capsys.readouterr().out


def test_completion_knows_the_commands() -> None:
    assert completions("conv") == {"conversations"}


def test_whoever_stops_reading_ends_the_command_quietly() -> None:
    reader = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    reader.wait()
    done = subprocess.run(
        [sys.executable, "-m", "e2etherapy.cli", "--help"],
        stdout=reader.stdin,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(main.__file__).parents[2])},
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert reader.stdin is not None
    reader.stdin.close()
