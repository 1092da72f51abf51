"""Pitfall: two people claiming one invitation."""

from __future__ import annotations

import pytest

from e2etherapy.errors import EnvelopeRefused, InvitationExpired, InvitationUsed
from e2etherapy.mailbox.operations import RETENTION_DAYS
from e2etherapy.session import conversation, states
from tests.support.people import LAST_DAY, TODAY, Pair, Person, meet, seeded


def rival_of(pair: Pair) -> Person:
    """Return somebody else who has the same link and the same bundle."""
    draw = seeded("rival")
    return Person(conversation.join(pair.bundle, TODAY, LAST_DAY, draw), draw)


@pytest.mark.parametrize("answered", [False, True])
def test_the_second_claimant_is_refused_and_reported(answered: bool) -> None:
    pair = meet()
    rival = rival_of(pair)
    pair.therapist.open(pair.client.seal("I came first"))
    if answered:
        pair.therapist.seal("answer")
    before = states.dump(pair.therapist.state)
    with pytest.raises(InvitationUsed):
        conversation.unseal(pair.therapist.state, rival.seal("me too"), TODAY)
    assert states.dump(pair.therapist.state) == before


def test_the_second_claimant_is_refused_after_a_restart() -> None:
    pair = meet()
    rival = rival_of(pair)
    pair.therapist.open(pair.client.seal("I came first"))
    pair.therapist.restart()
    with pytest.raises(InvitationUsed):
        conversation.unseal(pair.therapist.state, rival.seal("me too"), TODAY)


def test_there_is_one_winner_whoever_comes_first() -> None:
    pair = meet()
    rival = rival_of(pair)
    late = pair.client.seal("too late")
    assert pair.therapist.open(rival.seal("I came first")) == "I came first"
    with pytest.raises(InvitationUsed):
        conversation.unseal(pair.therapist.state, late, TODAY)


def test_the_first_claimant_goes_on_as_if_nothing_had_been() -> None:
    pair = meet()
    rival = rival_of(pair)
    pair.therapist.open(pair.client.seal("one"))
    with pytest.raises(InvitationUsed):
        conversation.unseal(pair.therapist.state, rival.seal("me too"), TODAY)
    assert pair.therapist.open(pair.client.seal("two")) == "two"
    assert pair.client.open(pair.therapist.seal("answer")) == "answer"


def test_the_second_claimant_cannot_read_the_answer_to_the_first() -> None:
    pair = meet()
    rival = rival_of(pair)
    rival.seal("me too")
    pair.therapist.open(pair.client.seal("I came first"))
    answer = pair.therapist.seal("for one person only")
    before = states.dump(rival.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(rival.state, answer, TODAY)
    assert states.dump(rival.state) == before


def test_the_two_claimants_see_different_transcripts() -> None:
    """So that a comparison of safety phrases shows who answered whom."""
    pair = meet()
    assert rival_of(pair).established.transcript != pair.client.established.transcript


def test_an_opening_counts_as_long_as_the_relay_can_have_kept_it_since_the_last_day() -> None:
    """A therapist who is away for the last days must not lose a client who came in time."""
    pair = meet()
    opening = pair.client.seal("just in time")
    with pytest.raises(InvitationExpired):
        conversation.unseal(pair.therapist.state, opening, LAST_DAY + RETENTION_DAYS + 1)
    assert pair.therapist.open(opening, LAST_DAY + RETENTION_DAYS) == "just in time"


def test_nobody_can_join_after_the_last_day() -> None:
    with pytest.raises(InvitationExpired):
        conversation.join(meet().bundle, LAST_DAY + 1, LAST_DAY, seeded("late"))
