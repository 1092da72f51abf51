"""The one notation of JSON that is sealed, hashed or recorded (docs/protocol.md, section 1.1).

There is one way to write a value, and a reader takes no other: it writes what it has read anew and
compares. So nothing has to be said about each thing that could be written in two ways, such as a
member that stands there twice, an escape, a time with an offset or the spare bits of base64.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from e2etherapy.errors import MalformedData

MAX_DEPTH = 32
"""Arrays and objects inside of each other, in what a newer version wrote."""
MAX_INTEGER = 2**53 - 1
"""Every reader of JSON has these numbers, and no other, exactly."""
BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding any bytes can raise."""

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]+)`$")
_MISSING = re.compile(r"missing required field `(?P<member>\w+)`")
_UNKNOWN = "unknown field"
_INDEX = re.compile(r"\[[0-9]+\]")

_encoder = msgspec.json.Encoder()
_any_json = msgspec.json.Decoder(dict[str, Any])


def write(value: object) -> bytes:
    """Return a value in UTF-8: without white space, members in the order of their type.

    A member with its default value is left out.

    Raises:
        MalformedData: a text in it holds half a surrogate pair, which no UTF-8 has.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        raise MalformedData("A text is not valid Unicode.") from None


def problem(error: Exception) -> str:
    """Return where bytes break their form, in plain words that repeat nothing of what they say.

    Args:
        error: one of `BROKEN`, which decoding them has raised.
    """
    if not isinstance(error, msgspec.ValidationError):
        return "this is no JSON"
    said = str(error)
    found, missing = _PLACE.search(said), _MISSING.search(said)
    # Without numbers: whoever sends what is broken must not have a reason of its own for each.
    place = _INDEX.sub("[]", found["place"]) if found else ""
    within = f" in “{place}”" if place else ""
    if missing:
        return f"“{missing['member']}” is not there{within}"
    if _UNKNOWN in said:
        return f"a member is there that does not belong there{within}"
    return f"“{place}” is not what belongs there" if place else "it is of another kind"


def require(value: object, data: bytes) -> None:
    """Refuse `data`, any number of bytes of which `value` was read, written in another way.

    Raises:
        MalformedData: it is.
    """
    if _encoder.encode(value) != data:
        raise MalformedData("JSON is not written in the one way that the protocol has for it.")


def read_any(data: bytes) -> dict[str, object]:
    """Read an object whose members are not known; their order is free.

    Raises:
        MalformedData: no JSON object, or one in another notation; nested deeper than 32 levels, or
            with a number that is not whole, or has 2^53 or more.
    """
    try:
        value: dict[str, object] = _any_json.decode(data)
    except BROKEN:
        raise MalformedData("This is no JSON object.") from None
    _require_plain(value, MAX_DEPTH)
    require(value, data)
    return value


def _require_plain(value: object, levels: int) -> None:
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_INTEGER):
        raise MalformedData("A number is not whole, or too large.")
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        # It will be read again, also where less room is left on the stack.
        raise MalformedData(f"JSON is nested deeper than {MAX_DEPTH} levels.")
    for inner in value.values() if isinstance(value, dict) else value:
        _require_plain(inner, levels - 1)
