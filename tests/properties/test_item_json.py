"""JSON of any shape and depth gives an item or the documented error."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2etherapy.errors import MalformedData
from e2etherapy.wire import content
from e2etherapy.wire.body import unpack_body
from e2etherapy.wire.content import KINDS
from tests.support.mutations import value_or_error
from tests.support.specimens import ITEM

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["kind", "id", "sequence", "written", "answers", "text", "items", "index", "other"]
        ),
        json_values | st.sampled_from([*KINDS, "2026-01-01T00:00:00Z", "AAAAAAAAAAAAAAAAAAAAAA=="]),
        max_size=4,
    )
)
@example({"sequence": 10**5_000})
@example({"kind": "newer", "other": 10**5_000})
@example({"kind": "newer", "other": float("inf")})
@example({"written": "9999-12-31T23:59:59.9999999Z"})
@example({"written": "0001-01-01T00:00:00+23:59"})
def test_json_of_the_wrong_shape_gives_an_item_or_the_documented_error(
    changes: dict[str, object],
) -> None:
    data = _json({**json.loads(ITEM), **changes})
    value_or_error(content.decode_item, data, MalformedData)
    packed = _json({"item": {**json.loads(ITEM), **changes}})
    value_or_error(unpack_body, len(packed).to_bytes(4, "big") + packed, MalformedData)


def _json(value: object) -> bytes:
    """Return JSON that the standard encoder would refuse: numbers of any length."""
    return _plain_json(value).encode()


def _plain_json(value: object) -> str:
    match value:
        case dict():
            members = (f"{json.dumps(str(k))}:{_plain_json(v)}" for k, v in value.items())
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(_plain_json(item) for item in value) + "]"
        case bool() | None | str() | float():
            return json.dumps(value)
        case int():
            return "9" * 5_000 if abs(value) >= 10**4_000 else json.dumps(value)
        case _:
            raise TypeError(type(value).__name__)


@pytest.mark.parametrize("depth", [10, 100, 1_000, 6_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_gives_an_item_or_the_documented_error(depth: int, brackets: str) -> None:
    opening = brackets[0] if brackets == "[]" else '{"a":'
    nested = opening * depth + ("1" if brackets == "{}" else "") + brackets[1] * depth
    data = ITEM[:-1].replace(b'"text"', b'"newer"', 1) + b',"other":' + nested.encode() + b"}"
    value_or_error(content.decode_item, data, MalformedData)
    packed = b'{"item":' + data + b"}"
    value_or_error(unpack_body, len(packed).to_bytes(4, "big") + packed, MalformedData)
