"""The README's section "By hand", line by line, as a reader types it into two terminals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.command_line import environment, passphrase_in

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
ADDRESS = "127.0.0.1:8700"


def blocks() -> list[str]:
    """Return what stands in the fences of the section, in order."""
    section = (ROOT / "README.md").read_text().partition("## By hand")[2].partition("\n## ")[0]
    return re.findall(r"```\n(.+?)```", section, re.DOTALL)


def reader(folder: Path) -> dict[str, str]:
    """Return the environment of somebody who has a passphrase file instead of typing."""
    return environment(folder) | {
        "E2ETHERAPY_PASSPHRASE_FILE": str(passphrase_in(folder)),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


@contextmanager
def terminal_with_a_relay(commands: str, folder: Path, address: str) -> Iterator[None]:
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {commands}".replace(ADDRESS, address)],
        cwd=folder,
        env=reader(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert "listening" in process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def typed(command: str, folder: Path, stdin: str) -> str:
    """Type one command; return what it shows."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        input=stdin,
        cwd=folder,
        env=reader(folder),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_reader_who_types_every_line_reads_the_message(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    both, serving, *rest = blocks()
    assert '"$PWD/.venv/bin:$PATH"' in both
    typed(both.replace("$PWD/.venv/bin", str(Path(sys.executable).parent)), tmp_path, "")
    folder = tmp_path / "e2etherapy-trial"
    address = f"127.0.0.1:{unused_tcp_port}"
    shown, link = "", ""
    with terminal_with_a_relay(serving, folder, address):
        for command in "".join(rest).splitlines():
            shown = typed(command.replace(ADDRESS, address), folder, link)
            link = shown if "e2etherapy://" in shown else link
    assert "I slept better this week." in shown


def test_every_command_of_the_section_was_typed() -> None:
    lines = "".join(blocks()[1:]).splitlines()
    assert len(lines) >= 10
    assert all(line.startswith("e2etherapy ") for line in lines)
