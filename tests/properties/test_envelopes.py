"""Arbitrary and mutated envelopes are refused and change nothing, in every situation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import EnvelopeRefused, MalformedData
from e2etherapy.session import conversation, states
from tests.support.hostile import Hostility, craft
from tests.support.mutations import mutated
from tests.support.people import TODAY
from tests.support.situations import SITUATIONS

READERS = {name: build() for name, build in SITUATIONS.items()}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_arbitrary_envelopes_are_refused_and_change_nothing(name: str, data: st.DataObject) -> None:
    reader = READERS[name].reader.state
    start = data.draw(st.binary(max_size=4_200))
    before = states.dump(reader)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(reader, start.ljust(16_384, b"\x00"), TODAY)
    assert states.dump(reader) == before


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_mutated_envelopes_are_refused_and_change_nothing(name: str, data: st.DataObject) -> None:
    situation = READERS[name]
    reader, genuine = situation.reader.state, situation.genuine
    forged = data.draw(mutated(genuine))
    if forged == genuine:
        return
    before = states.dump(reader)
    with pytest.raises((EnvelopeRefused, MalformedData)):
        conversation.unseal(reader, forged, TODAY)
    assert states.dump(reader) == before


@given(packed=st.binary(max_size=13_976), ahead=st.integers(0, 3))
def test_a_hostile_author_can_put_anything_into_a_body(packed: bytes, ahead: int) -> None:
    """The envelope is authentic: the state moves on, whatever the body says."""
    situation = READERS["next turn"]
    author = situation.pair.therapist
    forged = craft(author.established, author.draw, Hostility(packed=packed, ahead=ahead))
    opened = conversation.unseal(situation.reader.state, forged, TODAY)
    assert (opened.body is None) == bool(opened.refusal)
