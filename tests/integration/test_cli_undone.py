"""An error says what was not done for it, and its commands name the vault that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Pair, run


@pytest.mark.parametrize(
    ("command", "code", "undone"),
    [
        (("send", "Dr. Okafor", "--attach", "no/such/file"), 74, "Nothing was sent."),
        (("send", "Dr. Okafor", "this", "--attach", "/"), 74, "Nothing was sent."),
        (("send", "Dr. Okafor", ""), 26, "Nothing was sent."),
        (("journal", "write", ""), 26, "Nothing was written."),
        (("journal", "write", "-", "--mood", "3"), 26, "Nothing was written."),
        (("journal", "export", "no/such/folder.zip"), 74, "Nothing was written."),
        (("settings", "allowance", "short"), 3, "Nothing was changed."),
        (("settings", "relay", "word"), 20, "Nothing was changed."),
        (("settings", "relay", "http://127.0.0.1:9"), 75, "Nothing was changed."),
    ],
)
def test_an_error_says_what_was_not_done(
    pair: Pair, command: tuple[str, ...], code: int, undone: str
) -> None:
    outcome = pair.client.run(*command)
    assert (outcome.code, outcome.output) == (code, b"")
    assert outcome.errors.endswith(f"{undone}\n")
    assert outcome.errors.count("Nothing was") == 1


def test_what_a_person_is_told_to_type_opens_the_vault_that_they_mean(pair: Pair) -> None:
    variables = {
        "XDG_STATE_HOME": str(pair.client.folder / "state"),
        "E2ETHERAPY_PASSPHRASE_FILE": str(pair.client.passphrase_file),
    }
    folder = pair.client.folder
    for form in ((), ("--json",)):
        wrong = run(folder, "--home", "client", "read", "Nobody", *form, variables=variables)
        assert "'e2etherapy --home client conversations' lists them." in wrong.errors
    listed = run(folder, "--home", "client", "conversations", variables=variables)
    assert "e2etherapy --home client verify 'Dr. Okafor'" in listed.text
    assert "--home" not in pair.client.run("read", "Nobody").errors


def test_what_somebody_wrote_is_shown_as_it_is(pair: Pair, tmp_path: Path) -> None:
    pair.therapist.ask("send", "Robin", "Try 'e2etherapy sync' now and then.")
    pair.client.ask("sync")
    variables = {
        "XDG_STATE_HOME": str(pair.client.folder / "state"),
        "E2ETHERAPY_PASSPHRASE_FILE": str(pair.client.passphrase_file),
    }
    home = str(pair.client.home)
    shown = run(tmp_path, "--home", home, "read", "Dr. Okafor", variables=variables).text
    assert "Try 'e2etherapy sync' now and then." in shown
