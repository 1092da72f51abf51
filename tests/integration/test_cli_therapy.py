"""The work of therapy at the command line, with real processes and no terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import Pair, Person, run

OKAFOR, ROBIN = "Dr. Okafor", "Robin"
TERMS = (
    *("--reply-within", "1 working day", "--hours", "Mon-Fri 09:00-17:00"),
    *("--zone", "Europe/Berlin"),
)


@pytest.fixture
def pair(own_pair: Pair) -> Pair:
    return own_pair


def agree(pair: Pair) -> None:
    pair.therapist.ask("agreement", "propose", ROBIN, *TERMS)
    pair.client.run("sync")
    pair.client.ask("agreement", "accept", OKAFOR)
    pair.therapist.run("sync")


def test_an_agreement_is_proposed_read_accepted_and_the_same_on_both_sides(pair: Pair) -> None:
    holidays = pair.therapist.folder / "holidays.txt"
    holidays.write_text("# closed\n2026-12-25 Christmas\n2026-12-24 until 12:00\n")
    pair.therapist.ask("agreement", "propose", ROBIN, *TERMS, "--holidays", str(holidays))
    pair.client.run("sync")
    shown = pair.client.run("agreement", "show", OKAFOR).text
    assert "1 working day" in shown
    assert "2026-12-24 until 12:00" in shown
    assert "Not accepted yet" in shown
    assert pair.client.ask("agreement", "accept", OKAFOR)["state"] == "stored"
    pair.therapist.run("sync")
    (theirs,) = pair.therapist.ask("agreement", "show", ROBIN)
    (ours,) = pair.client.ask("agreement", "show", OKAFOR)
    assert theirs == ours
    assert len(ours["receipt"]) == 64
    assert "Accepted the reply agreement." in pair.therapist.run("read", ROBIN).text


def test_a_check_in_is_scored_alike_and_shown_with_its_trend(pair: Pair) -> None:
    first = pair.client.ask("check-in", "take", OKAFOR, "gad-7", "--answers", "3,3,3,2,2,1,1")
    assert (first["score"]["total"], first["flagged"]) == (15, False)
    pair.client.run("check-in", "take", OKAFOR, "gad-7", "--answers", "1,1,1,1,0,0,0")
    pair.therapist.run("sync")
    shown = pair.therapist.ask("check-in", "show", ROBIN)
    assert [one["score"]["total"] for one in shown["taken"]] == [15, 4]
    assert shown["trend"]
    assert "not a diagnosis" in pair.therapist.run("read", ROBIN).text
    told = pair.client.ask("check-in", "take", OKAFOR, "connection", "--answers", "5,4,3,2")
    assert (told["score"]["total"], told["score"]["findings"]) == (14, {})
    pair.therapist.run("sync")
    seen = pair.therapist.run("check-in", "show", ROBIN).text
    assert "connection (in-house, not validated): 14" in seen
    check_files(pair.therapist)


def check_files(person: Person) -> None:
    """Draw and export check-ins into files that nobody else can read, and never over one."""
    drawing, bundle = person.folder / "gad-7.svg", person.folder / "robin.json"
    plotted = person.ask("check-in", "plot", ROBIN, "gad-7", "--out", str(drawing))
    assert "The last score is 11 points lower than the first" in " ".join(plotted["sentences"])
    assert drawing.read_text().startswith("<?xml")
    exported = person.ask("check-in", "export", ROBIN, "--out", str(bundle))
    assert (exported["check_ins"], exported["left_out"]) == (3, 0)
    assert [one["resource"]["resourceType"] for one in json.loads(bundle.read_text())["entry"]] == [
        *["Questionnaire"] * 2,
        *["QuestionnaireResponse", "Observation"] * 3,
    ]
    for file, arguments in ((drawing, ("plot", ROBIN, "gad-7")), (bundle, ("export", ROBIN))):
        assert file.stat().st_mode & 0o777 == 0o600
        before = file.read_bytes()
        refused = person.run("check-in", *arguments, "--out", str(file))
        assert (refused.code, "exists already" in refused.errors) == (74, True)
        assert file.read_bytes() == before
    assert "reliable improvement" in person.run("check-in", "plot", ROBIN, "gad-7").text
    unknown = person.run("check-in", "export", ROBIN, "x-1", "--out", str(person.folder / "x"))
    assert (unknown.code, (person.folder / "x").exists()) == (3, False)


def test_phq_9_takes_an_agreement_and_item_nine_shows_help_first(pair: Pair) -> None:
    answers = "0,1,2,0,-,0,0,0,1"
    refused = pair.client.run("check-in", "take", OKAFOR, "phq-9", "--answers", answers)
    assert (refused.code, "phq-8" in refused.errors) == (3, True)
    agree(pair)
    taken = pair.client.run("check-in", "take", OKAFOR, "phq-9", "--answers", answers)
    assert taken.code == 0
    assert taken.errors.startswith("Help now")
    assert "Nobody here is watching" in taken.errors
    pair.therapist.run("sync")
    closed = pair.therapist.ask("resolve", ROBIN, "--note", "Called; is safe.")
    assert closed == {"name": ROBIN, "flags": 1}


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ("0,1", "7 questions"),
        ("0,1,2,3,4,0,0", "not one that it offers"),
        ("a,b,c,d,e,f,g", "whole numbers"),
        ("0,0,0,0,0,0,0,0", "7 questions"),
    ],
)
def test_answers_that_cannot_be_are_refused_before_a_passphrase_is_needed(
    pair: Pair, answers: str, says: str
) -> None:
    refused = pair.client.run("check-in", "take", OKAFOR, "gad-7", "--answers", answers)
    assert (refused.code, says in refused.errors) == (3, True)


def test_urgent_shows_whom_to_call_before_what_can_fail(pair: Pair, tmp_path: Path) -> None:
    told = pair.client.run("urgent", OKAFOR, "Can we talk today?")
    assert told.code == 0
    assert told.errors.startswith("Help now")
    (tmp_path / "nobody").mkdir()
    nobody = run(tmp_path / "nobody", "urgent", OKAFOR)
    assert nobody.code != 0
    assert nobody.errors.startswith("Help now")


def test_help_now_needs_no_vault(tmp_path: Path) -> None:
    card = json.loads(run(tmp_path, "help-now", "--country", "IE", "--json").output)
    assert card["country"] == "IE"
    assert any("116 123" in line["number"] for line in card["lines"])
    assert run(tmp_path, "help-now", "--country", "Atlantis").code == 3
    how = "To choose a country for good: e2etherapy help-now --country Ireland --remember"
    assert how in run(tmp_path, "help-now").text
    assert how not in run(tmp_path, "help-now", "--country", "Ireland").text
