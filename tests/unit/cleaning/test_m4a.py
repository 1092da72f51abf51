"""An M4A file whose tables lie is refused: no sound is lost without a word, and none multiplied."""

from __future__ import annotations

import struct
import subprocess
import sys
import textwrap

import pytest

from e2etherapy.cleaning import m4a, sound
from e2etherapy.errors.writing import CannotClean
from tests.support.recordings import sample
from tests.support.steps import within

SAMPLES = [b"first ", b"second", b"third "]
Numbers = list[int]


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def box(name: bytes, content: bytes) -> bytes:
    return numbers(8 + len(content)) + name + content


def file(
    sizes: Numbers, rules: list[tuple[int, int, int]], offsets: Numbers, same: int | None = None
) -> bytes:
    """Return a file of three samples, each at a place of its own; offsets count from the first."""
    head = box(b"ftyp", b"M4A ") + box(b"mdat", b"..".join(SAMPLES))
    begin = len(head) - len(b"..".join(SAMPLES))
    listed = numbers(0, 0, len(sizes), *sizes) if same is None else numbers(0, same, sizes[0])
    tables = (
        box(b"stsd", bytes(8))
        + box(b"stsc", numbers(0, len(rules), *(value for rule in rules for value in rule)))
        + box(b"stsz", listed)
        + box(b"stco", numbers(0, len(offsets), *(begin + offset for offset in offsets)))
    )
    handler = box(b"hdlr", bytes(8) + b"soun" + bytes(13))
    media = box(b"mdhd", numbers(0, 0, 0, 1_000, 2_000, 0)) + handler
    media += box(b"minf", box(b"stbl", tables))
    track = box(b"trak", box(b"tkhd", bytes(84)) + box(b"mdia", media))
    return head + box(b"moov", box(b"mvhd", bytes(100)) + track)


SIZES, PLACES = [6, 6, 6], [0, 8, 16]
ONE_EACH = [(1, 1, 1)]


@pytest.mark.parametrize(
    ("data", "heard"),
    [
        (file(SIZES, ONE_EACH, PLACES), b"".join(SAMPLES)),
        (file(SIZES, [(1, 1, 1), (2, 1, 1)], PLACES), b"".join(SAMPLES)),
        (file([3], ONE_EACH, PLACES, same=6), b"".join(SAMPLES)),
        (file([6, 8, 6], [(1, 1, 1), (2, 2, 1)], [0, 6]), b"first ..second..thir"),
    ],
)
def test_every_sample_is_copied(data: bytes, heard: bytes) -> None:
    written, seconds = m4a.cleaned(data)
    assert dict(m4a._boxes(written))[b"mdat"] == heard
    assert seconds == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (file([], [], []), "no sound"),
        (file(SIZES, ONE_EACH, []), "no sound"),
        (file([], ONE_EACH, PLACES), "no sound"),
        (file(SIZES, [], PLACES), "do not agree"),
        (file(SIZES, ONE_EACH, PLACES[:2]), "do not agree"),
        (file(SIZES[:2], ONE_EACH, PLACES), "do not agree"),
        (file(SIZES, [(1, 1, 1), (2, 3, 1)], PLACES), "do not agree"),
        (file(SIZES, [(1, 2, 1), (2, 0, 1), (3, 1, 1)], PLACES), "do not agree"),
        (file(SIZES, [(2, 1, 1)], PLACES), "do not agree"),
        (file(SIZES, [(1, 1, 1), (3, 1, 1), (2, 1, 1)], PLACES), "do not agree"),
        (file([6, 6, 10**6], ONE_EACH, PLACES), "cut off"),
        (file(SIZES, ONE_EACH, [0, 8, 10**6]), "cut off"),
        (file([2**32 - 1], [(1, 2**32 - 1, 1)], [0], same=1), "cut off"),
        (file([300] * 20, ONE_EACH, [0] * 20), "do not agree"),
    ],
)
def test_tables_that_do_not_agree_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(CannotClean, match=why):
        within(1_000, "cleaning", lambda: sound.cleaned(data))


def test_a_table_that_is_cut_off_is_refused() -> None:
    data = sample("aac.m4a")
    place = data.index(b"stsz") + 12
    (count,) = struct.unpack_from(">I", data, place)
    with pytest.raises(CannotClean, match="cut off"):
        sound.cleaned(data[:place] + struct.pack(">I", count + 1) + data[place + 4 :])


def test_too_little_memory_is_a_reason_and_no_crash() -> None:
    program = """
        import resource
        from e2etherapy.cleaning import sound
        from e2etherapy.errors.writing import CannotClean

        samples = bytes(40_000_000)
        data = b"".join([b"RIFF\\0\\0\\0\\0WAVE", b"fmt \\x10\\0\\0\\0", bytes(16), b"data",
                         len(samples).to_bytes(4, "little"), samples])
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 10_000_000, used + 10_000_000))
        try:
            sound.cleaned(data)
        except CannotClean as reason:
            print(reason)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, check=True, text=True
    )
    assert ended.stdout == "it takes more memory than is free here\n"
