"""Pitfall: restored old database reusing keys (the ratchet's part of it)."""

from __future__ import annotations

import itertools

import pytest

from e2etherapy.errors import EnvelopeRefused
from e2etherapy.session import conversation, states
from e2etherapy.wire.envelope import split_message, split_opening
from tests.support.people import TODAY, Pair, Person, connected, meet


def restored(person: Person) -> Person:
    """Return a second device that was set up from a copy of what is stored."""
    return Person(states.load(states.dump(person.state)), person.draw, person.sent)


def xor_is_noise(one: bytes, two: bytes) -> bool:
    mixed = bytes(a ^ b for a, b in zip(one, two, strict=True))
    return mixed.count(0) < len(mixed) // 32


@pytest.mark.parametrize("turns", [3, 4], ids=["within a turn", "beginning a turn"])
def test_a_restored_copy_uses_no_key_and_nonce_for_two_plaintexts(turns: int) -> None:
    pair = connected(turns=turns)
    copy = restored(pair.client)
    one = split_message(pair.client.seal("words of the device"))
    two = split_message(copy.seal("words of the copy"))
    assert one.salt[:24] != two.salt[:24]
    assert one.commitment != two.commitment
    assert xor_is_noise(one.sealed_header, two.sealed_header)
    assert xor_is_noise(one.sealed_body, two.sealed_body)


def test_a_restored_copy_of_an_opening_uses_no_key_and_nonce_for_two_plaintexts() -> None:
    pair = meet()
    pair.client.seal("one")
    copy = restored(pair.client)
    one, two = split_opening(pair.client.seal("device")), split_opening(copy.seal("copy"))
    assert one.commitment != two.commitment
    assert xor_is_noise(one.sealed_opening, two.sealed_opening)
    assert xor_is_noise(one.sealed_body, two.sealed_body)


def test_a_restored_copy_that_begins_the_same_turn_draws_other_keys() -> None:
    pair = connected(turns=4)
    copy = restored(pair.client)
    pair.client.seal("device")
    copy.seal("copy")
    one, two = pair.client.established.ratchet, copy.established.ratchet
    assert one.own is not None
    assert two.own is not None
    assert one.own.keys.x25519 != two.own.keys.x25519
    assert one.own.keys.kem != two.own.keys.kem
    assert one.root != two.root
    assert one.next_header_key != two.next_header_key


def assert_only_one_is_opened(pair: Pair, first: bytes, second: bytes) -> None:
    pair.therapist.open(first)
    before = states.dump(pair.therapist.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.therapist.state, second, TODAY)
    assert states.dump(pair.therapist.state) == before


@pytest.mark.parametrize("turns", [3, 4], ids=["within a turn", "beginning a turn"])
def test_of_two_copies_that_speak_only_the_first_is_heard(turns: int) -> None:
    for order in itertools.permutations(range(2)):
        pair = connected(turns=turns)
        said = [pair.client.try_seal(words).envelope for words in ("device", "copy")]
        assert_only_one_is_opened(pair, *(said[index] for index in order))


def test_a_restored_copy_opens_again_what_it_had_opened_and_nothing_is_damaged() -> None:
    """Receiving twice reveals nothing: the same key opens the same envelope."""
    pair = connected(turns=3)
    copy = restored(pair.client)
    answer = pair.therapist.seal("answer")
    assert pair.client.open(answer) == copy.open(answer) == "answer"
