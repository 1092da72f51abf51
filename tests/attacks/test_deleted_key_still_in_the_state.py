"""Pitfall: deleted key still there (the stored state's part of it; the vault's is elsewhere)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.kem import Kem768Secret, Kem1024Secret
from e2etherapy.session import conversation, states
from e2etherapy.session.phases import Phase
from e2etherapy.session.skipped_keys import ChainKey, MessageSecret, advance
from e2etherapy.session.states import Established
from tests.support.people import Pair, Person, Recorder, meet, talk
from tests.support.thief import secrets_in

PRIVATE = (X25519Secret, Kem768Secret, Kem1024Secret)


def recorded() -> tuple[Pair, dict[str, Recorder]]:
    """Return two people and everything that each of them ever drew."""
    recorders: dict[str, Recorder] = {}

    def record(name: str, recorder: Recorder) -> Recorder:
        recorders[name] = recorder
        return recorder

    pair = meet(
        client_entropy=lambda draw: record("client", Recorder(draw)),
        therapist_entropy=lambda draw: record("therapist", Recorder(draw)),
    )
    return pair, recorders


def message_secrets(chain_key: ChainKey, count: int) -> Iterator[MessageSecret]:
    for _ in range(count):
        chain_key, secret = advance(chain_key)
        yield secret


@pytest.mark.parametrize("turns", range(1, 7))
def test_a_stored_state_in_which_the_other_side_spoke_last_holds_no_private_key(
    turns: int,
) -> None:
    """Searched byte by byte for everything that was ever drawn on this device."""
    pair, recorders = recorded()
    talk(pair, turns)
    name, person = ("therapist", pair.therapist) if turns % 2 else ("client", pair.client)
    assert person.state.phase is Phase.READY
    assert not [secret for secret in secrets_in(person.state) if isinstance(secret, PRIVATE)]
    stored = states.dump(person.state)
    drawn = recorders[name].drawn
    assert len(drawn) >= 2
    assert not [value for value in drawn if value in stored]


def test_the_search_finds_the_private_keys_of_a_turn_that_waits_for_its_answer() -> None:
    pair, recorders = recorded()
    talk(pair, 3)
    assert pair.client.state.phase is Phase.WAITING
    stored = states.dump(pair.client.state)
    assert len([value for value in recorders["client"].drawn if value in stored]) == 2


def test_the_client_keeps_neither_identity_nor_ephemeral_secret_after_the_handshake() -> None:
    pair, recorders = recorded()
    stored = states.dump(pair.client.state)
    assert len(recorders["client"].drawn) == 2
    assert not [value for value in recorders["client"].drawn if value in stored]


def receiving_chain(person: Person) -> ChainKey:
    chain_key = person.established.ratchet.receiving[0].chain_key
    assert chain_key is not None
    return chain_key


def test_the_secret_of_an_opened_message_is_gone() -> None:
    pair, _ = recorded()
    talk(pair, 4)
    chain_key = receiving_chain(pair.client)
    used = list(message_secrets(chain_key, 3))
    for _ in used:
        pair.client.open(pair.therapist.seal("words"))
        assert bytes(chain_key) not in states.dump(pair.client.state)
    stored = states.dump(pair.client.state)
    assert not [secret for secret in used if bytes(secret) in stored]


def test_the_secret_of_a_sealed_message_is_gone() -> None:
    pair, _ = recorded()
    talk(pair, 3)
    sending = pair.client.established.ratchet.sending
    assert sending is not None
    (used,) = message_secrets(sending.chain_key, 1)
    pair.client.seal("words")
    stored = states.dump(pair.client.state)
    assert bytes(used) not in stored
    assert bytes(sending.chain_key) not in stored


def test_a_kept_secret_goes_when_its_message_arrives_and_no_other_does() -> None:
    pair, _ = recorded()
    talk(pair, 4)
    secrets = list(message_secrets(receiving_chain(pair.client), 3))
    envelopes = [pair.therapist.seal(f"words {number}") for number in range(3)]
    pair.client.open(envelopes[2])
    stored = states.dump(pair.client.state)
    assert [bytes(secret) in stored for secret in secrets] == [True, True, False]
    pair.client.open(envelopes[0])
    stored = states.dump(pair.client.state)
    assert [bytes(secret) in stored for secret in secrets] == [False, True, False]


def test_the_chain_key_of_a_closed_turn_is_gone_and_so_are_root_and_header_keys() -> None:
    pair, _ = recorded()
    talk(pair, 4)
    before = pair.client.established.ratchet
    old_chain = receiving_chain(pair.client)
    pair.therapist.open(pair.client.seal("question"))
    asked = pair.client.established.ratchet
    pair.client.open(pair.therapist.seal("answer"))
    stored = states.dump(pair.client.state)
    for gone in (
        old_chain,
        before.root,
        before.next_header_key,
        asked.root,
        before.receiving[0].header_key,
    ):
        assert bytes(gone) not in stored


def test_the_link_leaves_no_trace_once_both_have_answered() -> None:
    pair, _ = recorded()
    wrapping = pair.client.established.wrapping
    assert wrapping is not None
    talk(pair, 3)
    for person in (pair.client, pair.therapist):
        stored = states.dump(person.state)
        assert bytes(wrapping.outer_key) not in stored
        assert bytes(pair.bundle.secret()) not in stored
        assert wrapping.values not in stored


@pytest.mark.parametrize("turns", range(5))
def test_a_closed_conversation_holds_no_key_at_all(turns: int) -> None:
    pair, recorders = recorded()
    talk(pair, turns)
    for name, person in (("client", pair.client), ("therapist", pair.therapist)):
        known = [bytes(secret) for secret in secrets_in(person.state)]
        assert known
        closed = conversation.close(person.state)
        stored = states.dump(closed)
        assert list(secrets_in(closed)) == []
        assert not [value for value in (*known, *recorders[name].drawn) if value in stored]


def test_a_state_that_waits_holds_private_keys_of_its_own_turn_only() -> None:
    pair, _ = recorded()
    talk(pair, 5)
    state = pair.client.state
    assert isinstance(state, Established)
    own = state.ratchet.own
    assert own is not None
    private = [secret for secret in secrets_in(state) if isinstance(secret, PRIVATE)]
    assert private == [own.x25519, own.kem]
