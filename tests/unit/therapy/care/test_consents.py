"""A consent is to one exact text, asked for before, and in force until it is withdrawn."""

from __future__ import annotations

import pytest

from e2etherapy.therapy.care import consents
from e2etherapy.wire.care import Consent, ConsentRequest, ConsentWithdrawal
from tests.support.talk import CLIENT, EN_1, THERAPIST, Talk

TEXT = {"text": EN_1.name, "digest": EN_1.digest}


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_consent_is_asked_for_given_and_withdrawn(talk: Talk) -> None:
    asked = talk.says(THERAPIST, ConsentRequest, **TEXT)
    assert [one.id for one in talk.care.consents.open()] == [asked.id]
    assert talk.care.consents.in_force() == ()
    talk.later(hours=1)
    given = talk.says(CLIENT, Consent, answers=asked.id, **TEXT)
    (in_force,) = talk.care.consents.in_force()
    assert (in_force.text, in_force.consent, in_force.given) == ("en-1", given.id, talk.now)
    assert talk.care.consents.open() == ()
    talk.later(days=1)
    talk.says(CLIENT, ConsentWithdrawal, answers=given.id)
    assert talk.care.consents.in_force() == ()
    (one,) = talk.care.consents.all()
    assert (one.given, one.withdrawn) == (in_force.given, talk.now)


@pytest.mark.parametrize("name", ["en-2", "xx-1", "", "../en-1", "en-1.md", "n" * 200])
def test_a_text_that_is_not_here_cannot_be_asked_about(talk: Talk, name: str) -> None:
    talk.refuses("does not have", THERAPIST, ConsentRequest, text=name, digest=EN_1.digest)


def test_a_text_of_another_digest_cannot_be_asked_about(talk: Talk) -> None:
    digest = EN_1.digest[:-1] + bytes([EN_1.digest[-1] ^ 1])
    talk.refuses("another text", THERAPIST, ConsentRequest, text="en-1", digest=digest)


@pytest.mark.parametrize("change", [{"text": "en-2"}, {"digest": bytes(32)}])
def test_a_consent_to_another_text_is_refused(talk: Talk, change: dict[str, object]) -> None:
    asked = talk.says(THERAPIST, ConsentRequest, **TEXT)
    talk.refuses("another text", CLIENT, Consent, answers=asked.id, **{**TEXT, **change})


def test_a_consent_that_nobody_asked_for_is_refused(talk: Talk) -> None:
    for answers in (None, bytes(16)):
        talk.refuses("nobody asked", CLIENT, Consent, answers=answers, **TEXT)


def test_a_consent_is_given_once_and_withdrawn_once(talk: Talk) -> None:
    asked = talk.says(THERAPIST, ConsentRequest, **TEXT)
    given = talk.says(CLIENT, Consent, answers=asked.id, **TEXT)
    talk.refuses("given before", CLIENT, Consent, answers=asked.id, **TEXT)
    talk.says(CLIENT, ConsentWithdrawal, answers=given.id)
    talk.refuses("withdrawn before", CLIENT, ConsentWithdrawal, answers=given.id)
    talk.refuses("given before", CLIENT, Consent, answers=asked.id, **TEXT)


def test_what_was_withdrawn_can_be_asked_for_and_given_anew(talk: Talk) -> None:
    for _ in range(2):
        asked = talk.says(THERAPIST, ConsentRequest, **TEXT)
        given = talk.says(CLIENT, Consent, answers=asked.id, **TEXT)
        assert [one.consent for one in talk.care.consents.in_force()] == [given.id]
        talk.says(CLIENT, ConsentWithdrawal, answers=given.id)


def test_a_withdrawal_names_a_consent(talk: Talk) -> None:
    asked = talk.says(THERAPIST, ConsentRequest, **TEXT)
    for answers in (None, asked.id):
        talk.refuses("no consent", CLIENT, ConsentWithdrawal, answers=answers)


def test_a_withdrawal_that_overtakes_its_consent_holds(talk: Talk) -> None:
    asked = talk.says(THERAPIST, ConsentRequest, **TEXT)
    given = talk.item(Consent, answers=asked.id, **TEXT)
    withdrawal = talk.item(ConsentWithdrawal, answers=given.id)
    talk.hears(CLIENT, withdrawal)
    talk.hears(CLIENT, given)
    assert talk.care.consents.in_force() == ()
    (one,) = talk.care.consents.all()
    assert one.withdrawn == withdrawal.written


def test_withdrawals_of_what_never_comes_do_not_pile_up(talk: Talk) -> None:
    for number in range(100):
        talk.says(CLIENT, ConsentWithdrawal, answers=number.to_bytes(16, "big"))
    assert len(talk.care.consents.early) == consents.MOST_OPEN


def test_twenty_requests_are_open_at_most(talk: Talk) -> None:
    asked = [talk.says(THERAPIST, ConsentRequest, **TEXT) for _ in range(20)]
    talk.refuses("more than 20 open", THERAPIST, ConsentRequest, **TEXT)
    talk.says(CLIENT, Consent, answers=asked[0].id, **TEXT)
    talk.says(THERAPIST, ConsentRequest, **TEXT)
