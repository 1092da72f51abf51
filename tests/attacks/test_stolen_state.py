"""A thief of a device: forward secrecy and healing as claims that can fail.

The thief holds a full copy of a stored state, reads everything that is sent, and tries every
secret in the copy, and every one that follows from it on a chain, on every envelope.
"""

from __future__ import annotations

import pytest

from e2etherapy.errors import EnvelopeRefused
from e2etherapy.session import conversation, states
from e2etherapy.session.phases import Phase
from e2etherapy.session.states import Conversation
from tests.support.people import TODAY, Pair, Person, meet
from tests.support.thief import can_open


def stolen(person: Person) -> Conversation:
    """Return what a thief gets who copies the stored state."""
    return states.load(states.dump(person.state))


def refuses(state: Conversation, envelope: bytes) -> bool:
    """Say whether neither the state nor any secret in it opens an envelope."""
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(state, envelope, TODAY)
    return not can_open(state, envelope)


def exchange(pair: Pair, turns: int, start: int = 0) -> list[bytes]:
    """Let the two speak in turn, two envelopes each, and return all that went over the wire."""
    wire = []
    for turn in range(start, start + turns):
        author, reader = (
            (pair.client, pair.therapist) if turn % 2 == 0 else (pair.therapist, pair.client)
        )
        for _ in range(2):
            envelope = author.seal(f"turn {turn + 1}")
            reader.open(envelope)
            wire.append(envelope)
    return wire


@pytest.mark.parametrize("turns", range(1, 7))
def test_a_thief_reads_nothing_that_was_received_before(turns: int) -> None:
    pair = meet()
    wire = exchange(pair, turns)
    reader = pair.therapist if turns % 2 else pair.client
    assert reader.state.phase is Phase.READY
    copy = stolen(reader)
    assert all(refuses(copy, envelope) for envelope in wire)


@pytest.mark.parametrize("turns", range(1, 7))
def test_a_thief_reads_nothing_that_was_sent_before(turns: int) -> None:
    pair = meet()
    wire = exchange(pair, turns)
    author = pair.client if turns % 2 else pair.therapist
    assert author.state.phase in {Phase.WAITING, Phase.OPENING}
    copy = stolen(author)
    assert not any(can_open(copy, envelope) for envelope in wire)


def test_a_thief_reads_the_rest_of_the_turn_that_was_arriving() -> None:
    """What the theft does give, so that the tests around it can fail."""
    pair = meet()
    exchange(pair, 4)
    copy = stolen(pair.client)
    rest = pair.therapist.seal("more of the same turn")
    assert can_open(copy, rest)
    assert conversation.unseal(copy, rest, TODAY).body is not None


def test_a_thief_reads_an_overtaken_message_whose_secret_was_kept() -> None:
    pair = meet()
    exchange(pair, 4)
    overtaken = pair.therapist.seal("overtaken")
    pair.client.open(pair.therapist.seal("first"))
    copy = stolen(pair.client)
    assert can_open(copy, overtaken)
    pair.client.open(overtaken)
    assert not can_open(stolen(pair.client), overtaken)


def test_the_owner_s_next_turn_already_heals_a_theft_while_ready() -> None:
    """Stolen while the other side spoke last: no private key was there to steal."""
    pair = meet()
    exchange(pair, 4)
    copy = stolen(pair.client)
    wire = exchange(pair, 4, start=4)
    assert all(refuses(copy, envelope) for envelope in wire)


def test_a_theft_while_waiting_gives_the_answer_and_heals_with_the_turn_after_it() -> None:
    pair = meet()
    exchange(pair, 5)
    copy = stolen(pair.client)
    answers = exchange(pair, 1, start=5)
    for envelope in answers:
        copy = conversation.unseal(copy, envelope, TODAY).state
    later = exchange(pair, 4, start=6)
    assert all(refuses(copy, envelope) for envelope in later)


def test_a_theft_during_the_opening_heals_with_the_client_s_next_turn() -> None:
    pair = meet()
    exchange(pair, 1)
    copy = stolen(pair.client)
    for envelope in exchange(pair, 1, start=1):
        copy = conversation.unseal(copy, envelope, TODAY).state
    assert all(refuses(copy, envelope) for envelope in exchange(pair, 3, start=2))


def test_a_theft_before_the_first_answer_of_the_therapist_heals_with_that_answer() -> None:
    pair = meet()
    exchange(pair, 1)
    copy = stolen(pair.therapist)
    assert all(refuses(copy, envelope) for envelope in exchange(pair, 3, start=1))


def test_an_unused_invitation_that_was_stolen_gives_the_opening_and_heals_with_the_answer() -> None:
    """The worst theft: all one-time secrets and the identity key. It lasts for one turn."""
    pair = meet()
    copy: Conversation = states.load(states.dump(pair.invited))
    for envelope in exchange(pair, 1):
        copy = conversation.unseal(copy, envelope, TODAY).state
    assert all(refuses(copy, envelope) for envelope in exchange(pair, 4, start=1))


def test_a_closed_conversation_gives_a_thief_nothing() -> None:
    pair = meet()
    wire = exchange(pair, 4)
    for person in (pair.client, pair.therapist):
        closed = conversation.close(person.state)
        assert not any(can_open(closed, envelope) for envelope in wire)


def test_a_link_that_was_found_later_opens_no_envelope() -> None:
    """With the link one unwraps the opening values, which are public keys, and nothing else."""
    pair = meet()
    wire = exchange(pair, 3)
    finder = conversation.join(pair.bundle, TODAY, TODAY, pair.client.draw)
    assert all(refuses(finder, envelope) for envelope in wire)
