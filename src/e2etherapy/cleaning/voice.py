"""What makes a file a voice note: a parameter of its media type that says how long it is.

`audio/ogg; voice=42` (docs/protocol.md, section 7). Its sender says so, and nobody has to believe
it.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_SECONDS: Final = 86_400
_LABEL = re.compile(r"; voice=([0-9]{1,5})\Z")


def labelled(media_type: str, seconds: int) -> str:
    """Return the media type of a voice note; 0 seconds if its length is not known."""
    return f"{media_type}; voice={min(seconds, LONGEST_SECONDS)}"


def seconds_of(media_type: str) -> int | None:
    """Return how long a voice note is, 0 if that is not known; None for any other file."""
    found = _LABEL.search(media_type)
    return None if found is None else min(int(found[1]), LONGEST_SECONDS)


def without_label(media_type: str) -> str:
    """Return a media type without what makes it a voice note."""
    return _LABEL.sub("", media_type)
