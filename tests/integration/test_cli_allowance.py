"""An allowance: kept from others, looked for, and used up."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.support.command_line import Person, Relay, holdings, newcomer, passphrase_in, run
from tests.support.refusals import refused


def test_doctor_looks_for_a_therapists_allowance(tmp_path: Path, relay: Relay) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "therapist")
    person.ask("init", "--role", "therapist", "--relay", relay.url)
    examined = person.run("doctor")
    assert examined.code == 41
    assert "LOOK  No allowance is set" in examined.text
    assert person.run("settings", "allowance", "-", stdin=b"A" * 43).code == 0
    assert person.run("doctor").code == 0


def test_an_allowance_that_is_used_up(tmp_path: Path, relay: Relay) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "therapist")
    person.ask("init", "--role", "therapist", "--relay", relay.url, "--allowance", "A" * 43)
    refused(person.run("invite", "Robin"), 30, "relay allow")
    assert holdings(person) == []


def test_an_allowance_goes_into_a_file_that_only_its_owner_can_read(
    tmp_path: Path, relay: Relay
) -> None:
    allow = ("relay", "allow", "--database", str(relay.database), "--mailboxes", "4")
    written = run(tmp_path, *allow, "--output", "allowance.txt")
    assert (written.code, written.output) == (0, b"")
    file = tmp_path / "allowance.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert before.strip() not in written.errors
    refused(run(tmp_path, *allow, "--output", "allowance.txt"), 74, "exists already")
    assert file.read_text() == before
    made = newcomer(tmp_path, relay, "client", "Robin")
    assert made.run("settings", "allowance", "-", stdin=before.encode()).code == 0
    answer = run(tmp_path, *allow, "--output", "another.txt", "--json").data
    assert answer == {"allowance": None, "mailboxes": 4, "file": "another.txt"}
