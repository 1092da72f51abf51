"""docs/client.md and docs/therapist.md: every command in them works, in its order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.support.command_line import Pair, Person, environment

DOCS = Path(__file__).parents[2] / "docs"
PATIENCE_SECONDS = 60
OKAFOR, ROBIN = "Dr. Okafor", "Robin"
TERMS = (
    *("--reply-within", "1 working day", "--hours", "Mon-Fri 09:00-17:00"),
    *("--zone", "Europe/Berlin"),
)


@pytest.fixture
def pair(own_pair: Pair) -> Pair:
    return own_pair


def sections(document: str) -> list[tuple[str, list[str]]]:
    """Return each heading with the commands below it, one a line."""
    text = (DOCS / document).read_text()
    found = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE):
        blocks = re.findall(r"^```\n(.+?)^```$", part, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.strip().splitlines()]
        found.append((part.partition("\n")[0], lines))
    return found


def typed(person: Person, command: str) -> str:
    """Type one command as somebody whose vault is the one in use."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=person.folder,
        env=environment(person.folder)
        | {
            "E2ETHERAPY_HOME": str(person.home),
            "E2ETHERAPY_PASSPHRASE_FILE": str(person.passphrase_file),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def walk(person: Person, document: str, meanwhile: dict[str, Callable[[], object]]) -> str:
    """Type every command of a document; before some sections, somebody else does something."""
    shown = []
    for heading, commands in sections(document):
        meanwhile.pop(heading, lambda: None)()
        shown += [typed(person, command) for command in commands]
    assert meanwhile == {}
    return "\n".join(shown)


def walked(folder: Path) -> None:
    """Come back from a walk with a picture and a recording."""
    Image.new("RGB", (40, 30), "teal").save(folder / "lake.png")
    with wave.open(str(folder / "evening.wav"), "wb") as file:
        file.setparams((1, 1, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(16_000))


def test_a_client_can_do_all_that_their_page_says(pair: Pair) -> None:
    pair.therapist.ask("send", ROBIN, "Welcome.")
    shown = walk(
        pair.client,
        "client.md",
        {
            "Write": lambda: walked(pair.client.folder),
            "By when an answer comes": lambda: (
                pair.therapist.ask("agreement", "propose", ROBIN, *TERMS),
                pair.client.run("sync"),
            ),
        },
    )
    assert "Welcome." in shown
    assert "1 working day" in shown
    assert (pair.client.folder / "my-record.zip").exists()
    pair.therapist.run("sync")
    (waiting,) = pair.therapist.ask("queue")
    assert waiting["flagged"] is not None


def test_a_therapist_can_do_all_that_their_page_says(pair: Pair) -> None:
    shown = walk(
        pair.therapist,
        "therapist.md",
        {
            "Sit down to it": lambda: (
                pair.client.run("sync"),
                pair.client.ask("agreement", "accept", OKAFOR),
                pair.client.ask("send", OKAFOR, "It rained on Tuesday."),
                pair.client.ask("urgent", OKAFOR, "Please call."),
            )
        },
    )
    assert "FLAGGED" in shown
    assert "Christmas" in shown
    assert "It rained on Tuesday." in shown
    assert (pair.therapist.folder / "robin.zip").exists()
