"""WAV: the format and the samples, without the other chunks (INFO, bext, iXML, ID3, cues)."""

from __future__ import annotations

import struct

from e2etherapy.errors.writing import CannotClean

_CHUNK = struct.Struct("<4sI")
_RATE_AT = 8
"""Bytes a second stand there in `fmt `."""
_UNKNOWN_LENGTHS = frozenset({0, 0xFFFFFFFF})
"""What a recorder writes that did not know when it would end."""


def is_one(data: bytes) -> bool:
    """Say whether a file begins as WAV does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def cleaned(data: bytes) -> tuple[bytes, float]:
    """Return the file with nothing but its sound, and its length in seconds.

    Raises:
        CannotClean: it has no sound.
        struct.error: it is damaged.
    """
    found: dict[bytes, bytes] = {}
    place = 12
    while place + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, place)
        place += _CHUNK.size
        if name == b"data" and size in _UNKNOWN_LENGTHS:
            size = len(data) - place
        found.setdefault(name, data[place : place + size])
        place += size + size % 2
    if b"fmt " not in found or not found.get(b"data"):
        raise CannotClean("no sound was found in it")
    (rate,) = struct.unpack_from("<I", found[b"fmt "], _RATE_AT)
    kept = b"".join(
        _chunk(name, found[name]) for name in (b"fmt ", b"fact", b"data") if name in found
    )
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WAVE" + kept, len(found[b"data"]) / rate


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(name, len(content)) + content + bytes(len(content) % 2)
