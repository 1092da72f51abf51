"""Values that were valid before something happened to them, and what a parser says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """Return a valid value with some of its bytes changed, cut, doubled or put elsewhere."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["set", "insert", "delete", "cut", "move"])):
            case "set" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "insert":
                data[at:at] = draw(st.binary(max_size=40))
            case "delete":
                del data[at : at + draw(st.integers(1, 40))]
            case "cut":
                del data[at:]
            case "move":
                piece = data[at : at + 32]
                del data[at : at + 32]
                data += piece
            case _:
                pass
    return bytes(data)


@st.composite
def mutated_text(draw: st.DrawFn, valid: str) -> str:
    at = draw(st.integers(0, len(valid)))
    until = draw(st.integers(at, min(len(valid), at + 8)))
    return valid[:at] + draw(st.text(max_size=8)) + valid[until:]


def value_or_error(
    parse: Callable[[Any], object], data: object, errors: type[Exception] | tuple[Any, ...]
) -> object:
    """Return a value, or the documented error; anything else fails the test."""
    try:
        return parse(data)
    except errors as error:
        return error
