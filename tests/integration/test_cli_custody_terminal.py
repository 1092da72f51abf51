"""Erasing, and the secret of the notes, at a terminal: what a person types before it is done."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.vault import Place
from tests.support import homes
from tests.support.command_line import PASSPHRASE, Pair, Person
from tests.support.devices import two
from tests.support.terminal import PATIENCE_SECONDS, at_terminal, ended, ended_by, with_file

ROBIN = "Robin"
SECRET, OTHER = "umbrellas in may", "a moon ladder"


def states(person: Person) -> list[str]:
    return [entry["state"] for entry in person.ask("record", "show", ROBIN)]


def test_a_name_is_typed_before_anything_is_erased(pair: Pair) -> None:
    pair.client.ask("send", "Dr. Okafor", "It rained on Tuesday.")
    pair.therapist.ask("sync")
    before = states(pair.therapist)
    number = str(len(before))
    erase = ("record", "erase", ROBIN, number, "--reason", "Not for me.")
    for typed, code in (("Kim", 1), ("robin ", 0)):
        child = at_terminal(pair.therapist, *erase, **with_file(pair.therapist))
        child.expect_exact("It rained on Tuesday.")
        child.expect_exact("What the other side has stays there")
        child.expect_exact("Type the name (Robin) to erase")
        child.sendline(typed)
        left, shown = ended(child)
        assert left == code, shown
        assert ("Nothing was erased." in shown) == (code == 1)
    assert states(pair.therapist) == [*before[:-1], "erased", "shown"]
    # What cannot be erased is said before anybody is asked.
    child = at_terminal(pair.therapist, *erase, **with_file(pair.therapist))
    left, shown = ended(child)
    assert (left, "Type the name" in shown) == (3, False)


def test_what_is_not_due_is_not_asked_about(pair: Pair) -> None:
    pair.therapist.ask("retention", "set", ROBIN, "1 day")
    child = at_terminal(pair.therapist, "retention", "apply", **with_file(pair.therapist))
    child.expect_exact("Nothing is due to be erased.")
    assert ended(child)[0] == 0
    assert "shown" in states(pair.therapist)


async def left_alone(folder: Path) -> None:
    """Make a vault whose last entry is of long ago."""
    async with two(folder, turns=2) as pair:
        await pair.therapist.set_retention("Sam", "1 day")


def test_a_record_that_is_due_is_erased_once_the_day_and_the_name_were_typed(
    tmp_path: Path,
) -> None:
    asyncio.run(left_alone(tmp_path))
    person = Person(tmp_path, "therapist")
    person.passphrase_file.touch(mode=0o600)
    person.passphrase_file.write_text(homes.PASSPHRASE)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    child = at_terminal(person, "retention", "apply", **with_file(person))
    for typed in ("next week", "2033-03-01"):
        child.expect_exact("Which day is it (YYYY-MM-DD)")
        child.sendline(typed)
    code, shown = ended(child)
    assert code == 44, shown
    for name in ("", "sam"):
        child = at_terminal(person, "retention", "apply", **with_file(person))
        child.expect_exact("Which day is it (YYYY-MM-DD)")
        child.sendline(today)
        child.expect("DUE since 2026-01-06")
        child.expect_exact("Type the name to erase it, or press Enter to keep it")
        child.sendline(name)
        code, shown = ended(child)
        assert code == 0, shown
        assert ("Sam: erased" in shown) == (name == "sam")
        assert ("Nothing was erased." in shown) == (name == "")
    (kept,) = person.ask("retention", "show")["conversations"]
    assert kept["fate"] == "empty"


def test_the_secret_of_the_notes_is_asked_for_and_chosen_twice(pair: Pair) -> None:
    child = at_terminal(pair.therapist, "note", "secret", **with_file(pair.therapist))
    for typed in (SECRET, OTHER, SECRET, SECRET):
        child.expect("(Choose a secret for your process notes|The same again): ")
        child.sendline(typed)
    code, shown = ended(child)
    assert code == 0, shown
    assert "not the 24 recovery words" in " ".join(shown.split())
    for typed, expected in ((OTHER, 42), (SECRET, 0)):
        child = at_terminal(
            pair.therapist, "note", "write", ROBIN, "x", **with_file(pair.therapist)
        )
        child.expect("Secret of your process notes: ")
        child.sendline(typed)
        assert ended(child)[0] == expected
    _a_note_is_offered_again(pair.therapist)
    _secret_changed_while_a_note_is_typed(pair.therapist)
    _not_lost(pair.therapist)
    assert pair.therapist.run("note", "show", ROBIN).code == 10
    assert pair.therapist.ask("note", "list")[0]["notes"] == 3


def _not_lost(therapist: Person) -> None:
    """Erase nothing while somebody still knows the secret, or does not say yes."""
    for remembered, code in ((OTHER, 3), ("", 1), (SECRET, 1)):
        child = at_terminal(therapist, "note", "secret", "--lost", **with_file(therapist))
        child.expect_exact("if you do remember it (Enter if not): ")
        child.sendline(remembered)
        if code == 1:
            child.expect_exact("Erase them?")
            child.sendline("n")
        left, shown = ended(child)
        assert left == code, shown
        assert ("it is not lost" in shown) == (code == 3)


def _a_note_is_offered_again(therapist: Person) -> None:
    """Keep what was typed whatever ends it, and offer it to nobody without the secret."""
    child = at_terminal(therapist, "note", "write", ROBIN, **with_file(therapist))
    child.expect("Secret of your process notes: ")
    child.sendline(SECRET)
    child.expect_exact("End with Ctrl-D")
    child.sendline("I was too quick.")
    place = Place(therapist.home, therapist.folder / "state" / "e2etherapy")

    async def begun() -> list[str]:
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            key = await messenger.unlock_notes(SECRET)
            return [one.text for one in await messenger.begun_notes(key, ROBIN)]

    waited = 0
    while asyncio.run(begun()) != ["I was too quick."]:
        time.sleep(0.2)
        assert (waited := waited + 1) < PATIENCE_SECONDS
    child.kill(signal.SIGKILL)
    child.wait()
    child.close()
    child = at_terminal(therapist, "note", "write", ROBIN, **with_file(therapist))
    child.expect("Secret of your process notes: ")
    assert "too quick" not in (child.before or "")
    child.sendline(SECRET)
    child.expect_exact("I was too quick.")
    child.expect("Go on with it")
    child.sendline("")
    child.expect_exact("End with Ctrl-D")
    child.sendline("Why?")
    child.sendeof()
    assert ended(child)[0] == 0
    assert asyncio.run(begun()) == []


def _secret_changed_while_a_note_is_typed(therapist: Person) -> None:
    """Let the note be written all the same, with the new secret."""
    child = at_terminal(therapist, "note", "write", ROBIN, **with_file(therapist))
    child.expect("Secret of your process notes: ")
    child.sendline(SECRET)
    child.expect_exact("End with Ctrl-D")
    child.sendline("I was impatient.")
    old, new = therapist.folder / "old.txt", therapist.folder / "new.txt"
    old.write_text(SECRET)
    new.write_text(OTHER)
    changed = therapist.ask(
        *("note", "secret", "--secret-file", str(old), "--new-secret-file", str(new))
    )
    assert changed == {"done": "changed", "erased": 0, "damaged": 0}
    child.sendeof()
    for typed in (SECRET, OTHER):
        child.expect(r"Your\s+note\s+is\s+still\s+here")
        child.expect_exact("New secret of your process notes: ")
        child.sendline(typed)
    code, shown = ended(child)
    assert code == 0, shown
    (_, before, note) = therapist.ask("note", "show", ROBIN, "--secret-file", str(new))
    assert (before["text"], note["text"]) == ("I was too quick.\nWhy?", "I was impatient.")
    once_more = ("note", "write", ROBIN, "--secret-file", str(new))
    child = at_terminal(therapist, *once_more, **with_file(therapist))
    assert child.expect(["End with Ctrl-D", "Go on with it"]) == 0, "it was written, and is no more"
    ended_by(child, signal.SIGINT)
