"""A stored state comes back as it was; any other bytes give the documented error."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import MalformedData
from e2etherapy.session import states
from tests.support.mutations import value_or_error
from tests.support.specimens import STATES, load_and_dump

msgpack_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.binary(max_size=70)
    | st.text(),
    lambda inner: st.lists(inner, max_size=33) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=40,
)


@pytest.mark.parametrize("name", STATES)
@given(data=st.data())
def test_a_stored_state_with_fields_of_the_wrong_kind_gives_the_documented_error(
    name: str, data: st.DataObject
) -> None:
    stored = msgspec.msgpack.decode(STATES[name])
    target = stored
    while isinstance(target, dict):
        key = data.draw(st.sampled_from(sorted(target, key=str)))
        if not isinstance(target[key], dict) or data.draw(st.booleans()):
            target[key] = data.draw(msgpack_values)
            break
        target = target[key]
    value_or_error(load_and_dump, msgspec.msgpack.encode(stored), MalformedData)


@pytest.mark.parametrize("field", ["root", "next_header_key", "binding", "receiving", "peer"])
@pytest.mark.parametrize(
    "nested",
    [b"\x91" * 5_000 + b"\xc0", b"\x81\xa1a" * 5_000 + b"\xc0", b"\xdd\xff\xff\xff\xff", b"\xc1"],
    ids=["deep lists", "deep maps", "endless list", "not msgpack"],
)
def test_a_stored_state_with_hostile_nesting_gives_the_documented_error(
    field: str, nested: bytes
) -> None:
    stored = msgspec.msgpack.decode(STATES["ready"])
    stored["ratchet"][field] = msgspec.Raw(nested)
    value_or_error(load_and_dump, msgspec.msgpack.encode(stored), MalformedData)


@pytest.mark.parametrize("name", STATES)
def test_a_stored_state_comes_back_as_it_was(name: str) -> None:
    assert load_and_dump(STATES[name]) == STATES[name]
    assert states.load(STATES[name]) == states.load(load_and_dump(STATES[name]))
