"""After the end nothing is said about the therapy but what may have been under way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from e2etherapy.wire.care import (
    CheckIn,
    Ending,
    ExtractAnswer,
    ExtractRequest,
    Goal,
    HomeworkReview,
    Landing,
    Priority,
)
from e2etherapy.wire.role import Role
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.mark.parametrize("author", Role)
def test_either_side_ends_the_therapy_with_a_letter(talk: Talk, author: Role) -> None:
    assert talk.care.ended is None
    end = talk.says(author, Ending, letter="Thank you.")
    ended = talk.care.ended
    assert ended is not None
    assert (ended.id, ended.author, ended.letter, ended.when) == (
        end.id,
        author,
        "Thank you.",
        MONDAY,
    )


@pytest.mark.parametrize("author", Role)
def test_nothing_is_taken_after_the_end(talk: Talk, author: Role) -> None:
    talk.says(author, Ending, letter="Thank you.")
    for who in Role:
        talk.refuses("after the therapy has ended", who, Goal, text="Sleep.")
    talk.refuses("after the therapy has ended", author, Ending, letter="And once more.")
    talk.refuses("after the therapy has ended", CLIENT, Landing, answers=bytes(16), mark="hurt")
    talk.refuses(
        "after the therapy has ended", THERAPIST, ExtractRequest, text="All.", entries=[bytes(32)]
    )
    talk.refuses("after the therapy has ended", THERAPIST, HomeworkReview, answers=bytes(16))


def test_a_letter_that_crossed_the_other_one_is_kept_and_the_first_one_ended_it(talk: Talk) -> None:
    talk.says(THERAPIST, Ending, letter="I end it.")
    talk.says(CLIENT, Ending, letter="And so do I.")
    assert [one.letter for one in talk.care.endings.letters] == ["I end it.", "And so do I."]
    assert talk.care.ended == talk.care.endings.letters[0]
    talk.refuses("after the therapy has ended", CLIENT, Ending, letter="Once more.")


def test_a_call_for_help_that_crosses_the_end_is_not_lost(talk: Talk) -> None:
    talk.says(THERAPIST, Ending, letter="Thank you.")
    talk.says(CLIENT, Priority, text="I need you.")
    given = [0] * 8 + [2] + [None]
    talk.says(CLIENT, CheckIn, instrument="phq-9", version="1", given=given, taken=MONDAY)
    reasons = [(flag.reason, flag.text) for flag in talk.care.flags.raised]
    assert reasons == [("asked", "I need you."), ("check_in", "")]


def test_an_extract_is_taken_back_after_the_end_and_never_allowed(talk: Talk) -> None:
    words = {"text": "To Dr. Byrne.", "entries": [bytes(32)]}
    allowed, open_one = (talk.says(THERAPIST, ExtractRequest, **words).id for _ in range(2))
    talk.says(CLIENT, ExtractAnswer, answers=allowed, allowed=True)
    talk.says(CLIENT, Ending, letter="Thank you.")
    talk.refuses("has ended", CLIENT, ExtractAnswer, answers=open_one, allowed=True)
    talk.says(CLIENT, ExtractAnswer, answers=allowed, allowed=False)
    assert not any(one.in_force for one in talk.care.extracts.all())


def test_what_the_author_may_not_say_is_told_also_after_the_end(talk: Talk) -> None:
    talk.says(CLIENT, Ending, letter="Thank you.")
    talk.refuses("does not say this", THERAPIST, Priority)


def test_an_end_from_the_future_is_one_now(talk: Talk) -> None:
    talk.says(CLIENT, Ending, letter="Thank you.", written=MONDAY + timedelta(days=400))
    assert talk.care.ended is not None
    assert talk.care.ended.when == MONDAY
