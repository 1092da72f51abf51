"""Homework, goals, consent and plans at the command line, with real processes and no terminal."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from e2etherapy.messenger.messenger import Messenger
from e2etherapy.therapy import consent
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.vault.vault import Place
from tests.support.command_line import PASSPHRASE, Pair, run

OKAFOR, ROBIN = "Dr. Okafor", "Robin"
ESCAPES = "\x1b[2Jowned\u202e"
CARD = (
    *("--contact", "Anna", "--phone", "+353 1 496 0000", "--relation", "sister"),
    *("--location", "2 Quay Street", "--consent", "If I do not answer for a day."),
)


@pytest.fixture
def pair(own_pair: Pair) -> Pair:
    return own_pair


def sync(pair: Pair) -> None:
    pair.client.run("sync")
    pair.therapist.run("sync")
    pair.client.run("sync")


def test_homework_goes_from_one_device_to_the_other_and_back(pair: Pair) -> None:
    given = ("homework", "assign", ROBIN, "Walk to the lake", "--text", ESCAPES)
    assert pair.therapist.ask(*given, "--until", "2099-12-31")["state"] == "stored"
    pair.client.run("sync")
    pair.client.ask("homework", "accept", OKAFOR, "1", "--note", "I will try.")
    day = date.today().isoformat()  # noqa: DTZ011 - as the command line does
    pair.client.ask("homework", "log", OKAFOR, "1", "--not-done")
    pair.client.ask("homework", "log", OKAFOR, "1", "--day", day, "--note", "Twenty minutes.")
    pair.therapist.run("sync")
    pair.therapist.ask("homework", "review", ROBIN, "1", "--note", "Well done.")
    pair.client.run("sync")
    ours, theirs = (
        pair.client.ask("homework", "list", OKAFOR),
        pair.therapist.ask("homework", "list", ROBIN),
    )
    assert ours == theirs
    (one,) = ours
    assert (one["number"], one["accepted"], one["open"]) == (1, True, False)
    assert [(log["day"], log["done"], log["note"]) for log in one["days"]] == [
        (day, True, "Twenty minutes.")
    ]
    shown = pair.client.run("homework", "list", OKAFOR).text
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    for words in ("Walk to the lake (until 2099-12-31): reviewed", "Twenty minutes.", "Well done."):
        assert words in shown


def test_what_cannot_be_is_one_sentence_that_says_nothing_was_sent(pair: Pair) -> None:
    for person, code, arguments in (
        (pair.client, 28, ("homework", "assign", OKAFOR, "Walk")),
        (pair.therapist, 3, ("homework", "assign", ROBIN, "Walk", "--until", "2020-01-01")),
        (pair.therapist, 3, ("goal", "agree", ROBIN, "3")),
        (pair.client, 3, ("landed", OKAFOR, "helped", "--message", "00")),
        (pair.therapist, 3, ("consent", "request", ROBIN, "--text", "xx-1")),
        (pair.client, 3, ("consent", "give", OKAFOR, "--answers", "yes")),
        (pair.client, 26, ("urgent", OKAFOR, "a" * 4_001)),
    ):
        refused = person.run(*arguments, "--json")
        assert (refused.code, refused.output) == (code, b""), arguments
        assert "Nothing was sent." in refused.failure["message"], arguments


def test_a_goal_is_proposed_agreed_and_reached(pair: Pair) -> None:
    pair.client.ask("goal", "propose", OKAFOR, f"Sleep{ESCAPES}")
    pair.therapist.run("sync")
    pair.therapist.ask("goal", "propose", ROBIN, "Call a friend")
    pair.therapist.ask("goal", "agree", ROBIN, "1", "--note", "Gladly.")
    pair.client.run("sync")
    pair.client.ask("goal", "decline", OKAFOR, "2")
    pair.client.ask("goal", "reached", OKAFOR, "1")
    refused = pair.client.run("goal", "drop", OKAFOR, "1")
    assert (refused.code, "Nothing was sent." in refused.errors) == (3, True)
    pair.therapist.run("sync")
    goals = pair.therapist.ask("goal", "list", ROBIN)
    assert goals == pair.client.ask("goal", "list", OKAFOR)
    assert [(one["number"], one["by"], one["outcome"]) for one in goals] == [
        (1, "client", "reached"),
        (2, "therapist", "declined"),
    ]
    assert [word["by"] for word in goals[0]["said"]] == ["therapist", "client"]
    shown = pair.therapist.run("goal", "list", ROBIN).text
    assert ("\x1b" in shown, "Gladly." in shown) == (False, True)


def test_a_mark_stands_beside_the_message_and_a_summary_in_the_thread(pair: Pair) -> None:
    pair.client.run("send", OKAFOR, "I slept better.")
    pair.therapist.run("sync")
    pair.therapist.run("send", ROBIN, "What was different?")
    pair.therapist.run("send", ROBIN, "You sound tired.")
    pair.client.run("sync")
    texts = {view["text"]: view["id"] for view in pair.client.ask("read", OKAFOR)}
    pair.client.ask("landed", OKAFOR, "missed")
    pair.client.ask("landed", OKAFOR, "helped", "--message", texts["What was different?"])
    pair.therapist.run("sync")
    marks = {view["text"]: view["landed"] for view in pair.therapist.ask("read", ROBIN)}
    assert marks["What was different?"] == "helped"
    assert marks["You sound tired."] == "missed"
    assert marks["I slept better."] is None
    assert "[how it landed: missed]" in pair.therapist.run("read", ROBIN).text
    pair.therapist.ask("summary", ROBIN, "-", stdin=b"We spoke about sleep.\n")
    pair.client.run("sync")
    assert "Summary: We spoke about sleep." in pair.client.run("read", OKAFOR).text


def test_consent_is_read_understood_given_and_withdrawn(pair: Pair) -> None:
    pair.therapist.ask("consent", "request", ROBIN)
    pair.client.run("sync")
    read = pair.client.ask("consent", "read", OKAFOR)
    text = consent.named("en-1")
    assert (read["text"], read["words"]) == ("en-1", text.text)
    assert len(read["questions"]) == len(text.questions)
    assert "Nobody is watching while you write." in pair.client.run("consent", "read", OKAFOR).text
    right = [question.right for question in text.questions]
    wrong = ",".join(str(place) for place in [1 - min(right[0], 1), *right[1:]])
    refused = pair.client.run("consent", "give", OKAFOR, "--answers", wrong)
    assert refused.code == 3
    assert f"\nQuestion 1: {text.questions[0].explanation}\nNothing was sent.\n" in refused.errors
    assert pair.client.run("consent", "give", OKAFOR).code == 2
    assert not pair.client.ask("consent", "show", OKAFOR)[0]["in_force"]
    pair.client.ask("consent", "give", OKAFOR, "--answers", ",".join(map(str, right)))
    pair.therapist.run("sync")
    (given,) = pair.therapist.ask("consent", "show", ROBIN)
    assert (given["text"], given["in_force"]) == ("en-1", True)
    pair.client.ask("consent", "withdraw", OKAFOR, "--note", "I need a pause.")
    pair.therapist.run("sync")
    assert not pair.therapist.ask("consent", "show", ROBIN)[0]["in_force"]
    assert "withdrawn" in pair.therapist.run("consent", "show", ROBIN).text


def test_a_safety_plan_is_written_from_a_file_and_shared_by_choice(pair: Pair) -> None:
    file = pair.client.folder / "plan.txt"
    file.write_text("# worst\nI call Anna,\nthen 112.\n\n# Reminder\nIt passes.\n")
    pair.client.ask("safety-plan", "edit", "--file", str(file))
    edited = pair.client.ask(
        "safety-plan", "edit", "--file", "-", stdin=b"# reminder\nIt has passed before.\n"
    )
    words = {part["part"]: part["words"] for part in edited["parts"]}
    assert (words["worst"], words["reminder"]) == (
        "I call Anna,\nthen 112.",
        "It has passed before.",
    )
    pair.therapist.run("sync")
    nothing = pair.therapist.run("safety-plan", "show", ROBIN)
    assert (nothing.code, "No safety plan was shared" in nothing.errors) == (3, True)
    pair.client.ask("safety-plan", "share", OKAFOR)
    pair.therapist.run("sync")
    shared = pair.therapist.ask("safety-plan", "show", ROBIN)
    assert shared["parts"] == edited["parts"]
    assert shared["shared"]
    assert "Nobody is alerted" in pair.therapist.run("safety-plan", "show", ROBIN).text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("no heading", "Above the first words"),
        ("# nonsense\nwords", "names a part"),
        ("# worst\n", "no words in this plan"),
        ("# worst\n\x1b[2J", "not seen"),
    ],
)
def test_a_plan_that_cannot_be_read_changes_nothing(pair: Pair, words: str, says: str) -> None:
    refused = pair.client.run("safety-plan", "edit", "--file", "-", stdin=words.encode())
    assert refused.code == 3
    assert says in refused.errors
    assert "Nothing was changed." in refused.errors
    assert pair.client.run("safety-plan", "show").code == 3


def test_an_emergency_card_is_written_confirmed_and_shared(pair: Pair) -> None:
    assert pair.client.run("emergency-card", "set", "--contact", "Anna").code == 2
    refused = pair.client.run("emergency-card", "set", *CARD, "--phone", "soon")
    assert (refused.code, "Nothing was changed." in refused.errors) == (3, True)
    assert pair.client.run("emergency-card", "show").code == 3
    pair.client.ask("emergency-card", "set", *CARD)
    changed = pair.client.ask("emergency-card", "set", "--phone", "+353 1 496 0001")
    assert (changed["contact"], changed["phone"]) == ("Anna", "+353 1 496 0001")
    assert pair.client.run("emergency-card", "confirm").code == 2
    pair.client.ask("emergency-card", "confirm", "--yes")
    pair.client.ask("emergency-card", "share", OKAFOR)
    pair.therapist.run("sync")
    shared = pair.therapist.ask("emergency-card", "show", ROBIN)
    assert (shared["phone"], shared["stale"]) == ("+353 1 496 0001", False)
    assert "+353 1 496 0001" in pair.therapist.run("emergency-card", "show", ROBIN).text


def test_a_card_of_an_earlier_quarter_is_shown_with_a_reminder_and_not_shared(pair: Pair) -> None:
    place = Place(pair.client.home, pair.client.folder / "state" / "e2etherapy")
    card = EmergencyCard(
        contact="Anna",
        phone="112",
        relation="sister",
        location="here",
        consent="always",
        confirmed=date(2020, 1, 1),
    )

    async def write() -> None:
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            await messenger.write_emergency_card(card)

    asyncio.run(write())
    assert pair.client.ask("emergency-card", "show")["stale"]
    shown = pair.client.run("emergency-card", "show").text
    assert "NOT CONFIRMED SINCE 2020-01-01" in shown
    assert "e2etherapy emergency-card confirm" in shown
    refused = pair.client.run("emergency-card", "share", OKAFOR)
    assert (refused.code, "Nothing was sent." in refused.errors) == (3, True)
    for listing in (("conversations",), ("sync",)):
        reminded = pair.client.run(*listing).text.splitlines()
        assert [line for line in reminded if "2020-01-01" in line] == reminded[-1:], listing
    assert pair.client.ask("sync")["card_to_confirm"] == "2020-01-01"
    assert pair.client.ask("conversations")[0]["card_to_confirm"] == "2020-01-01"
    assert pair.therapist.ask("sync")["card_to_confirm"] is None
    assert not pair.client.ask("emergency-card", "confirm", "--yes")["stale"]
    assert pair.client.ask("conversations")[0]["card_to_confirm"] is None


def test_numbers_of_ones_own_are_shown_without_a_passphrase(tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []
    run(tmp_path, "help-now", "--country", "IE")
    assert not (tmp_path / "data").exists(), "nothing is kept that nobody asked to keep"
    added = run(tmp_path, "help-now", "--add", "Anna", "+353 1 496 0000", "--json")
    assert json.loads(added.output)["own"] == [{"name": "Anna", "number": "+353 1 496 0000"}]
    assert "Anna: +353 1 496 0000" in run(tmp_path, "help-now").text
    assert "Anna: +353 1 496 0000" in run(tmp_path, "urgent", OKAFOR).errors
    (file,) = (tmp_path / "data" / "e2etherapy").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    run(tmp_path, "help-now", "--remove", "Anna")
    assert not file.exists()
    again = run(tmp_path, "help-now", "--remove", "Anna")
    assert (again.code, "Nothing was changed." in again.errors) == (3, True)


def test_a_country_is_remembered_where_that_is_asked_for_and_shown_before_any_flag(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, "help-now", "--remember").code == 2
    run(tmp_path, "help-now", "--country", "ireland", "--remember")
    run(tmp_path, "help-now", "--add", "Anna", "112")
    for shown in (run(tmp_path, "help-now").text, run(tmp_path, "urgent", OKAFOR).errors):
        assert "Help now: Ireland" in shown
        assert "To choose a country" not in shown
    assert "Help now: Ireland" not in run(tmp_path, "help-now", "--country", "NZ").text
    run(tmp_path, "help-now", "--remove", "Anna")
    run(tmp_path, "help-now", "--forget")
    assert list((tmp_path / "data" / "e2etherapy").iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"country": "\\u001b[2J"}',
        b"",
        b"{",
        b"[1]",
        b"\xff",
        b'{"numbers": [{"name": "\\u001b[2J", "number": "1"}]}',
        b"[" * 100_000,
        b"0",
    ],
)
def test_a_damaged_file_of_numbers_never_stops_the_card(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "data" / "e2etherapy" / "help-now.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    shown = run(tmp_path, "help-now", "--country", "IE")
    assert (shown.code, "116 123" in shown.text, "\x1b" in shown.text) == (0, True, False)
    refused = run(tmp_path, "help-now", "--add", "Anna", "112")
    assert (refused.code, "Nothing was changed." in refused.errors) == (3, True)
    assert file.read_bytes() == content


def test_a_number_that_cannot_stand_on_a_card_changes_nothing(tmp_path: Path) -> None:
    refused = run(tmp_path, "help-now", "--add", "Anna\x1b[2J", "112")
    assert (refused.code, "Nothing was changed." in refused.errors) == (3, True)
    assert not (tmp_path / "data").exists()
