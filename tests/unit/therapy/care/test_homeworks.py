"""Homework is given, accepted or declined, logged day by day, and ended by its review."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from e2etherapy.therapy.care.homeworks import MOST_LOGS, GivenHomework
from e2etherapy.wire.care import Homework, HomeworkAnswer, HomeworkLog, HomeworkReview
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk

SOME = bytes(16)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def give(talk: Talk) -> bytes:
    return talk.says(THERAPIST, Homework, title="Walk", text="Each day.", until="2026-03-09").id


def log(talk: Talk, homework: bytes, day: str = "2026-03-02", **members: object) -> None:
    talk.says(CLIENT, HomeworkLog, answers=homework, day=day, **{"done": True, **members})


def only(talk: Talk) -> GivenHomework:
    (one,) = talk.care.homeworks.all()
    return one


def test_homework_is_open_from_when_it_is_given_to_its_review(talk: Talk) -> None:
    given = give(talk)
    assert talk.care.homeworks.open() == (only(talk),)
    assert only(talk).until == date(2026, 3, 9)
    talk.says(CLIENT, HomeworkAnswer, answers=given, accepted=True, note="I will.")
    log(talk, given, note="In the rain.")
    talk.later(days=7)
    talk.says(THERAPIST, HomeworkReview, answers=given, note="Well done.")
    one = only(talk)
    assert (one.accepted, one.answer, one.review) == (True, "I will.", "Well done.")
    assert [(logged.day, logged.note) for logged in one.days()] == [
        (date(2026, 3, 2), "In the rain.")
    ]
    assert talk.care.homeworks.open() == ()


def test_homework_without_a_last_day_has_none(talk: Talk) -> None:
    talk.says(THERAPIST, Homework, title="Walk")
    assert only(talk).until is None


def test_homework_ends_on_a_day_that_there_is(talk: Talk) -> None:
    for day in ("2026-02-30", "0000-01-01", "2026-13-01"):
        talk.refuses("no calendar", THERAPIST, Homework, title="Walk", until=day)


def test_homework_is_answered_once(talk: Talk) -> None:
    given = give(talk)
    talk.says(CLIENT, HomeworkAnswer, answers=given, accepted=False)
    assert talk.care.homeworks.open() == ()
    talk.refuses("answered before", CLIENT, HomeworkAnswer, answers=given, accepted=True)


@pytest.mark.parametrize("answers", [None, SOME])
def test_an_answer_or_a_log_is_of_homework_that_was_given(
    talk: Talk, answers: bytes | None
) -> None:
    talk.refuses("nobody gave", CLIENT, HomeworkAnswer, answers=answers, accepted=True)
    talk.refuses("nobody gave", CLIENT, HomeworkLog, answers=answers, day="2026-03-02", done=True)


def test_declined_homework_is_not_logged(talk: Talk) -> None:
    given = give(talk)
    talk.says(CLIENT, HomeworkAnswer, answers=given, accepted=False)
    with talk.refusal("declined"):
        log(talk, given)


def test_homework_that_was_not_answered_can_be_logged(talk: Talk) -> None:
    log(talk, give(talk))
    assert only(talk).accepted is None
    assert len(only(talk).logs) == 1


def test_reviewed_homework_is_not_logged_or_reviewed_again(talk: Talk) -> None:
    given = give(talk)
    talk.says(THERAPIST, HomeworkReview, answers=given)
    with talk.refusal("reviewed before"):
        log(talk, given)
    talk.refuses("reviewed before", THERAPIST, HomeworkReview, answers=given)


def test_what_crossed_the_review_holds_on_both_devices() -> None:
    at_client, at_therapist = Talk(), Talk()
    given = give(at_client)
    give(at_therapist)
    answer = at_client.says(CLIENT, HomeworkAnswer, answers=given, accepted=True)
    logged = at_client.says(CLIENT, HomeworkLog, answers=given, day="2026-03-02", done=True)
    review = at_therapist.item(HomeworkReview, answers=given, written=MONDAY + timedelta(hours=1))
    at_therapist.hears(THERAPIST, review)
    at_client.hears(THERAPIST, review)
    at_therapist.hears(CLIENT, answer)
    at_therapist.hears(CLIENT, logged)
    assert at_client.care == at_therapist.care
    assert only(at_therapist).accepted
    assert len(only(at_therapist).logs) == 1


def test_a_review_of_homework_that_was_lost_has_no_effect(talk: Talk) -> None:
    before = talk.care
    talk.says(THERAPIST, HomeworkReview, answers=SOME)
    assert talk.care == before
    talk.refuses("no homework", THERAPIST, HomeworkReview)


def test_the_last_log_of_a_day_counts_whichever_comes_first(talk: Talk) -> None:
    given = give(talk)
    first = talk.item(HomeworkLog, answers=given, day="2026-03-02", done=False)
    second = talk.item(HomeworkLog, answers=given, day="2026-03-02", done=True)
    for items in ((first, second), (second, first)):
        for item in items:
            talk.hears(CLIENT, item)
        (logged,) = only(talk).days()
        assert logged.done


def test_a_day_after_tomorrow_is_not_logged(talk: Talk) -> None:
    given = give(talk)
    log(talk, given, "2026-03-03")
    for day in ("2026-03-04", "9999-12-31"):
        with talk.refusal("has not come"):
            log(talk, given, day)
    with talk.refusal("no calendar"):
        log(talk, given, "2026-02-29")
    assert [logged.day for logged in only(talk).days()] == [date(2026, 3, 3)]


def test_a_homework_has_four_hundred_days_at_most(talk: Talk) -> None:
    given = give(talk)
    for days in range(MOST_LOGS):
        log(talk, given, (MONDAY - timedelta(days=days)).date().isoformat())
    with talk.refusal("more than 400"):
        log(talk, given, "2026-03-03")
    log(talk, given, "2026-03-02", done=False)
    assert not only(talk).days()[-1].done


def test_a_hundred_homeworks_are_open_at_most(talk: Talk) -> None:
    first = give(talk)
    for _ in range(99):
        give(talk)
    with talk.refusal("more than 100 open"):
        give(talk)
    talk.says(THERAPIST, HomeworkReview, answers=first)
    give(talk)
    assert len(talk.care.homeworks.open()) == 100
    assert len(talk.care.homeworks.all()) == 101


def test_two_homeworks_with_one_id_are_not_taken(talk: Talk) -> None:
    talk.refuses("id of another", THERAPIST, Homework, id=give(talk), title="Run")
