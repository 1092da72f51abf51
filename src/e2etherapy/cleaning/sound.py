"""Sound without what its file says beside it: only what is needed to hear it is written anew.

The sound itself is not decoded, so that nothing of it is lost. What stands inside of its frames
(a silence that says something, an encoder's habits) stays.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from e2etherapy.cleaning import m4a, mpeg, ogg, wave
from e2etherapy.errors.writing import CannotClean


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound as it goes out; `seconds` is its length, rounded, at least 1."""

    media_type: str
    data: bytes = field(repr=False)
    seconds: int


_Cleaner = Callable[[bytes], tuple[bytes, float]]
_KINDS: Final[tuple[tuple[Callable[[bytes], bool], str, _Cleaner], ...]] = (
    (wave.is_one, "audio/wav", wave.cleaned),
    (ogg.is_one, "audio/ogg", ogg.cleaned),
    (m4a.is_one, "audio/mp4", m4a.cleaned),
    (mpeg.is_one, "audio/mpeg", mpeg.cleaned),
)
"""In this order: an MP3 has the weakest sign."""


def cleaned(data: bytes) -> Sound:
    """Return sound with nothing else in it.

    Args:
        data: a file with PCM (WAV), Opus or Vorbis (Ogg), AAC or ALAC (M4A), or MP3.

    Raises:
        CannotClean: it is damaged, of another kind, or holds more than one recording.
    """
    for is_one, media_type, clean in _KINDS:
        if is_one(data):
            try:
                bare, seconds = clean(data)
            except (struct.error, IndexError, ZeroDivisionError, KeyError):
                raise CannotClean("it is damaged") from None
            except MemoryError:
                raise CannotClean("it takes more memory than is free here") from None
            return Sound(media_type, bare, max(1, round(seconds)))
    raise CannotClean("it is no WAV, Ogg, M4A or MP3 file")
