"""Openings: until the first answer, in any order, and never as anything else."""

from __future__ import annotations

import msgspec
import pytest

from e2etherapy.errors import EnvelopeRefused, InvitationUsed
from e2etherapy.session import conversation, states
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.phases import Phase
from tests.support.hostile import Hostility, craft
from tests.support.people import LAST_DAY, REPLY_TO, TODAY, Person, meet, seeded, talk


def test_openings_carry_where_to_answer_and_messages_do_not() -> None:
    pair = meet()
    for _ in range(2):
        opened = conversation.unseal(pair.therapist.state, pair.client.seal("opening"), TODAY)
        pair.therapist.state = opened.state
        assert opened.body is not None
        assert opened.body.reply_to == REPLY_TO
    pair.client.open(pair.therapist.seal("answer"))
    opened = conversation.unseal(pair.therapist.state, pair.client.seal("message"), TODAY)
    assert opened.body is not None
    assert opened.body.reply_to is None


def test_openings_may_arrive_in_any_order() -> None:
    pair = meet()
    sent = [pair.client.seal(f"number {number}") for number in range(3)]
    for number in (2, 0, 1):
        assert pair.therapist.open(sent[number]) == f"number {number}"


@pytest.mark.parametrize("turns", [1, 2, 3, 4, 6])
def test_an_opening_that_was_overtaken_by_later_turns_still_opens(turns: int) -> None:
    """However late the relay delivers it: an opening has another layout than later messages."""
    pair = meet()
    late = [pair.client.seal(f"late {number}") for number in range(2)]
    pair.therapist.open(pair.client.seal("first"))
    for turn in range(turns):
        author, reader = (
            (pair.therapist, pair.client) if turn % 2 == 0 else (pair.client, pair.therapist)
        )
        reader.open(author.seal("meanwhile"))
    pair.therapist.restart()
    assert pair.therapist.open(late[1]) == "late 1"
    assert pair.therapist.open(late[0]) == "late 0"


def test_what_unwraps_openings_goes_with_the_last_opening_that_was_missing() -> None:
    pair = meet()
    late = pair.client.seal("late")
    pair.therapist.open(pair.client.seal("first"))
    outer = bytes(LinkKeys.from_secret(pair.bundle.secret()).outer_key)
    pair.client.open(pair.therapist.seal("answer"))
    pair.therapist.open(pair.client.seal("turn 3"))
    assert outer in states.dump(pair.therapist.state)
    pair.therapist.open(late)
    assert outer not in states.dump(pair.therapist.state)


def test_an_opening_cannot_carry_another_turn_on_the_day_on_which_the_first_is_forgotten() -> None:
    """That the first turn's secrets go for their age is not what the envelope did."""
    pair = meet()
    pair.client.seal("lost, so that turn 1 stays known")
    pair.therapist.open(pair.client.seal("first"))
    opening_wrapping = pair.client.established.wrapping
    pair.client.open(pair.therapist.seal("answer"))
    pair.therapist.open(pair.client.seal("turn 3 begins"))
    state = pair.client.established
    disguised = msgspec.structs.replace(state, phase=Phase.OPENING, wrapping=opening_wrapping)
    forged = craft(disguised, pair.client.draw, Hostility())
    before = states.dump(pair.therapist.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.therapist.state, forged, TODAY + STANDARD.skipped_key_days + 1)
    assert states.dump(pair.therapist.state) == before


def test_an_opening_cannot_begin_another_turn_than_the_first() -> None:
    """A client who wraps its third turn as an opening breaks the rules."""
    pair = meet()
    pair.client.seal("lost, so that turn 1 stays known")
    pair.therapist.open(pair.client.seal("first"))
    opening_wrapping = pair.client.established.wrapping
    pair.client.open(pair.therapist.seal("answer"))
    pair.client.seal("turn 3 begins")
    state = pair.client.established
    disguised = msgspec.structs.replace(state, phase=Phase.OPENING, wrapping=opening_wrapping)
    before = states.dump(pair.therapist.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(
            pair.therapist.state, craft(disguised, pair.client.draw, Hostility()), TODAY
        )
    assert states.dump(pair.therapist.state) == before


def test_a_second_claimant_is_reported_as_long_as_openings_are_still_unwrapped() -> None:
    pair = meet()
    rival = Person(conversation.join(pair.bundle, TODAY, LAST_DAY, seeded("rival")), seeded("r"))
    talk(pair, 2)
    with pytest.raises(InvitationUsed):
        conversation.unseal(pair.therapist.state, rival.seal("me too"), TODAY)
    pair.therapist.open(pair.client.seal("turn 3"))
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.therapist.state, rival.seal("me too"), TODAY)
