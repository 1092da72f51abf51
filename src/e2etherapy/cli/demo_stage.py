"""Where the demo plays: one temporary folder, a relay process in it, and how to go on by hand."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from e2etherapy.cli import event_loop
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.wire import base64url

CLIENT = "Robin"
THERAPIST = "Dr. Okafor"
_MAILBOXES = 10
_STOP_SECONDS = 15.0


class DemoFailed(click.ClickException):
    """Something that the demo claims did not hold."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: one folder with everything in it, and the relay process.

    Attributes:
        keep: the folder stays, so that it is worth saying where things are in it.
    """

    folder: Path
    process: subprocess.Popen[str]
    announcement: str
    allowance: str
    keep: bool

    @property
    def url(self) -> str:
        """Where the relay listens."""
        return str(json.loads(self.announcement)["url"])

    @property
    def database(self) -> Path:
        """The relay's SQLite file."""
        return self.folder / "relay" / "relay.db"

    def relay_bytes(self) -> dict[str, bytes]:
        """Return everything that the relay has written anywhere so far."""
        files = sorted((self.folder / "relay").iterdir())
        return {"output": self.announcement.encode()} | {
            file.name: file.read_bytes() for file in files
        }


@contextmanager
def staged(*, keep: bool) -> Iterator[Stage]:
    """Have a folder and a relay in it for as long as the context lasts, or longer with `keep`."""
    folder = Path(tempfile.mkdtemp(prefix="e2etherapy-demo-"))
    process = None
    kept = False
    try:
        (folder / "relay").mkdir()
        allowance = event_loop.run(allow(folder / "relay" / "relay.db", _MAILBOXES, system_entropy))
        process = _start_relay(folder / "relay")
        yield Stage(folder, process, _announcement(process), base64url.encode(allowance), keep)
        kept = keep
    finally:
        if not kept:
            if process is not None:
                _stop(process)
            shutil.rmtree(folder)


def _start_relay(folder: Path) -> subprocess.Popen[str]:
    serve = ["relay", "serve", "--listen", "127.0.0.1:0", "--database", str(folder / "relay.db")]
    with (folder / "relay.log").open("wb") as log:
        # In a session of its own, so that Ctrl-C at the demo does not stop a relay that is kept.
        return subprocess.Popen(  # noqa: S603 - this program itself, with a path of its own
            [sys.executable, "-m", "e2etherapy.cli", *serve],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def _announcement(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise DemoFailed("The relay process did not start.")
    return line


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(_STOP_SECONDS)
    if process.stdout:
        process.stdout.close()


def how_to_go_on(stage: Stage) -> str:
    """Return commands that a shell can be given as they stand; they leave no variable behind."""
    folder = shlex.quote(str(stage.folder))
    installed = Path(sys.executable).with_name("e2etherapy")
    program = (
        shlex.quote(str(installed))
        if installed.exists()
        else f"{shlex.quote(sys.executable)} -m e2etherapy.cli"
    )
    people = "".join(
        f"  {person}() {{ XDG_STATE_HOME={folder}/state \\\n    {program} \\\n"
        f"    --home {folder}/{person} \\\n"
        f'    --passphrase-file {folder}/{person}.passphrase "$@"; }}\n'
        for person in ("client", "therapist")
    )
    return (
        f"\nThe relay goes on. To try it by hand:\n\n{people}\n"
        f'  client send "{THERAPIST}" "One more thing."\n'
        f'  therapist sync && therapist read "{CLIENT}"\n\n'
        f"To end it: kill {stage.process.pid}; rm -r {folder}"
    )
