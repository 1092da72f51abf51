"""Nothing of the record is shown to anybody before the client has said yes to exactly that."""

from __future__ import annotations

import pytest

from e2etherapy.therapy.care.extracts import digest_of
from e2etherapy.wire.care import ExtractAnswer, ExtractRequest
from tests.support.talk import CLIENT, THERAPIST, Talk

ENTRIES = [digest_of(CLIENT, b"one"), digest_of(THERAPIST, b"two")]
WORDS = {"text": "Your last two letters, to Dr. Byrne.", "entries": ENTRIES}


@pytest.fixture
def talk() -> Talk:
    return Talk()


def ask(talk: Talk) -> bytes:
    return talk.says(THERAPIST, ExtractRequest, **WORDS).id


@pytest.mark.parametrize("allowed", [True, False])
def test_a_request_is_answered_for_itself(talk: Talk, allowed: bool) -> None:
    asked = ask(talk)
    assert [one.allowed for one in talk.care.extracts.open()] == [None]
    assert not talk.care.extracts.all()[0].in_force
    talk.later(hours=1)
    talk.says(CLIENT, ExtractAnswer, answers=asked, allowed=allowed)
    (one,) = talk.care.extracts.all()
    assert (one.allowed, one.answered, one.in_force) == (allowed, talk.now, allowed)
    assert one.entries == tuple(ENTRIES)
    assert talk.care.extracts.open() == ()
    talk.refuses("answered before", CLIENT, ExtractAnswer, answers=asked, allowed=True)


def test_a_no_after_the_yes_takes_it_back_for_good(talk: Talk) -> None:
    asked = ask(talk)
    talk.says(CLIENT, ExtractAnswer, answers=asked, allowed=True)
    talk.later(days=1)
    talk.says(CLIENT, ExtractAnswer, answers=asked, allowed=False)
    (one,) = talk.care.extracts.all()
    assert (one.in_force, one.withdrawn) == (False, talk.now)
    for allowed in (True, False):
        talk.refuses("answered before", CLIENT, ExtractAnswer, answers=asked, allowed=allowed)


def test_a_no_that_overtakes_the_yes_stays_a_no(talk: Talk) -> None:
    asked = ask(talk)
    talk.says(CLIENT, ExtractAnswer, answers=asked, allowed=False)
    talk.refuses("answered before", CLIENT, ExtractAnswer, answers=asked, allowed=True)
    assert not talk.care.extracts.all()[0].in_force


@pytest.mark.parametrize("answers", [None, bytes(16)])
def test_what_nobody_asked_is_not_answered(talk: Talk, answers: bytes | None) -> None:
    talk.refuses("nobody asked", CLIENT, ExtractAnswer, answers=answers, allowed=True)


def test_an_entry_has_one_name_and_each_author_another(talk: Talk) -> None:
    assert digest_of(CLIENT, b"one") != digest_of(THERAPIST, b"one")
    assert digest_of(CLIENT, b"one") != digest_of(CLIENT, b"two")
    twice = {"text": "To Dr. Byrne.", "entries": [ENTRIES[0], ENTRIES[0]]}
    talk.refuses("names an entry twice", THERAPIST, ExtractRequest, **twice)


def test_twenty_requests_are_open_at_most(talk: Talk) -> None:
    asked = [ask(talk) for _ in range(20)]
    with talk.refusal("more than 20 open"):
        ask(talk)
    talk.says(CLIENT, ExtractAnswer, answers=asked[7], allowed=False)
    ask(talk)
