"""Byte strings of a fixed length whose type says what they are.

Two keys of different kinds are different types, so that swapping them does not type-check.
"""

from __future__ import annotations

import hmac
from typing import Any, ClassVar, Self

from e2etherapy.errors import InvalidKey


class Octets(bytes):
    """A public byte string of exactly `SIZE` bytes."""

    SIZE: ClassVar[int] = 32
    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        """Take `value`, which must be `SIZE` bytes long.

        Raises:
            InvalidKey: `value` has another length.
        """
        if len(value) != cls.SIZE:
            message = f"{cls.__name__} takes {cls.SIZE} bytes, not {len(value)}."
            raise InvalidKey(message)
        return bytes.__new__(cls, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by type and value, so that a copy keeps its type."""
        return type(self), (bytes(self),)


class SecretOctets(Octets):
    """A secret of `SIZE` bytes: hidden in `repr` and `str`, compared in constant time."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Name the type, never the value."""
        return f"<{type(self).__name__}: {self.SIZE} secret bytes>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Name the type, never the value, in an f-string too."""
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, bytes):
            return NotImplemented
        return hmac.compare_digest(self, other)

    def __ne__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, bytes):
            return NotImplemented
        return not hmac.compare_digest(self, other)

    __hash__ = bytes.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled: a secret leaves the process only through the vault."""
        message = f"{type(self).__name__} cannot be pickled."
        raise TypeError(message)
