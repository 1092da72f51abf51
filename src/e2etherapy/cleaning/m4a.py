"""M4A (ISO 14496-12): one track of sound, with the tables that are needed to hear it.

The samples are copied one chunk after the other into a new file: what lies between them, the
user's data (place, device, title), covers, free space and all times are not in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice, pairwise, repeat
from typing import Final

from e2etherapy.errors.writing import CannotClean

_BOX = struct.Struct(">I4s")
_BRAND = b"M4A \x00\x00\x00\x00M4A mp42isom"
_TABLES: Final = (b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stss", b"sgpd", b"sbgp")
_SOUND_HANDLER = bytes(8) + b"soun" + bytes(13)
_ONE_FILE = struct.pack(">II", 0, 1) + struct.pack(">I4sI", 12, b"url ", 1)
"""A data reference that says: in this very file."""
_UNDETERMINED = 0x55C4
"""The language `und`."""
_DISAGREE = "its tables do not agree on where its sound is"

Boxes = dict[bytes, bytes]


def is_one(data: bytes) -> bool:
    """Say whether a file begins as one of the MPEG-4 family does."""
    return data[4:8] == b"ftyp"


def cleaned(data: bytes) -> tuple[bytes, float]:
    """Return the file with nothing but its sound, and its length in seconds.

    Raises:
        CannotClean: it holds something else than one track of sound, or is written in fragments.
        struct.error: it is damaged.
        KeyError: a part of it is missing.
    """
    movie = list(_boxes(_first(data, b"moov")))
    tracks = [content for name, content in movie if name == b"trak"]
    if len(tracks) != 1 or any(name == b"mvex" for name, _ in movie):
        raise CannotClean("it holds more than one recording, or is written in fragments")
    track = dict(_boxes(tracks[0]))
    media = dict(_boxes(track[b"mdia"]))
    if media[b"hdlr"][8:12] != b"soun":
        raise CannotClean("it holds something else than sound")
    tables = dict(_boxes(dict(_boxes(media[b"minf"]))[b"stbl"]))
    chunks = _chunks(data, tables)
    samples = b"".join(chunks)
    head = _box(b"ftyp", _BRAND)
    length = len(head) + len(_movie(movie, track, media, tables, [0] * len(chunks))) + _BOX.size
    offsets = _places(length, chunks)
    written = head + _movie(movie, track, media, tables, offsets) + _box(b"mdat", samples)
    return written, _seconds(media[b"mdhd"])


def _movie(
    movie: list[tuple[bytes, bytes]], track: Boxes, media: Boxes, tables: Boxes, offsets: list[int]
) -> bytes:
    """Return the box that describes the sound, anew."""
    kept = b"".join(_box(name, tables[name]) for name in _TABLES if name in tables)
    places = struct.pack(f">II{len(offsets)}I", 0, len(offsets), *offsets)
    described = _box(b"stbl", kept + _box(b"stco", places))
    here = _box(b"dinf", _box(b"dref", _ONE_FILE))
    sound = _box(b"minf", _box(b"smhd", bytes(8)) + here + described)
    header = _timeless(media[b"mdhd"])
    header = header[:-4] + struct.pack(">HH", _UNDETERMINED, 0)
    inner = _box(b"mdhd", header) + _box(b"hdlr", _SOUND_HANDLER) + sound
    edits = _box(b"edts", track[b"edts"]) if b"edts" in track else b""
    outer = _box(b"tkhd", _timeless(track[b"tkhd"])) + edits + _box(b"mdia", inner)
    return _box(b"moov", _box(b"mvhd", _timeless(dict(movie)[b"mvhd"])) + _box(b"trak", outer))


def _timeless(header: bytes) -> bytes:
    """Return a header without when it was made and changed."""
    size = 16 if header[0] == 1 else 8
    return header[:4] + bytes(size) + header[4 + size :]


def _seconds(header: bytes) -> float:
    form, place = (">IQ", 20) if header[0] == 1 else (">II", 12)
    scale, duration = struct.unpack_from(form, header, place)
    return float(duration) / float(scale)


def _chunks(data: bytes, tables: Boxes) -> list[bytes]:
    """Return the samples of each chunk, joined: all together never more than the file has.

    Raises:
        CannotClean: the tables do not say of each sample in which chunk it is, or chunks overlap.
    """
    samples, sizes = _sizes(tables[b"stsz"])
    offsets = _offsets(tables)
    if not samples or not offsets:
        raise CannotClean("no sound was found in it")
    found, left = [], len(data)
    if samples > left:
        raise CannotClean("it is cut off")
    for offset, count in zip(offsets, _counts(tables[b"stsc"]), strict=False):
        if not 0 < count <= samples:
            raise CannotClean(_DISAGREE)
        samples -= count
        size = sum(islice(sizes, count))
        left -= size
        if offset + size > len(data):
            raise CannotClean("it is cut off")
        if left < 0:
            raise CannotClean(_DISAGREE)
        found.append(data[offset : offset + size])
    if samples or len(found) < len(offsets):
        raise CannotClean(_DISAGREE)
    return found


def _places(first: int, chunks: list[bytes]) -> list[int]:
    places = []
    for chunk in chunks:
        places.append(first)
        first += len(chunk)
    return places


def _offsets(tables: Boxes) -> list[int]:
    wide = b"co64" in tables
    table = tables[b"co64" if wide else b"stco"]
    (count,) = struct.unpack_from(">I", table, 4)
    return list(struct.unpack_from(f">{count}{'Q' if wide else 'I'}", table, 8))


def _sizes(table: bytes) -> tuple[int, Iterator[int]]:
    """Return how many samples there are, and the size of each."""
    same, count = struct.unpack_from(">II", table, 4)
    if same:
        return count, repeat(same, count)
    listed = table[12 : 12 + 4 * count]
    if len(listed) < 4 * count:
        raise CannotClean("it is cut off")
    return count, (size for (size,) in struct.iter_unpack(">I", listed))


def _counts(table: bytes) -> Iterator[int]:
    """Yield how many samples each chunk has, the last rule without end."""
    (rules,) = struct.unpack_from(">I", table, 4)
    listed = [struct.unpack_from(">III", table, 8 + 12 * number) for number in range(rules)]
    firsts = [first for first, _, _ in listed]
    if firsts[:1] != [1] or any(later <= earlier for earlier, later in pairwise(firsts)):
        raise CannotClean(_DISAGREE)
    for (first, count, _), (following, _, _) in pairwise(listed):
        yield from repeat(count, following - first)
    yield from repeat(listed[-1][1])


def _first(data: bytes, name: bytes) -> bytes:
    for found, content in _boxes(data):
        if found == name:
            return content
    raise CannotClean("no sound was found in it")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + _BOX.size <= len(data):
        size, name = _BOX.unpack_from(data, place)
        head = _BOX.size
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, place + head)
            head += 8
        elif size == 0:
            size = len(data) - place
        if size < head or place + size > len(data):
            raise CannotClean("it is damaged")
        yield name, data[place + head : place + size]
        place += size


def _box(name: bytes, content: bytes) -> bytes:
    return _BOX.pack(_BOX.size + len(content), name) + content
