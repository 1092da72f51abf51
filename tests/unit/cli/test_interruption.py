"""Ctrl-C before a command has begun, and when it has ended."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from e2etherapy.cli import exit_codes, interruption
from tests.support.terminal import heed_signals, ignore_ctrl_c

ROOT = Path(__file__).parents[3]
_PRESSED_WHILE_CLICK_IS_IMPORTED = """
import os, signal, sys
from e2etherapy.cli.start import main
class Pressing:
    def find_spec(self, name, path, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Pressing())
main()
"""
_PRESSED_AT_THE_END = """
import atexit, os, signal
from e2etherapy.cli.start import main
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
main()
"""


def run(program: str, *arguments: str, ignoring: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=ignore_ctrl_c if ignoring else heed_signals,
    )


def test_the_program_begins_where_ctrl_c_is_provided_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"e2etherapy": "e2etherapy.cli.start:main"}


def test_ctrl_c_while_the_program_is_imported_ends_it_with_one_sentence() -> None:
    ended = run(_PRESSED_WHILE_CLICK_IS_IMPORTED, "conversations")
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == f"{interruption.NOTHING_DONE}\n"


def test_it_is_told_in_json_too() -> None:
    ended = run(_PRESSED_WHILE_CLICK_IS_IMPORTED, "conversations", "--json")
    row = exit_codes.BY_NAME["interrupted"]
    assert ended.returncode == row.code == interruption.CODE
    assert json.loads(ended.stderr)["error"] == {
        "code": row.name,
        "exit": row.code,
        "message": interruption.NOTHING_DONE,
    }


def test_who_started_it_with_ctrl_c_ignored_keeps_that() -> None:
    assert run(_PRESSED_WHILE_CLICK_IS_IMPORTED, "--help", ignoring=True).returncode == 0


@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("no-such-command", 2)])
def test_ctrl_c_after_the_end_changes_nothing(argument: str, code: int) -> None:
    ended = run(_PRESSED_AT_THE_END, argument)
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
    assert "KeyboardInterrupt" not in ended.stderr
