"""`make demo`: the whole path once, and nothing of it in the relay's files."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from e2etherapy.cli import demo
from tests.support.command_line import environment

PATIENCE_SECONDS = 120


def played(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-m", "e2etherapy.cli.demo", *arguments],
        env=environment(folder) | {"TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def test_the_demo_shows_both_views_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shown = played(tmp_path)
    assert shown.returncode == 0, shown.stderr
    rows = re.findall(
        r"^  [0-9a-f]{8}… +\d+  \d{4}-\d\d-\d\d  16,384 +7\.9", shown.stdout, re.MULTILINE
    )
    assert len(rows) >= 10
    searched = re.search(
        r"search for (\d+) words.*\n.*: (\d+) found\n.*: nothing found", shown.stdout
    )
    assert searched is not None
    assert int(searched[1]) == int(searched[2]) > 200
    assert list(tmp_path.rglob("*")) == [tmp_path / "tmp"]
    assert str(tmp_path) not in shown.stdout
    assert "KEEP=1" in shown.stdout.splitlines()[-1]


def test_the_demo_can_be_kept_and_gone_on_with(tmp_path: Path) -> None:
    shown = played(tmp_path, "--keep")
    assert shown.returncode == 0, shown.stderr
    ending = re.search(r"To end it: kill (\d+); rm -r (\S+)", shown.stdout)
    assert ending is not None
    assert f"encrypted vault:\n  {ending[2]}/client\n" in shown.stdout
    try:
        commands = shown.stdout.partition("To try it by hand:")[2].partition("To end it")[0]
        went_on = subprocess.run(
            ["/bin/sh", "-e"],
            input=commands,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert went_on.returncode == 0, went_on.stderr
        assert "One more thing." in went_on.stdout
    finally:
        os.kill(int(ending[1]), signal.SIGTERM)


def test_the_texts_are_long_and_of_many_scripts() -> None:
    texts = json.loads((Path(demo.__file__).parent / "demo_texts.json").read_text("utf-8"))
    everything = "".join(text["text"] for text in texts)
    assert {text["author"] for text in texts} == {"client", "therapist"}
    assert max(len(text["text"].encode()) for text in texts) > 13_900
    assert all(sample in everything for sample in ("\u0301", "\u200d", "ש", "ص", "夜", "🌱"))
