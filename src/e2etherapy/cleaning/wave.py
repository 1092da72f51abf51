"""WAV: the format and the samples, without the other chunks (INFO, bext, iXML, ID3, cues)."""

from __future__ import annotations

import re
import struct
from typing import Final

from e2etherapy.errors.writing import CannotClean

_CHUNK = struct.Struct("<4sI")
_RATE_AT = 8
"""Bytes a second stand there in `fmt `."""
_BESIDE: Final = re.compile(
    rb"LIST|INFO|adtl|DISP|bext|cart|levl|umid|[ai]XML|axml|chna|dbmd|link|_PMX|xpacket"
    rb"|cue |plst|smpl|inst|acid|strc|[iI][dD]3 |ID3[\x02-\x04]|APETAGEX|LYRICSBEGIN|PEAK|SAUR|FLLR"
    rb"|TAG(?=[\s\S]{125}\Z)"
)
"""How what says something beside the sound begins, and some of what stands in it."""


def is_one(data: bytes) -> bool:
    """Say whether a file begins as WAV does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def cleaned(data: bytes) -> tuple[bytes, float]:
    """Return the file with nothing but its sound, and its length in seconds.

    Raises:
        CannotClean: it has no sound, or it cannot be told where that ends.
        struct.error: it is damaged.
    """
    found: dict[bytes, bytes] = {}
    place = 12
    while place + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, place)
        place += _CHUNK.size
        if name == b"data" and (not size or place + size > len(data)):
            size = len(data) - place
            _require_sound_alone(data, place)
        found.setdefault(name, data[place : place + size])
        place += size + size % 2
    if b"fmt " not in found or not found.get(b"data"):
        raise CannotClean("no sound was found in it")
    (rate,) = struct.unpack_from("<I", found[b"fmt "], _RATE_AT)
    kept = b"".join(
        _chunk(name, found[name]) for name in (b"fmt ", b"fact", b"data") if name in found
    )
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WAVE" + kept, len(found[b"data"]) / rate


def _require_sound_alone(data: bytes, place: int) -> None:
    """Refuse a file of a recorder that did not know when it would end, if more than sound follows.

    Such a recorder writes 0, or more than there can be. That samples look like the name of a
    chunk is rare, and then costs an attempt: what is said beside a sound must not go along as one.
    """
    if _BESIDE.search(data, place):
        raise CannotClean(
            "it does not say where its sound ends, and something else seems to follow"
        )


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(name, len(content)) + content + bytes(len(content) % 2)
