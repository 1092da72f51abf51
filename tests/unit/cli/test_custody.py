"""The commands on notes, entries, retention and holds, with no terminal: answers and exit codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from e2etherapy.cli import main
from e2etherapy.wire.role import Role

Run = Callable[..., tuple[int, Any]]
"""Runs one command; returns its exit code, and its JSON, or that of its failure."""


def test_notes_have_a_secret_of_their_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def okafor(*arguments: str) -> tuple[int, Any]:
        return run(Role.THERAPIST, *arguments)

    code, said = okafor("note", "write", "Sam", "x")
    assert (code, "need a secret of their own first" in said) == (3, True)
    lost = ("note", "secret", "--lost", "--yes", "--new-secret-file", "one")
    code, said = okafor(*lost)
    assert (code, "there is none to lose" in said) == (3, True)
    code, said = okafor("note", "secret", "--new-secret-file", "passphrase")
    assert (code, "the passphrase of your vault" in said) == (3, True)
    assert okafor("note", "secret", "--new-secret-file", "one") == (
        0,
        {"done": "chosen", "erased": 0, "damaged": 0},
    )
    code, note = okafor("note", "write", "sam", "a note", "--secret-file", "one")
    assert (code, note["name"], note["number"], note["text"]) == (0, "Sam", 1, "a note")
    code, said = okafor("note", "show", "Sam", "--secret-file", "two")
    assert (code, "does not open the process notes" in said) == (42, True)
    done = okafor("note", "secret", "--secret-file", "one", "--new-secret-file", "two")
    assert done == (0, {"done": "changed", "erased": 0, "damaged": 0})
    code, (shown,) = okafor("note", "show", "Sam", "--secret-file", "two")
    assert (code, shown) == (0, note)
    monkeypatch.setenv("E2ETHERAPY_NOTES_SECRET_FILE", "one")
    assert okafor("note", "show", "Sam")[0] == 42
    assert okafor("note", "show", "Sam", "--secret-file", "two")[0] == 0
    code, said = okafor("settings", "passphrase", "--new-passphrase-file", "two")
    assert (code, "The passphrase is still the old one" in said) == (3, True)
    assert okafor("note", "list")[1][0] == {"name": "Sam", "notes": 1, "last": note["written"]}
    assert okafor("note", "erase", "Sam", "1")[0] == 2
    assert okafor("note", "erase", "Sam", "1", "--yes")[1]["text"] is None
    assert okafor("note", "secret", "--lost", "--new-secret-file", "one")[0] == 2
    code, said = okafor(*lost, "--secret-file", "two")
    assert (code, "it is not lost. Nothing was erased." in said) == (3, True)
    assert okafor(*lost, "--secret-file", "gone")[0] != 0
    monkeypatch.setenv("E2ETHERAPY_NOTES_SECRET_FILE", "gone")
    done = okafor(*lost)
    assert done == (0, {"done": "anew", "erased": 0, "damaged": 0})
    assert okafor("note", "write", "Nobody", "x", "--secret-file", "one")[0] == 22
    assert run(Role.CLIENT, "note", "list")[0] == 28


def test_a_record_says_what_it_does_not_show_and_ends_where_it_is_asked_to(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = run(Role.THERAPIST, "record", "show", "Sam")[1]
    assert run(Role.THERAPIST, "record", "show", "Sam", "--last", "1")[1] == entries[-1:]
    run(Role.THERAPIST, "record", "hide", "Sam", str(entries[-1]["number"]))
    assert main.run(["record", "show", "Sam"]) == 0
    assert "\n\n1 hidden entry is not shown; --hidden shows them too." in capsys.readouterr().out
    assert main.run(["record", "show", "Sam", "--hidden"]) == 0
    assert "not shown" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("until-erased", "Sam: kept until you erase it."),
        ("7 YEARS", "Sam: kept for 7 years after the last contact."),
        ("apa-2007", "Sam: kept for 7 years after the last contact, as apa-2007 says."),
    ],
)
def test_a_rule_is_told_in_words(
    run: Run, capsys: pytest.CaptureFixture[str], rule: str, words: str
) -> None:
    run(Role.THERAPIST, "retention", "show")
    assert main.run(["retention", "set", "Sam", rule]) == 0
    assert capsys.readouterr().out.startswith(f"{words} Nothing was erased;")


def test_entries_are_shown_hidden_and_erased_by_number(run: Run) -> None:
    def okafor(*arguments: str) -> tuple[int, Any]:
        return run(Role.THERAPIST, *arguments)

    _, entries = okafor("record", "show", "Sam")
    (number,) = [str(one["number"]) for one in entries if one["text"] == "turn 1"]
    assert okafor("record", "hide", "sam", number) == (
        0,
        {"name": "Sam", "entries": [int(number)], "hidden": True},
    )
    assert [one["text"] for one in okafor("read", "Sam")[1]] == ["turn 2"]
    assert [one["hidden"] for one in okafor("read", "Sam", "--hidden")[1]] == [True, False]
    assert okafor("search", "turn", "1") == (0, [])
    assert len(okafor("search", "turn", "1", "--hidden")[1]) == 1
    assert okafor("record", "unhide", "Sam", number)[1]["hidden"] is False
    assert len(okafor("read", "Sam")[1]) == 2
    erase = ("record", "erase", "sam", number, "--reason", "Not for me.")
    code, said = okafor(*erase)
    assert (code, "needs --yes. Nothing was erased." in said) == (2, True)
    assert okafor("hold", "place", "Sam", "--reason", "A court.")[1]["standing"] is True
    assert okafor(*erase, "--yes")[0] == 43
    assert okafor("hold", "lift", "Sam", "--reason", "Closed.")[1]["standing"] is False
    code, erased = okafor(*erase, "--yes")
    assert (code, erased["name"], erased["entries"]) == (0, "Sam", [int(number)])
    (gone,) = [one for one in okafor("record", "show", "Sam")[1] if one["state"] == "erased"]
    assert (gone["number"], gone["recorded"]) == (int(number), None)
    assert gone["text"] == "Erased from this device. Why: Not for me."
    assert okafor(*erase, "--yes")[0] == 3
    assert okafor("journal", "verify")[0] == 0


def test_so_are_those_of_a_clients_journal(run: Run) -> None:
    def sam(*arguments: str) -> tuple[int, Any]:
        return run(Role.CLIENT, *arguments)

    assert sam("journal", "hide", "1")[1] == {"name": None, "entries": [1], "hidden": True}
    assert sam("journal", "list") == (0, [])
    assert len(sam("journal", "list", "--hidden")[1]) == 1
    assert sam("journal", "unhide", "1")[1]["hidden"] is False
    assert sam("journal", "erase", "1", "--reason", "Mine.")[0] == 2
    assert sam("journal", "erase", "1", "--reason", "Mine.", "--yes")[1]["entries"] == [1]
    assert sam("journal", "list") == (0, [])
    assert sam("search", "marzipan") == (0, [])


def test_what_is_due_is_erased_by_name_and_not_by_a_doubtful_clock(run: Run) -> None:
    def okafor(*arguments: str) -> tuple[int, Any]:
        return run(Role.THERAPIST, *arguments)

    assert run(Role.THERAPIST, "retention", "set", "Sam", "until-erased", told=True)[1] == (
        "Sam: kept until you erase it. Nothing was erased; 'e2etherapy retention show' says more.\n"
    )
    code, said = okafor("retention", "set", "Sam", "soon")
    assert (code, said.endswith("Nothing was changed.")) == (3, True)
    assert okafor("retention", "default", "APA-2007")[1] == {"name": None, "rule": "apa-2007"}
    assert okafor("retention", "set", "sam", "1  day")[1] == {"name": "Sam", "rule": "1 day"}
    # What is in this vault was recorded long before the day of this test.
    _, shown = okafor("retention", "show")
    assert shown["believed"] is False
    (kept,) = shown["conversations"]
    assert (kept["rule"], kept["own"]) == ("1 day", True)
    told = run(Role.THERAPIST, "retention", "show", told=True)[1]
    assert "(1 day; last contact" in told
    assert okafor("retention", "apply")[0] == 2
    code, said = okafor("retention", "apply", "--yes-to", "Sam")
    assert (code, "retention apply --today" in said) == (44, True)
    code, said = okafor("retention", "apply", "--yes-to", "Sam", "--today", "2099-01-01")
    assert (code, "you say 2099-01-01. Nothing was erased." in said) == (44, True)
    assert {one["state"] for one in okafor("record", "show", "Sam")[1]} == {"shown"}
    # Setting the rule was recorded today, and behind a gap: what was said before counts as it was.
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    code, erased = okafor("retention", "apply", "--yes-to", "sam", "--today", today)
    assert (code, [one["name"] for one in erased]) == (0, ["Sam"])
    assert okafor("retention", "show")[1]["conversations"][0]["fate"] == "empty"
    assert okafor("retention", "apply", "--yes-to", "Sam", "--today", today)[0] == 3
    assert {one["name"] for one in okafor("retention", "profiles")[1]} == {"apa-2007", "bgb-630f"}
    assert run(Role.CLIENT, "retention", "show")[0] == 28


def test_lists_of_the_work_show_what_is_hidden_only_if_asked(run: Run) -> None:
    def okafor(*arguments: str, told: bool = False) -> Any:  # noqa: ANN401 - what a command says
        return run(Role.THERAPIST, *arguments, told=told)[1]

    okafor("goal", "propose", "Sam", "alpha")
    okafor("homework", "assign", "Sam", "beta")
    for command, words in (("goal", "text: alpha"), ("homework", "title: beta")):
        listed = (command, "list", "Sam")
        assert [one["hidden"] for one in okafor(*listed)] == [False]
        (entry,) = [one for one in okafor("record", "show", "Sam") if words in one["text"]]
        okafor("record", "hide", "Sam", str(entry["number"]))
        assert okafor(*listed) == []
        assert "with --hidden" in okafor(*listed, told=True)
        assert [one["hidden"] for one in okafor(*listed, "--hidden")] == [True]
        assert " [hidden]" in okafor(*listed, "--hidden", told=True)
