"""Drafts, review, sending in one go, and the wrong recipient, with real processes."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command_line import (
    PROGRAM,
    Pair,
    environment,
)
from tests.support.met import Meeting
from tests.support.terminal import (
    PATIENCE_SECONDS,
    at_terminal,
    ended,
    heed_signals,
    with_file,
)

ROBIN, KIM, OKAFOR = "Robin", "Kim", "Dr. Okafor"
FOR_KIM = "Dear Kim, well done."


@pytest.fixture(scope="module")
def with_kim(tmp_path_factory: pytest.TempPathFactory, other_meeting: Meeting) -> Meeting:
    """Return a therapist with two clients, who are on one device here."""
    folder = tmp_path_factory.mktemp("with-kim")
    with other_meeting.copied(folder) as (_, made):
        link = made.therapist.ask("invite", KIM)["link"]
        made.client.ask("join", "-", "--as", "The other", stdin=link.encode())
        made.therapist.ask("sync")
    return Meeting(folder, other_meeting.address)


@pytest.fixture
def pair(tmp_path: Path, with_kim: Meeting) -> Iterator[Pair]:
    with with_kim.copied(tmp_path) as (_, copied):
        yield copied


def own(pair: Pair, name: str = ROBIN) -> list[str]:
    return [one["text"] for one in pair.therapist.ask("read", name) if one["own"]]


def test_drafts_are_written_reviewed_and_sent_in_one_go(pair: Pair) -> None:
    therapist = pair.therapist
    assert "There is no draft." in therapist.run("batch", "send").text
    therapist.run("batch", "draft", ROBIN, "one that is replaced")
    kept = therapist.ask("batch", "draft", ROBIN, "-", stdin=b"Thank you\nfor telling me.")
    assert kept["text"] == "Thank you\nfor telling me."
    pair.client.ask("send", "The other", "Hello?")
    therapist.ask("sync")
    assert "Nothing was sent." in therapist.run("batch", "draft", KIM, "Good morning.").text
    first, second = therapist.ask("batch", "review")
    assert (first["name"], second["name"]) == (KIM, ROBIN)
    assert second["first_words"] == "Thank you for telling me."
    assert (second["length"], second["findings"], second["due"]) == (25, [], None)
    shown = therapist.run("batch", "review").text
    assert shown.index(KIM) < shown.index(ROBIN)
    sent = therapist.ask("batch", "send")
    assert [one["state"] for one in sent["sent"]] == ["stored", "stored"]
    assert therapist.ask("batch", "review") == []
    assert (own(pair), own(pair, KIM)) == (["Thank you\nfor telling me."], ["Good morning."])
    assert therapist.ask("batch", "send") == {"sent": [], "kept": [], "left_out": []}


def test_a_draft_is_dropped_and_one_that_is_not_there_is_told(pair: Pair) -> None:
    pair.therapist.ask("batch", "draft", ROBIN, "hello")
    assert pair.therapist.ask("batch", "drop", "robin") == {"name": ROBIN}
    gone = pair.therapist.run("batch", "drop", ROBIN, "--json")
    assert (gone.code, "Nothing was changed." in gone.failure["message"]) == (3, True)
    assert pair.client.run("batch", "draft", OKAFOR, "hello").code == 28


def test_a_draft_for_a_therapy_that_has_ended_is_named_and_holds_up_no_other(pair: Pair) -> None:
    for name in (ROBIN, KIM):
        pair.therapist.ask("batch", "draft", name, "hello")
    pair.client.ask("ending", "write", "The other", "Thank you.", "--yes")
    pair.therapist.ask("sync")
    assert "WILL NOT BE SENT: The therapy has ended." in pair.therapist.run("batch", "review").text
    sent = pair.therapist.ask("batch", "send")
    assert [one["name"] for one in sent["sent"]] == [ROBIN]
    ((left, reason),) = [(one["name"], one["reason"]) for one in sent["left_out"]]
    assert (left, "e2etherapy batch drop Kim" in reason) == (KIM, True)
    assert f"Kim: not sent. {reason}" in pair.therapist.run("batch", "send").text
    pair.therapist.ask("batch", "drop", KIM)
    assert pair.therapist.ask("batch", "review") == []


def test_a_doubtful_draft_stops_the_batch_until_it_is_named(pair: Pair) -> None:
    pair.therapist.ask("batch", "draft", ROBIN, FOR_KIM)
    pair.therapist.ask("batch", "draft", KIM, "Good morning.")
    (_, doubtful) = sorted(pair.therapist.ask("batch", "review"), key=lambda one: one["name"])
    assert doubtful["findings"] == [
        {"kind": "name", "clients": [KIM], "shown": KIM, "also_here": False}
    ]
    refused = pair.therapist.run("batch", "send", "--json")
    assert (refused.code, refused.failure["code"]) == (29, "another_client")
    assert "Nothing was sent." in refused.failure["message"]
    assert (own(pair), own(pair, KIM)) == ([], [])
    assert len(pair.therapist.ask("batch", "send", "--yes-to", "robin")["sent"]) == 2
    assert own(pair) == [FOR_KIM]


def test_at_a_terminal_a_doubtful_draft_is_asked_about(pair: Pair) -> None:
    pair.therapist.ask("batch", "draft", ROBIN, FOR_KIM)
    child = at_terminal(pair.therapist, "batch", "send", **with_file(pair.therapist))
    child.expect("all the same")
    child.sendline("n")
    code, shown = ended(child)
    assert (code, "Nothing was sent." in shown) == (1, True)
    assert own(pair) == []
    child = at_terminal(pair.therapist, "batch", "send", **with_file(pair.therapist))
    child.expect("all the same")
    child.sendline("y")
    assert ended(child)[0] == 0
    assert own(pair) == [FOR_KIM]


def test_a_text_that_is_sent_is_looked_at_as_well(pair: Pair) -> None:
    refused = pair.therapist.run("send", ROBIN, FOR_KIM)
    assert (refused.code, "Nothing was sent." in refused.errors) == (29, True)
    assert "is in the name of another client" in refused.errors
    assert pair.therapist.run("send", ROBIN, FOR_KIM, "--json").failure["code"] == "another_client"
    child = at_terminal(pair.therapist, "send", ROBIN, FOR_KIM, **with_file(pair.therapist))
    child.expect("all the same")
    child.sendintr()
    code, shown = ended(child)
    assert (code, "Nothing was sent." in shown) == (130, True)
    assert own(pair) == []
    pair.therapist.ask("send", ROBIN, FOR_KIM, "--anyway")
    assert own(pair) == [FOR_KIM]
    assert pair.client.run("send", OKAFOR, "Kim and The other said hello.").code == 0


def test_templates_are_kept_filled_and_removed(pair: Pair) -> None:
    therapist = pair.therapist
    text = "Dear {name}, I answer by {day}."
    added = therapist.ask("template", "add", "later", text)
    assert added["placeholders"] == ["name", "day"]
    assert "{day}" in therapist.run("template", "list").text
    assert therapist.run("template", "show", "Later").text == f"{text}\n"
    missing = therapist.run("batch", "draft", ROBIN, "--template", "later")
    assert (missing.code, "Nothing was changed." in missing.errors) == (3, True)
    filled = ("batch", "draft", ROBIN, "--template", "later", "--with", "day=Tuesday")
    assert therapist.ask(*filled)["text"] == "Dear Robin, I answer by Tuesday."
    broken = therapist.run("template", "add", "broken", "a } alone")
    assert (broken.code, "Nothing was changed." in broken.errors) == (3, True)
    therapist.ask("template", "remove", "later")
    assert therapist.ask("template", "list") == []


def test_an_unfilled_placeholder_is_not_sent(pair: Pair) -> None:
    pair.therapist.ask("batch", "draft", ROBIN, "I answer by {day}.")
    assert "NOT FILLED: {day}" in pair.therapist.run("batch", "review").text
    refused = pair.therapist.run("batch", "send")
    assert (refused.code, "Nothing was sent." in refused.errors) == (3, True)
    assert len(pair.therapist.ask("batch", "review")) == 1


@pytest.mark.parametrize("dropped", [False, True], ids=["kept", "dropped meanwhile"])
def test_ctrl_c_between_two_replies_says_which_were_sent(pair: Pair, *, dropped: bool) -> None:
    for name in (ROBIN, KIM):
        pair.therapist.ask("batch", "draft", name, f"hello, {name}")
    sending = subprocess.Popen(
        [*PROGRAM, "--home", str(pair.therapist.home), "batch", "send", "--within", "86400"],
        env=environment(pair.therapist.folder) | with_file(pair.therapist),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,  # noqa: PLW1509 - it starts no thread
    )
    assert sending.stderr is not None
    assert "leave one by one" in sending.stderr.readline()
    assert [one["name"] for one in pair.therapist.ask("batch", "review")] == [ROBIN]
    if dropped:
        pair.therapist.ask("batch", "drop", ROBIN)
    sending.send_signal(signal.SIGINT)
    _, errors = sending.communicate(timeout=PATIENCE_SECONDS)
    assert sending.returncode == 130
    assert f"not to be sent again: {KIM}." in errors
    assert (f"Drafts remain for: {ROBIN}." in errors) is not dropped
    assert (own(pair), own(pair, KIM)) == ([], [f"hello, {KIM}"])


def test_figures_and_days_of_contact_hold_no_word(pair: Pair) -> None:
    pair.client.ask("send", OKAFOR, "a secret word")
    pair.therapist.ask("sync")
    counted = pair.therapist.ask("caseload")
    assert (counted["replies"]["waiting"], counted["replies"]["median"]) == (1, None)
    assert [one["name"] for one in counted["clients"]] == [KIM, ROBIN]
    shown = pair.therapist.run("caseload").text
    assert "Waiting now: 1, of them late: 0" in shown
    today = datetime.now(UTC).date().isoformat()
    days = ("attendance", ROBIN, "--from", today, "--to", today)
    ours = pair.therapist.ask(*days)
    assert (ours["client"], ours["therapist"], ours["days"]) == (ROBIN, OKAFOR, [today])
    theirs = pair.client.ask("attendance", OKAFOR, *days[2:])
    assert ours == theirs
    text = pair.therapist.run(*days).text
    assert "They were in contact in writing on 1 day:" in text
    assert "secret" not in text + shown
    wrong = pair.therapist.run("attendance", ROBIN, "--from", today, "--to", "2020-01-01")
    assert wrong.code == 3
    assert pair.client.run("caseload").code == 28


def test_a_text_for_later_waits_in_the_vault_until_it_is_cancelled(pair: Pair) -> None:
    at = "2026-01-31 09:00"
    assert (
        "like 2026-12-01 09:00. Nothing"
        in pair.client.run("send", OKAFOR, "x", "--later", "soon").errors
    )
    past = pair.client.run("send", OKAFOR, "x", "--later", "2020-01-31 09:00")
    assert (past.code, "Nothing was sent." in past.errors) == (3, True)
    files = pair.client.run("send", OKAFOR, "x", "--later", at, "--attach", "x.txt")
    assert (files.code, "Nothing was sent." in files.errors) == (2, True)
    soon = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d %H:%M")
    kept = pair.client.ask("send", OKAFOR, "good morning", "--later", soon)
    assert pair.client.ask("later", "list") == [kept]
    assert "good morning" in pair.client.run("later", "list").text
    refused = pair.therapist.run("send", ROBIN, FOR_KIM, "--later", soon)
    assert (refused.code, "Nothing was sent." in refused.errors) == (29, True)
    assert pair.client.ask("later", "cancel", str(kept["number"])) == kept
    gone = pair.client.run("later", "cancel", str(kept["number"]), "--json")
    assert (gone.code, "Nothing was changed." in gone.failure["message"]) == (3, True)
    assert pair.client.ask("later", "list") == []
    assert own(pair) == []


def test_ctrl_c_in_the_time_to_undo_leaves_nothing(pair: Pair) -> None:
    undone = ("send", OKAFOR, "I am furious.", "--undo", "600")
    child = at_terminal(pair.client, *undone, **with_file(pair.client))
    child.expect("Sending in 600 seconds. Ctrl-C undoes it.")
    assert pair.client.ask("read", OKAFOR) == []
    child.sendintr()
    code, shown = ended(child)
    assert (code, "Nothing was sent. Nothing of it is kept." in shown) == (130, True)
    assert pair.client.ask("read", OKAFOR) == []
    assert pair.client.ask("send", OKAFOR, "I am calm.", "--undo", "1")["state"] == "stored"
