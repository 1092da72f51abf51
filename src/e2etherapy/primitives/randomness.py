"""The one door to the system's entropy.

The protocol core takes an `Entropy` as an argument; only programs at the edge hand it
`system_entropy`. The operating system is asked anew each time, so that a forked process never
repeats its parent's values.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

Entropy = Callable[[int], bytes]
"""Takes a number of bytes and returns that many unpredictable ones."""


def system_entropy(length: int) -> bytes:
    """Return `length` bytes from the operating system's generator."""
    return secrets.token_bytes(length)
