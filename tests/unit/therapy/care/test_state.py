"""What holds follows from the record alone, item by item."""

from __future__ import annotations

from typing import Any

from e2etherapy.therapy.care import state
from e2etherapy.therapy.care.said import Gone, Said
from e2etherapy.wire import care
from e2etherapy.wire.care import CARE
from e2etherapy.wire.item import Item
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk


def test_every_kind_has_what_takes_it() -> None:
    assert state._TAKE.keys() == set(CARE)


def test_nothing_holds_before_anything_was_said() -> None:
    assert state.of([]) == state.Care()


def test_what_would_not_be_taken_today_is_passed_over() -> None:
    talk = Talk()
    orphan = talk.item(care.HomeworkAnswer, answers=bytes(16), accepted=True)
    goal = talk.item(care.Goal, text="Sleep.")
    held = state.of([Said(CLIENT, orphan, MONDAY), Said(CLIENT, goal, MONDAY)])
    assert [one.text for one in held.goals.all()] == ["Sleep."]


def test_an_answer_to_what_was_erased_has_no_effect_and_the_others_keep_their_numbers() -> None:
    talk = Talk()
    answers: list[tuple[str, type[Item], dict[str, Any]]] = [
        ("homework", care.HomeworkAnswer, {"accepted": True}),
        ("homework", care.HomeworkLog, {"day": "2026-03-02", "done": True}),
        ("goal", care.GoalAnswer, {"outcome": "agreed"}),
        ("extract_request", care.ExtractAnswer, {"allowed": True}),
        ("agreement", care.AgreementAcceptance, {"digest": bytes(32)}),
        ("consent_request", care.Consent, {"text": "en-1", "digest": bytes(32)}),
    ]
    kept = [
        talk.item(care.Homework, title="Walk.", text=""),
        talk.item(care.Goal, text="Sleep."),
        talk.item(care.ExtractRequest, text="Supervision.", entries=[bytes(32)]),
    ]
    erased = {kind: bytes([number] * 16) for number, (kind, _, _) in enumerate(answers)}
    talk.care = state.of(
        [Gone(item, kind) for kind, item in erased.items()]
        + [Said(THERAPIST, item, MONDAY) for item in kept]
    )
    held = talk.care
    for kind, answer, members in answers:
        talk.says(CLIENT, answer, answers=erased[kind], **members)
        assert talk.care is held
        talk.refuses("nobody", CLIENT, answer, answers=b"never said here.", **members)
    with talk.refusal("does not say this"):
        talk.says(THERAPIST, care.ExtractAnswer, answers=erased["extract_request"], allowed=True)
    talk.says(CLIENT, care.Priority, answers=erased["goal"], text="Soon, please.")
    assert len(talk.care.flags.raised) == 1
    assert [one.number for one in held.homeworks.all()] == [2]
    assert [one.number for one in held.goals.all()] == [2]
    assert [one.number for one in held.extracts.all()] == [2]


def test_each_part_is_taken_on_and_the_others_stay() -> None:
    talk = Talk()
    talk.says(CLIENT, care.Goal, text="Sleep.")
    before = talk.care
    talk.says(THERAPIST, care.Summary, text="We began.")
    assert talk.care.goals is before.goals
    assert talk.care.summaries != before.summaries


def test_private_words_are_not_shown_by_accident() -> None:
    talk = Talk()
    words = "only between us"
    talk.says(CLIENT, care.Goal, text=words)
    given = talk.says(THERAPIST, care.Homework, title=words, text=words)
    talk.says(CLIENT, care.HomeworkAnswer, answers=given.id, accepted=True, note=words)
    talk.says(CLIENT, care.HomeworkLog, answers=given.id, day="2026-03-02", done=True, note=words)
    talk.says(THERAPIST, care.HomeworkReview, answers=given.id, note=words)
    talk.says(CLIENT, care.Priority, text=words)
    talk.says(THERAPIST, care.Summary, text=words)
    talk.says(THERAPIST, care.ExtractRequest, text=words, entries=[bytes(32)])
    talk.says(CLIENT, care.Ending, letter=words)
    assert words not in repr(talk.care)
