"""What is typed is kept line by line, however the typing ends, and offered the next time."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pexpect

from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.vault import Place
from tests.support.command_line import PASSPHRASE, Pair, Person
from tests.support.terminal import PATIENCE_SECONDS, at_terminal, ended, ended_by, with_file

OKAFOR, ROBIN = "Dr. Okafor", "Robin"


def typing(person: Person, *command: str) -> pexpect.spawn[str]:
    return at_terminal(person, *command, **with_file(person))


def kept(person: Person, line: str, what: Typed = Typed.MESSAGE, name: str | None = OKAFOR) -> None:
    """Wait until a line that was typed is in the vault."""
    place = Place(person.home, person.folder / "state" / "e2etherapy")

    async def begun() -> str:
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            return next((one.text for one in await messenger.begun(what, name)), "")

    for _ in range(PATIENCE_SECONDS):
        if asyncio.run(begun()).endswith(line):
            return
        time.sleep(0.2)
    raise AssertionError("The line was not kept.")


def nothing_in_the_clear(folder: Path, words: bytes) -> bool:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return not [path for path in files if words in path.read_bytes()]


def test_whatever_ends_the_typing_the_lines_are_offered_again(pair: Pair) -> None:
    child = typing(pair.client, "send", OKAFOR)
    child.expect("End with Ctrl-D")
    child.sendline("I went to the lake.")
    kept(pair.client, "I went to the lake.")
    child.kill(signal.SIGKILL)
    child.wait()
    child.close()
    (waiting,) = pair.client.ask("conversations")
    assert waiting["begun"]
    assert "You began a message" in pair.client.run("conversations").text
    assert nothing_in_the_clear(pair.client.folder, b"went to the lake")

    child = typing(pair.client, "send", OKAFOR)
    child.expect("You began this on")
    child.expect("  I went to the lake.")
    child.sendline("")
    child.expect("End with Ctrl-D")
    child.sendline("It was cold.")
    kept(pair.client, "It was cold.")
    child.kill(signal.SIGHUP)
    child.expect(pexpect.EOF)
    child.close()

    child = typing(pair.client, "send", OKAFOR)
    child.expect("Go on with it")
    child.sendline("y")
    child.expect("End with Ctrl-D")
    code, shown = ended_by(child, signal.SIGINT)
    assert (code, "What was typed is kept on this device" in shown) == (130, True)

    child = typing(pair.client, "send", OKAFOR)
    child.expect("Go on with it")
    child.sendline("")
    child.expect("End with Ctrl-D")
    child.sendline("Rain.")
    child.sendeof()
    assert ended(child)[0] == 0
    said = pair.client.ask("read", OKAFOR)[-1]["text"]
    assert said == "I went to the lake.\nIt was cold.\nRain."
    assert not pair.client.ask("conversations")[0]["begun"]


def test_what_was_begun_can_be_forgotten_and_each_place_has_its_own(pair: Pair) -> None:
    for person, command, what, name in (
        (pair.client, ("journal", "write"), Typed.ENTRY, None),
        (pair.therapist, ("batch", "draft", ROBIN), Typed.REPLY, ROBIN),
    ):
        child = typing(person, *command)
        child.expect("End with Ctrl-D")
        child.sendline("not finished")
        child.expect("not finished")
        kept(person, "not finished", what, name)  # the terminal shows it before the program has it
        ended_by(child, signal.SIGINT)
    assert pair.client.ask("journal", "list") == []
    assert pair.therapist.ask("batch", "review") == []

    child = typing(pair.client, "send", OKAFOR)
    assert child.expect(["End with Ctrl-D", "Go on with it"]) == 0
    ended_by(child, signal.SIGINT)
    written = ("another day", "and another")
    for text, answer in zip(written, ("n", "y"), strict=True):
        child = typing(pair.client, "journal", "write")
        child.expect("not finished")
        child.expect("Go on with it")
        child.sendline("n")
        child.expect("Forget it for good")
        child.sendline(answer)
        assert child.expect(["It stays on this device", "End with Ctrl-D"]) == (answer == "y")
        child.sendline(text)
        child.sendeof()
        assert ended(child)[0] == 0
    assert [entry["text"] for entry in pair.client.ask("journal", "list")] == list(written)
    child = typing(pair.client, "journal", "write")
    assert child.expect(["End with Ctrl-D", "Go on with it"]) == 0
    ended_by(child, signal.SIGINT)
    child = typing(pair.therapist, "batch", "draft", ROBIN)
    child.expect("Go on with it")
    child.sendline("")
    child.expect("End with Ctrl-D")
    child.sendeof()
    assert ended(child)[0] == 0
    assert pair.therapist.ask("batch", "drop", ROBIN) == {"name": ROBIN}
