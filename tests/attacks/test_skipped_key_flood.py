"""Pitfall: skipped-key flood."""

from __future__ import annotations

import pytest

from e2etherapy.errors import EnvelopeRefused, ReplayedEnvelope, TooManySkipped
from e2etherapy.session import conversation, skipped_keys, states
from e2etherapy.session.limits import STANDARD
from e2etherapy.session.skipped_keys import ChainKey, ChainStep
from tests.support.hostile import Hostility, craft, leave_out, numbers
from tests.support.people import TODAY, Person, connected

BYTES_PER_SECRET = 60
"""A kept secret in a dump: 32 bytes, a number, a day and the names of the two."""


class Derivations:
    """Counts how often a chain key is stepped; the work is real."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._advance = skipped_keys.advance
        monkeypatch.setattr(skipped_keys, "advance", self._step)

    def _step(self, chain_key: ChainKey) -> ChainStep:
        self.count += 1
        return self._advance(chain_key)


def skipped_in(person: Person) -> int:
    return sum(len(chain.skipped) for chain in person.established.ratchet.receiving)


@pytest.mark.parametrize("number", [8_192, 80_000, 2**31, 2**32 - 1])
def test_a_number_too_far_ahead_is_refused_without_any_derivation(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = connected(turns=4)
    forged = craft(
        pair.therapist.established, pair.therapist.draw, Hostility(header=numbers(number=number))
    )
    before = states.dump(pair.client.state)
    derivations = Derivations(monkeypatch)
    with pytest.raises(TooManySkipped):
        conversation.unseal(pair.client.state, forged, TODAY)
    assert derivations.count == 0
    assert states.dump(pair.client.state) == before


@pytest.mark.parametrize("length", [8_193, 2**31, 2**32 - 1])
def test_a_previous_length_too_far_ahead_is_refused_without_any_derivation(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = connected(turns=3)
    forged = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=numbers(previous_length=length, number=STANDARD.chain_length - 1)),
    )
    before = states.dump(pair.client.state)
    derivations = Derivations(monkeypatch)
    with pytest.raises(TooManySkipped):
        conversation.unseal(pair.client.state, forged, TODAY)
    assert derivations.count == 0
    assert states.dump(pair.client.state) == before


def test_one_envelope_costs_at_most_two_turns_of_derivations_and_keeps_what_the_limit_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dearest envelope there is: the last turn and this one lack all that they can."""
    pair = connected(turns=3)
    longest = STANDARD.chain_length
    arrived = pair.client.established.ratchet.receiving[0].next_number
    dear = craft(
        pair.therapist.established,
        pair.therapist.draw,
        Hostility(header=numbers(previous_length=longest), ahead=longest - 1),
    )
    derivations = Derivations(monkeypatch)
    opened = conversation.unseal(pair.client.state, dear, TODAY)
    assert opened.body is not None
    assert derivations.count == 2 * longest - arrived
    pair.client.state = opened.state
    assert skipped_in(pair.client) == 2 * STANDARD.skipped_keys_per_chain


@pytest.mark.parametrize("lost", [2_049, 8_190])
def test_losing_more_than_can_be_kept_ends_no_conversation(lost: int) -> None:
    """A relay drops them, or a mailbox is left alone for longer than it keeps them."""
    pair = connected(turns=4)
    client, therapist = pair.client, pair.therapist
    therapist.seal("the first of those that are lost")
    therapist.state = leave_out(therapist.established, lost - 1)
    assert client.open(therapist.seal("the first that arrives")) == "the first that arrives"
    therapist.open(client.seal("I am back"))
    assert client.open(therapist.seal("good")) == "good"


def test_a_turn_of_which_nearly_everything_was_lost_ends_no_conversation() -> None:
    pair = connected(turns=4)
    client, therapist = pair.client, pair.therapist
    client.open(therapist.seal("arrives"))
    question = client.seal("question")
    therapist.state = leave_out(therapist.established, 5_000)
    late = therapist.seal("among the newest of the lost")
    therapist.open(question)
    assert client.open(therapist.seal("the next turn")) == "the next turn"
    assert client.open(late) == "among the newest of the lost"


def test_a_forged_body_costs_no_more_than_a_genuine_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = connected(turns=4)
    most = STANDARD.skipped_keys_per_chain
    dear = craft(pair.therapist.established, pair.therapist.draw, Hostility(ahead=most))
    before = states.dump(pair.client.state)
    derivations = Derivations(monkeypatch)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.client.state, dear[:-1] + bytes([dear[-1] ^ 1]), TODAY)
    assert derivations.count == most + 1
    assert states.dump(pair.client.state) == before


def test_an_outsider_cannot_cause_a_single_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = connected(turns=4)
    stranger = connected("stranger", turns=4).therapist.seal("not for you")
    derivations = Derivations(monkeypatch)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.client.state, stranger, TODAY)
    assert derivations.count == 0


def test_memory_is_bounded_over_any_number_of_turns() -> None:
    """A hostile author leaves out as many as allowed in each of ten turns."""
    pair = connected(turns=4)
    client, therapist = pair.client, pair.therapist
    base = len(states.dump(client.state))
    for _ in range(10):
        therapist.state = leave_out(therapist.established, STANDARD.skipped_keys_per_chain - 1)
        client.open(therapist.seal("after all those"))
        assert skipped_in(client) <= STANDARD.stored_keys
        assert len(client.established.ratchet.receiving) <= STANDARD.old_chains + 1
        size = len(states.dump(client.state))
        assert size < base + STANDARD.stored_keys * BYTES_PER_SECRET + 1_000
        therapist.open(client.seal("go on"))
    assert skipped_in(client) == STANDARD.stored_keys


def test_the_newest_secrets_stay_when_there_is_no_room_for_all() -> None:
    pair = connected(turns=4)
    client, therapist = pair.client, pair.therapist
    overtaken = []
    for _ in range(4):
        overtaken.append(therapist.seal("overtaken"))
        therapist.state = leave_out(therapist.established, STANDARD.skipped_keys_per_chain - 1)
        client.open(therapist.seal("after all those"))
        therapist.open(client.seal("go on"))
    assert client.open(overtaken[-1]) == "overtaken"
    assert client.open(overtaken[-2]) == "overtaken"
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(client.state, overtaken[0], TODAY)


def test_secrets_are_forgotten_after_45_days() -> None:
    pair = connected(turns=4)
    late = pair.therapist.seal("very late")
    pair.client.open(pair.therapist.seal("in time"))
    assert skipped_in(pair.client) == 1
    pair.client.open(pair.therapist.seal("on the last day"), TODAY + STANDARD.skipped_key_days)
    assert skipped_in(pair.client) == 1
    pair.client.open(pair.therapist.seal("after it"), TODAY + STANDARD.skipped_key_days + 1)
    assert skipped_in(pair.client) == 0
    with pytest.raises(ReplayedEnvelope):
        conversation.unseal(pair.client.state, late, TODAY + STANDARD.skipped_key_days + 1)


def test_secrets_past_their_age_do_not_count_against_the_limit() -> None:
    """What may be forgotten today cannot keep an envelope of today out for good."""
    pair = connected(turns=4)
    client, therapist = pair.client, pair.therapist
    most = STANDARD.skipped_keys_per_chain
    envelopes = [therapist.seal("one of many") for _ in range(most + 3)]
    client.open(envelopes[most])
    assert skipped_in(client) == most
    later = TODAY + STANDARD.skipped_key_days + 1
    assert client.open(envelopes[most + 2], later) == "one of many"
    assert skipped_in(client) == 1


def test_a_conversation_in_which_nothing_arrives_forgets_its_aged_secrets_when_asked() -> None:
    pair = connected(turns=4)
    client, late = pair.client, pair.therapist.seal("very late")
    client.open(pair.therapist.seal("in time"))
    last = TODAY + STANDARD.skipped_key_days
    assert conversation.expire(client.state, last) is client.state
    client.state = conversation.expire(client.state, last + 1)
    assert skipped_in(client) == 0
    assert conversation.expire(client.state, last + 1) is client.state
    with pytest.raises(ReplayedEnvelope):
        conversation.unseal(client.state, late, TODAY)
    assert client.open(pair.therapist.seal("still alive"), last + 1) == "still alive"


def test_a_chain_is_forgotten_when_four_further_turns_have_come() -> None:
    pair = connected(turns=4)
    client, therapist = pair.client, pair.therapist
    overtaken = therapist.seal("overtaken")
    client.open(therapist.seal("first"))
    kept = client.state
    for _ in range(STANDARD.old_chains):
        therapist.open(client.seal("question"))
        therapist.seal("lost, so that the chain keeps a secret")
        client.open(therapist.seal("answer"))
        kept = client.state
    assert conversation.unseal(kept, overtaken, TODAY).body is not None
    therapist.open(client.seal("question"))
    client.open(therapist.seal("one turn more"))
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(client.state, overtaken, TODAY)
