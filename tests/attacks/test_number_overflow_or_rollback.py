"""Pitfall: number overflow or rollback."""

from __future__ import annotations

import msgspec
import pytest

from e2etherapy.errors import ChainExhausted, EnvelopeRefused, ReplayedEnvelope, TooManySkipped
from e2etherapy.session import conversation, states
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.states import Established
from tests.support.hostile import Change, Hostility, craft, leave_out, numbers
from tests.support.people import TODAY, Person, connected

U32_MAX = 2**32 - 1


def at_number(state: Established, number: int) -> Established:
    """Return a state whose sending chain has come as far as `number`."""
    sending = state.ratchet.sending
    assert sending is not None
    moved = msgspec.structs.replace(sending, number=number)
    return msgspec.structs.replace(
        state, ratchet=msgspec.structs.replace(state.ratchet, sending=moved)
    )


def assert_refused(reader: Person, forged: bytes, error: type[Exception]) -> None:
    before = states.dump(reader.state)
    with pytest.raises(error):
        conversation.unseal(reader.state, forged, TODAY)
    assert states.dump(reader.state) == before


@pytest.mark.parametrize("number", [STANDARD.chain_length, STANDARD.chain_length + 1, U32_MAX])
def test_a_turn_ends_long_before_its_number_overflows(number: int) -> None:
    pair = connected(turns=3)
    state = at_number(pair.client.established, number)
    before = states.dump(state)
    pair.client.state = state
    with pytest.raises(ChainExhausted):
        pair.client.seal("one too many")
    assert states.dump(pair.client.state) == before


def test_the_last_number_of_a_turn_can_be_used() -> None:
    pair = connected(turns=3)
    pair.client.state = at_number(pair.client.established, STANDARD.chain_length - 1)
    pair.client.seal("the last one")
    sending = pair.client.established.ratchet.sending
    assert sending is not None
    assert sending.number == STANDARD.chain_length


def test_an_answer_lets_an_exhausted_author_speak_again() -> None:
    pair = connected(turns=3)
    answer = pair.therapist.seal("answer")
    sending = pair.client.established.ratchet.sending
    assert sending is not None
    pair.client.state = leave_out(pair.client.established, STANDARD.chain_length - sending.number)
    with pytest.raises(ChainExhausted):
        pair.client.seal("one too many")
    pair.client.open(answer)
    pair.client.seal("again")


@pytest.mark.parametrize("previous_length", [0, 1, 2])
def test_a_previous_length_below_what_arrived_is_refused(previous_length: int) -> None:
    pair = connected(turns=2)
    for _ in range(2):
        pair.client.open(pair.therapist.seal("more of the same turn"))
    pair.therapist.open(pair.client.seal("question"))
    forged = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=numbers(previous_length=previous_length)),
    )
    assert_refused(pair.client, forged, EnvelopeRefused)
    assert pair.client.open(pair.therapist.seal("genuine")) == "genuine"


@pytest.mark.parametrize(
    "change",
    [numbers(number=U32_MAX), numbers(previous_length=U32_MAX), numbers(U32_MAX, U32_MAX)],
    ids=["number", "previous length", "both"],
)
def test_the_largest_numbers_are_refused(change: Change) -> None:
    pair = connected(turns=3)
    forged = craft(pair.therapist.established, pair.therapist.draw, Hostility(header=change))
    assert_refused(pair.client, forged, TooManySkipped)
    assert pair.client.open(pair.therapist.seal("genuine")) == "genuine"


def test_a_number_that_was_used_is_refused_even_with_a_new_body() -> None:
    """The author rolls back and seals other words under an old number."""
    pair = connected(turns=4)
    earlier = pair.therapist.established
    pair.client.open(pair.therapist.seal("first version"))
    pair.therapist.state = earlier
    assert_refused(pair.client, pair.therapist.seal("second version"), ReplayedEnvelope)


def test_a_closed_turn_takes_no_number_behind_its_end() -> None:
    pair = connected(turns=4)
    pair.therapist.seal("lost, so that the chain is kept")
    pair.client.open(pair.therapist.seal("last of the turn"))
    of_old_turn = pair.therapist.established
    pair.therapist.open(pair.client.seal("question"))
    pair.client.open(pair.therapist.seal("next turn"))
    pair.therapist.state = of_old_turn
    assert_refused(pair.client, pair.therapist.seal("behind the end"), EnvelopeRefused)


def test_a_turn_that_was_taken_back_and_begun_anew_is_refused() -> None:
    pair = connected(turns=3)
    before_the_turn = pair.therapist.established
    pair.client.open(pair.therapist.seal("first version of the turn"))
    pair.client.seal("question")
    pair.therapist.state = before_the_turn
    assert_refused(pair.client, pair.therapist.seal("second version"), EnvelopeRefused)
