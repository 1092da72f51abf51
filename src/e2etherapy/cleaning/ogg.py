"""Ogg with Opus (RFC 7845) or Vorbis: the sound's packets, with an empty comment header."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from e2etherapy.errors.writing import CannotClean

_PAGE = struct.Struct("<4sBBqIII B".replace(" ", ""))
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_SERIAL = 1
_NO_GRANULE = -1
_NOTHING_SAID = struct.pack("<II", 0, 0)
"""A vendor without letters, and no comments."""
_POLYNOMIAL: Final = 0x04C11DB7


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    lacing: bytes
    body: bytes


def is_one(data: bytes) -> bool:
    """Say whether a file begins as Ogg does."""
    return data[:4] == b"OggS"


def cleaned(data: bytes) -> tuple[bytes, float]:
    """Return the file with nothing but its sound, and its length in seconds.

    Raises:
        CannotClean: it is no single stream of Opus or Vorbis.
        struct.error: it is damaged.
    """
    pages = list(_pages(data))
    if not pages or {page.serial for page in pages} != {pages[0].serial}:
        raise CannotClean("it holds more than one recording")
    if sum(bool(page.flags & _FIRST) for page in pages) != 1:
        raise CannotClean("it holds more than one recording")
    head = pages[0].body
    opus = head.startswith(b"OpusHead")
    if not opus and not head.startswith(b"\x01vorbis"):
        raise CannotClean("it is neither Opus nor Vorbis")
    headers, rest = _headers(pages, 2 if opus else 3)
    said = b"OpusTags" + _NOTHING_SAID if opus else b"\x03vorbis" + _NOTHING_SAID + b"\x01"
    written = [_Page(_FIRST, 0, _SERIAL, *_laced([headers[0]]))]
    written += _header_pages([said, *headers[2:]])
    written += rest
    rate, skipped = _clock(head, opus=opus)
    last = max(page.granule for page in pages)
    numbered = b"".join(_write(page, number) for number, page in enumerate(written))
    return numbered, max(0, last - skipped) / rate


def _clock(head: bytes, *, opus: bool) -> tuple[int, int]:
    """Return the samples a second by which the pages count, and how many are not heard."""
    if opus:
        return 48_000, int(struct.unpack_from("<H", head, 10)[0])
    return int(struct.unpack_from("<I", head, 12)[0]), 0


def _pages(data: bytes) -> Iterator[_Page]:
    place = 0
    while place < len(data):
        name, version, flags, granule, serial, _, _, count = _PAGE.unpack_from(data, place)
        if name != b"OggS" or version != 0:
            raise CannotClean("it is damaged")
        place += _PAGE.size
        lacing = data[place : place + count]
        place += count
        body = data[place : place + sum(lacing)]
        if len(lacing) != count or len(body) != sum(lacing):
            raise CannotClean("it is cut off")
        place += len(body)
        yield _Page(flags, granule, serial, lacing, body)


def _headers(pages: Sequence[_Page], count: int) -> tuple[list[bytes], list[_Page]]:
    """Return the first packets, and the pages of sound behind them: these begin a page."""
    packets: list[bytes] = []
    begun = bytearray()  # a cover in the comments may have megabytes, in pieces of 255
    for number, page in enumerate(pages, 1):
        place = 0
        for length in page.lacing:
            begun += page.body[place : place + length]
            place += length
            if length < 255:  # noqa: PLR2004 - RFC 3533: a packet ends with a shorter piece
                packets.append(bytes(begun))
                begun = bytearray()
        if len(packets) >= count:
            if len(packets) > count or begun:
                raise CannotClean("its headers and its sound share a page")
            return packets, [replace(page, serial=_SERIAL) for page in pages[number:]]
    raise CannotClean("it is cut off")


def _header_pages(packets: Sequence[bytes]) -> list[_Page]:
    """Return pages with packets that may be longer than a page."""
    lacing, body = _laced(packets)
    pages, place = [], 0
    for start in range(0, len(lacing), 255):
        some = lacing[start : start + 255]
        goes_on = start > 0 and lacing[start - 1] == 255  # noqa: PLR2004 - as above
        ends = any(length < 255 for length in some)  # noqa: PLR2004 - as above
        size = sum(some)
        granule = 0 if ends else _NO_GRANULE
        flags = _CONTINUED if goes_on else 0
        pages.append(_Page(flags, granule, _SERIAL, some, body[place : place + size]))
        place += size
    return pages


def _laced(packets: Sequence[bytes]) -> tuple[bytes, bytes]:
    lacing = b"".join(b"\xff" * (len(one) // 255) + bytes([len(one) % 255]) for one in packets)
    return lacing, b"".join(packets)


def _write(page: _Page, number: int) -> bytes:
    flags = page.flags & (_CONTINUED | _FIRST | _LAST)
    fields = (b"OggS", 0, flags, page.granule, page.serial, number)
    behind = page.lacing + page.body
    sum_ = _checksum(_PAGE.pack(*fields, 0, len(page.lacing)) + behind)
    return _PAGE.pack(*fields, sum_, len(page.lacing)) + behind


def _table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        value <<= 24
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x80000000 else 0)
        return value & 0xFFFFFFFF

    return tuple(entry(value) for value in range(256))


_TABLE = _table()


def _checksum(data: bytes) -> int:
    """Return the CRC of RFC 3533: no reflection, begins with 0."""
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFFFFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value
