"""Names of files that can do no harm, on the way out and on the way in."""

from __future__ import annotations

import os
import re
from typing import Final

LONGEST_NAME_BYTES: Final = 200
_LONGEST_ENDING_BYTES: Final = 40
"""What is longer behind a dot is no ending that would have to stay whole."""
_FALLBACK = "file"
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|\Z)", re.IGNORECASE
)
"""Devices, whatever ending stands behind them, on disks that are taken to another system."""


def harmless(name: str) -> str:
    """Return the last part of a name, visible and without anything that a shell or disk minds.

    The other side may have chosen it: it may not leave a folder or hide in it, be an option or a
    device, and no character that changes the order of others can make an ending look like another.
    A harmless name stays as it is. It has 1 to 200 bytes.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(letter if letter.isprintable() else "_" for letter in last)
    short = _shortened(_bare(visible))
    if _RESERVED.match(short):
        short = _shortened("_" + short)
    return short or _FALLBACK


def _bare(name: str) -> str:
    """Return a name without what hides it, makes an option of it, or gets lost at its end."""
    return name.lstrip(". -").rstrip(". ")


def _shortened(name: str) -> str:
    """Return a name that fits, with its ending if that is one; its first letter stays first."""
    if len(name.encode()) <= LONGEST_NAME_BYTES:
        return name
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    if len(ending.encode()) > _LONGEST_ENDING_BYTES:
        stem, ending = name, ""
    room = LONGEST_NAME_BYTES - len(ending.encode())
    return _bare(stem.encode()[:room].decode(errors="ignore") + ending)
