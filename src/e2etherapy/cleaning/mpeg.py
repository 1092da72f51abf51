"""MP3: the frames of sound, without what stands before, between and behind them (ID3, APE, …)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from e2etherapy.errors.writing import CannotClean

_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
"""By version (3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5): samples a second."""
_KILOBITS: Final = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By whether it is MPEG 1: of layer III; the first would be a free format."""
_LAYER_3, _HEADER, _TAG_HEADER = 1, 4, 10
_FEWEST = 3
"""So many frames in a row are no accident."""


class _Frame(NamedTuple):
    size: int
    seconds: float


def is_one(data: bytes) -> bool:
    """Say whether a file begins as an MP3 does: with a tag, or with frames."""
    return data[:3] == b"ID3" or _are_frames(data, 0)


def cleaned(data: bytes) -> tuple[bytes, float]:
    """Return the frames alone, and their length in seconds.

    Raises:
        CannotClean: there are none.
    """
    kept, seconds = [], 0.0
    for start, frame in _frames(data):
        kept.append(data[start : start + frame.size])
        seconds += frame.seconds
    if not kept:
        raise CannotClean("no sound was found in it")
    return b"".join(kept), seconds


def _frames(data: bytes) -> Iterator[tuple[int, _Frame]]:
    place = _behind_tag(data, 0)
    while place + _HEADER <= len(data):
        frame = _frame(data, place)
        if frame is not None and _goes_on(data, place + frame.size):
            yield place, frame
            place += frame.size
        elif data[place : place + 3] == b"ID3":
            place = _behind_tag(data, place)
        else:
            place = _next_frames(data, place + 1)


def _goes_on(data: bytes, place: int) -> bool:
    """Say whether a frame ends where it says: at another one, at a tag, or at the file's end."""
    if place > len(data):
        return False
    tags = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")
    return place == len(data) or _frame(data, place) is not None or data.startswith(tags, place)


def _next_frames(data: bytes, place: int) -> int:
    while (place := data.find(b"\xff", place)) >= 0:
        if _are_frames(data, place):
            return place
        place += 1
    return len(data)


def _are_frames(data: bytes, place: int) -> bool:
    for _ in range(_FEWEST):
        frame = _frame(data, place)
        if frame is None:
            return False
        place += frame.size
    return True


def _behind_tag(data: bytes, place: int) -> int:
    """Return the place behind the ID3v2 tags that begin at a place.

    One whose header is incomplete goes on to the end of the file, so that this is further on than
    any place at which a tag begins.
    """
    while data[place : place + 3] == b"ID3":
        if place + _TAG_HEADER > len(data):
            return len(data)
        size = 0
        for seven_bits in data[place + 6 : place + _TAG_HEADER]:
            size = size << 7 | seven_bits & 0x7F
        footer = _TAG_HEADER if data[place + 5] & 0x10 else 0
        place += _TAG_HEADER + size + footer
    return place


def _frame(data: bytes, place: int) -> _Frame | None:
    """Return the frame whose header stands at a place; None if there is none."""
    header = data[place : place + _HEADER]
    if len(header) < _HEADER or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_number, bits_number = header[2] >> 2 & 3, header[2] >> 4
    if version not in _RATES or layer != _LAYER_3 or rate_number == 3 or bits_number in {0, 15}:  # noqa: PLR2004
        return None
    first = version == 3  # noqa: PLR2004 - MPEG 1
    rate = _RATES[version][rate_number]
    samples = 1_152 if first else 576
    size = samples // 8 * _KILOBITS[first][bits_number] * 1_000 // rate + (header[2] >> 1 & 1)
    return _Frame(size, samples / rate)
