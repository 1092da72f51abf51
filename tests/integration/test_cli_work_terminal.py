"""Consent, safety plan and emergency card at a terminal, one question at a time."""

from __future__ import annotations

from e2etherapy.therapy import consent
from e2etherapy.therapy.safety_plan import HEADINGS, Part
from tests.support.command_line import Pair
from tests.support.terminal import at_terminal, ended, with_file

OKAFOR, ROBIN = "Dr. Okafor", "Robin"
EN_1 = consent.named("en-1")


def test_consent_takes_right_answers_and_a_yes(pair: Pair) -> None:
    pair.therapist.run("consent", "request", ROBIN)
    pair.client.run("sync")
    for answer, in_force in (("n", False), ("y", True)):
        child = at_terminal(pair.client, "consent", "give", OKAFOR, **with_file(pair.client))
        for place, question in enumerate(EN_1.questions):
            child.expect_exact(f"{place + 1}. {question.asked[:20]}")
            if place == 0:
                child.expect("Your answer")
                child.sendline(str((question.right + 1) % len(question.choices)))
                child.expect_exact(question.explanation[:30])
            child.expect("Your answer")
            child.sendline(str(question.right))
        child.expect("Do you agree to text en-1")
        child.sendline(answer)
        code, shown = ended(child)
        assert code == (0 if in_force else 1), shown
        assert in_force or "Nothing was sent" in shown
        assert pair.client.ask("consent", "show", OKAFOR)[0]["in_force"] is in_force


def test_a_plan_is_written_a_heading_at_a_time(own_pair: Pair) -> None:
    pair = own_pair
    for typed in ({Part.WORST: "I call Anna.", Part.ASKING: "Anna"}, {Part.ASKING: "-"}):
        child = at_terminal(pair.client, "safety-plan", "edit", **with_file(pair.client))
        for part in Part:
            child.expect_exact(HEADINGS[part][:20])
            child.expect("Your words")
            child.sendline(typed.get(part, ""))
        code, shown = ended(child)
        assert code == 0, shown
        assert "On this device only." in shown
    parts = pair.client.ask("safety-plan", "show")["parts"]
    assert {part["part"]: part["words"] for part in parts if part["words"]} == {
        "worst": "I call Anna."
    }


def test_words_that_a_plan_cannot_hold_are_asked_for_again(pair: Pair) -> None:
    child = at_terminal(pair.client, "safety-plan", "edit", **with_file(pair.client))
    child.expect("Your words")
    child.sendline("back\u202ewards")
    child.expect("holds a control")
    child.expect("Your words")
    child.sendline("My pills are at the pharmacy.")
    for _ in list(Part)[1:]:
        child.expect("Your words")
        child.sendline("")
    assert ended(child)[0] == 0
    assert pair.client.ask("safety-plan", "show")["parts"][0]["words"].startswith("My pills")


def test_a_card_is_asked_for_and_confirmed_after_a_look(pair: Pair) -> None:
    child = at_terminal(pair.client, "emergency-card", "set", **with_file(pair.client))
    lines = ("Anna", "soon", "sister", "2 Quay Street", "If I do not answer for a day.")
    for words in lines:
        child.expect(": ")
        child.sendline(words)
    child.expect("no telephone number")
    for words in ("", "112 113", "", "", ""):
        child.expect(r"\]: ")
        child.sendline(words)
    code, shown = ended(child)
    assert code == 0, shown
    card = pair.client.ask("emergency-card", "show")
    assert (card["contact"], card["phone"], card["relation"]) == ("Anna", "112 113", "sister")
    child = at_terminal(pair.client, "emergency-card", "confirm", **with_file(pair.client))
    child.expect("2 Quay Street")
    child.expect("Is all of this right")
    child.sendline("n")
    code, shown = ended(child)
    assert (code, "Nothing was changed" in shown) == (1, True)


def test_what_cannot_be_taken_back_is_shown_before_it_is_asked_about(pair: Pair) -> None:
    pair.client.run("send", OKAFOR, "I slept badly.")
    pair.therapist.run("sync")
    (entry, *_) = pair.therapist.ask("extract", "entries", ROBIN, "--last", "1")
    pair.therapist.ask("extract", "request", ROBIN, str(entry["number"]), "To Dr. Byrne.")
    pair.client.run("sync")
    asked = (
        (("extract", "allow", OKAFOR, "1"), "I slept badly.", "May exactly these be shown"),
        (("ending", "write", OKAFOR, "Farewell."), "Farewell.", "End the therapy with this letter"),
    )
    for command, shown_first, question in asked:
        child = at_terminal(pair.client, *command, **with_file(pair.client))
        child.expect_exact(shown_first)
        child.expect_exact(question)
        child.sendline("n")
        code, shown = ended(child)
        assert (code, "Nothing was sent" in shown) == (1, True), command
    assert pair.client.ask("extract", "list", OKAFOR)[0]["state"] == "open"
    assert not pair.client.ask("ending", "show", OKAFOR)["ended"]


def test_phq_8_is_offered_where_nobody_looks_in_time(pair: Pair) -> None:
    shown = ""
    for answer, code in (("n", 1), ("y", 0)):
        child = at_terminal(
            pair.client, "check-in", "take", OKAFOR, "phq-9", **with_file(pair.client)
        )
        child.expect("thoughts of death")
        child.expect("Fill in phq-8 instead")
        child.sendline(answer)
        if code == 0:
            child.expect("how often have you been bothered")
            for number in range(8):
                child.expect_exact(f"{number + 1}. ")
                child.expect("Your answer")
                child.sendline("1")
        ending, shown = ended(child)
        assert ending == code, shown
        assert ("Nothing was sent" in shown) == bool(code)
    assert "PHQ-8" in shown
    assert "None" not in shown
