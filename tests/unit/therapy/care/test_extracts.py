"""Nothing of the record is shown to anybody before the client has said yes to exactly that."""

from __future__ import annotations

import pytest

from e2etherapy.wire.care import ExtractAnswer, ExtractRequest
from tests.support.talk import CLIENT, THERAPIST, Talk


@pytest.fixture
def talk() -> Talk:
    return Talk()


def ask(talk: Talk) -> bytes:
    return talk.says(THERAPIST, ExtractRequest, text="Your last two letters, to Dr. Byrne.").id


@pytest.mark.parametrize("allowed", [True, False])
def test_a_request_is_answered_once(talk: Talk, allowed: bool) -> None:
    asked = ask(talk)
    assert [one.allowed for one in talk.care.extracts.open()] == [None]
    talk.later(hours=1)
    talk.says(CLIENT, ExtractAnswer, answers=asked, allowed=allowed)
    (one,) = talk.care.extracts.all()
    assert (one.allowed, one.answered) == (allowed, talk.now)
    assert talk.care.extracts.open() == ()
    talk.refuses("answered before", CLIENT, ExtractAnswer, answers=asked, allowed=not allowed)


@pytest.mark.parametrize("answers", [None, bytes(16)])
def test_what_nobody_asked_is_not_answered(talk: Talk, answers: bytes | None) -> None:
    talk.refuses("nobody asked", CLIENT, ExtractAnswer, answers=answers, allowed=True)


def test_twenty_requests_are_open_at_most(talk: Talk) -> None:
    asked = [ask(talk) for _ in range(20)]
    with talk.refusal("more than 20 open"):
        ask(talk)
    talk.says(CLIENT, ExtractAnswer, answers=asked[7], allowed=False)
    ask(talk)
