"""Reading what is kept as canonical bytes: one form, written in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import TherapyError
from e2etherapy.wire import notation

if TYPE_CHECKING:
    import msgspec

_Value = TypeVar("_Value")


def read(decoder: msgspec.json.Decoder[_Value], data: bytes, broken: str) -> _Value:
    """Return the value that these bytes are.

    Args:
        decoder: of its type, which may refuse values of its own, in sentences that repeat none.
        data: JSON in the one notation.
        broken: what is so if they are not, as in "A safety plan breaks its form".

    Raises:
        MalformedData: they break the form, or are written in another way than `notation.write`
            would.
    """
    try:
        value = decoder.decode(data)
    except notation.BROKEN as error:
        raise MalformedData(f"{broken}: {notation.problem(error)}.") from None
    except TherapyError as error:
        raise MalformedData(f"{broken}. {error}") from None
    notation.require(value, data)
    return value
