"""What holds follows from the record alone, item by item."""

from __future__ import annotations

from e2etherapy.therapy.care import state
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire import care
from e2etherapy.wire.care import CARE
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
