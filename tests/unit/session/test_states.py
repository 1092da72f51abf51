"""A stored state comes back with the types that it had, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.session import states
from e2etherapy.session.phases import Phase
from e2etherapy.session.states import Established
from tests.support.people import connected
from tests.support.situations import SITUATIONS


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_state_comes_back_from_storage_as_it_was_and_goes_on(name: str) -> None:
    situation = SITUATIONS[name]()
    for person in (situation.reader, situation.author):
        stored = states.dump(person.state)
        person.restart()
        assert states.dump(person.state) == stored
    assert situation.reader.open(situation.genuine) == "genuine"
    if situation.reader.state.phase is Phase.READY:
        assert situation.author.open(situation.reader.seal("answer")) == "answer"


def test_a_stored_state_keeps_the_types_of_its_keys() -> None:
    state = connected(turns=3).client.established
    again = states.load(states.dump(state))
    assert isinstance(again, Established)
    assert type(again.ratchet.root) is type(state.ratchet.root)
    assert again.ratchet.own is not None
    assert state.ratchet.own is not None
    assert type(again.ratchet.own.kem) is type(state.ratchet.own.kem)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xc0", b"\x81\xa4type\xa6closed", b"junk"])
def test_what_is_no_stored_state_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        states.load(data)
