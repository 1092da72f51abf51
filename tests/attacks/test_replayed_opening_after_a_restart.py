"""Pitfall: replayed opening after a restart."""

from __future__ import annotations

import pytest

from e2etherapy.errors import EnvelopeRefused, ReplayedEnvelope, WrongPhase
from e2etherapy.session import conversation, states
from tests.support.people import LAST_DAY, TODAY, meet, talk
from tests.support.thief import secrets_in


def test_a_replayed_opening_is_refused_after_a_restart() -> None:
    pair = meet()
    opening = pair.client.seal("first")
    pair.therapist.open(opening)
    pair.therapist.restart()
    before = states.dump(pair.therapist.state)
    with pytest.raises(ReplayedEnvelope):
        conversation.unseal(pair.therapist.state, opening, TODAY)
    assert states.dump(pair.therapist.state) == before


@pytest.mark.parametrize("turns", [1, 2, 3, 4, 7])
def test_a_replayed_opening_is_refused_however_long_afterwards(turns: int) -> None:
    pair = meet()
    opening = pair.client.seal("first")
    pair.therapist.open(opening)
    pair.client.open(pair.therapist.seal("answer"))
    talk(pair, turns)
    pair.therapist.restart()
    before = states.dump(pair.therapist.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.therapist.state, opening, TODAY)
    assert states.dump(pair.therapist.state) == before


def test_a_replayed_opening_is_refused_when_the_therapist_has_answered() -> None:
    pair = meet()
    opening = pair.client.seal("first")
    pair.therapist.open(opening)
    pair.therapist.seal("answer that is still under way")
    pair.therapist.restart()
    with pytest.raises(ReplayedEnvelope):
        conversation.unseal(pair.therapist.state, opening, TODAY)


def test_the_state_that_an_opening_gives_holds_no_one_time_secret() -> None:
    pair = meet()
    pair.therapist.open(pair.client.seal("first"))
    stored = states.dump(pair.therapist.state)
    invited = pair.invited
    for secret in (
        invited.identity,
        invited.one_time,
        invited.ratchet_x25519,
        invited.kem,
        invited.ratchet_kem,
    ):
        assert bytes(secret) not in stored


def test_a_replayed_opening_is_refused_after_the_conversation_was_closed() -> None:
    pair = meet()
    opening = pair.client.seal("first")
    pair.therapist.open(opening)
    closed = states.load(states.dump(conversation.close(pair.therapist.state)))
    with pytest.raises(WrongPhase):
        conversation.unseal(closed, opening, TODAY)
    assert list(secrets_in(closed)) == []


def test_a_withdrawn_invitation_opens_for_nobody() -> None:
    pair = meet()
    opening = pair.client.seal("first")
    with pytest.raises(WrongPhase):
        conversation.unseal(conversation.close(pair.therapist.state), opening, LAST_DAY)
