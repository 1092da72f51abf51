"""Everything that was said stands in an account, with what became of it."""

from __future__ import annotations

from e2etherapy.therapy import agreement
from e2etherapy.therapy.account import Resolution, account
from e2etherapy.therapy.agreement import decode
from e2etherapy.wire import care
from tests.support.talk import CARD, CLIENT, EN_1, MONDAY, PLAN, THERAPIST, Talk, canonical


def told(talk: Talk, resolved: dict[bytes, Resolution] | None = None) -> dict[str, list[str]]:
    sections = account(talk.care, resolved or {})
    return {
        section.title: [f"{row.what} {row.words}".strip() for row in section.rows]
        for section in sections
    }


def test_nothing_said_is_nothing_told() -> None:
    assert account(Talk().care, {}) == ()


def test_each_thing_that_was_said_is_told_with_what_became_of_it() -> None:
    talk = Talk()
    agreed = talk.says(THERAPIST, care.Agreement, terms=canonical())
    digest = agreement.digest_of(decode(canonical().encode()))
    talk.says(CLIENT, care.AgreementAcceptance, answers=agreed.id, digest=digest)
    words = {"text": EN_1.name, "digest": EN_1.digest}
    asked = talk.says(THERAPIST, care.ConsentRequest, **words)
    given = talk.says(CLIENT, care.Consent, answers=asked.id, **words)
    talk.says(CLIENT, care.ConsentWithdrawal, answers=given.id)
    for score in (2, 0):
        answers = [score] * 7
        talk.says(
            CLIENT, care.CheckIn, instrument="gad-7", version="1", given=answers, taken=MONDAY
        )
    schedule = {"instrument": "gad-7", "schedule": "every week", "begins": "2026-03-09"}
    talk.says(THERAPIST, care.CheckInSchedule, **schedule)
    pressed = talk.says(CLIENT, care.Priority, text="Please.")
    goal = talk.says(CLIENT, care.Goal, text="Sleep.")
    talk.says(THERAPIST, care.GoalAnswer, answers=goal.id, outcome="agreed", note="Gladly.")
    walk = talk.says(THERAPIST, care.Homework, title="Walk", until="2026-03-09")
    talk.says(CLIENT, care.HomeworkAnswer, answers=walk.id, accepted=True)
    talk.says(CLIENT, care.HomeworkLog, answers=walk.id, day="2026-03-02", done=True, note="Ok.")
    talk.says(THERAPIST, care.HomeworkReview, answers=walk.id, note="Well done.")
    talk.says(CLIENT, care.SafetyPlanShare, plan=PLAN)
    talk.says(CLIENT, care.EmergencyCardShare, card=CARD)
    talk.says(THERAPIST, care.Summary, text="We began.")
    shown = talk.says(THERAPIST, care.ExtractRequest, text="To Dr. Byrne.", entries=[bytes(32)])
    for allowed in (True, False):
        talk.says(CLIENT, care.ExtractAnswer, answers=shown.id, allowed=allowed)
    talk.says(CLIENT, care.Ending, letter="Thank you.")
    said = told(talk, {pressed.id: Resolution("Called.", MONDAY)})
    assert said["Reply agreements"][0].startswith("Agreement 1, accepted 2026-03-02 10:00 UTC.")
    assert "An answer comes within: 1 working day" in said["Reply agreements"][0]
    assert "given 2026-03-02" in said["Informed consent"][0]
    assert "withdrawn 2026-03-02" in said["Informed consent"][0]
    assert said["Check-ins"][:3] == [
        "gad-7: 14 (moderate)",
        "gad-7: 0 (minimal)",
        "Asked for: gad-7, every week, from 2026-03-09.",
    ]
    assert any("14 points lower than the first" in line for line in said["Check-ins"])
    assert said["What had to be seen first"] == [
        "The client asked to be seen sooner. Done about it, 2026-03-02 10:00 UTC: Called. Please."
    ]
    assert said["Goals"] == [
        "Goal, proposed by the client: agreed. Sleep.",
        "The therapist: agreed. Gladly.",
    ]
    assert said["Homework"] == [
        "Homework, until 2026-03-09. Walk",
        "The client accepted it.",
        "On 2026-03-02: done. Ok.",
        "The therapist ended it. Well done.",
    ]
    assert "I call Anna." in said["Shared safety plan and emergency card"][0]
    assert "Flat 3." in said["Shared safety plan and emergency card"][1]
    assert said["Summaries"] == ["Summary. We began."]
    assert "allowed 2026-03-02 10:00 UTC, taken back" in said["Extracts of the record"][0]
    assert said["The end"] == ["The client ended the therapy. Thank you."]
