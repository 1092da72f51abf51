"""Names of files that can do no harm, on the way out and on the way in."""

from __future__ import annotations

import os

LONGEST_NAME_BYTES = 200
_FALLBACK = "file"


def harmless(name: str) -> str:
    """Return the last part of a name, visible and without anything that a shell or disk minds.

    The other side may have chosen it: it may not leave a folder or hide in it, and no character
    that changes the order of others can make an ending look like another.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(letter if letter.isprintable() else "_" for letter in last)
    short = visible.strip(". ").lstrip("-")
    stem, suffix = os.path.splitext(short)  # noqa: PTH122 - a name, not a path
    while len((stem + suffix).encode()) > LONGEST_NAME_BYTES:
        stem, suffix = (stem[:-1], suffix) if stem else ("", suffix[:-1])
    return stem + suffix or _FALLBACK
