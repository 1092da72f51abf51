"""Where the relay keeps a sealed invitation."""

from __future__ import annotations

from e2etherapy.primitives.octets import Octets


class Locator(Octets):
    """Derived from the link, 32 bytes; it says nothing about the link or the bundle."""

    __slots__ = ()
