"""Tests that tell structured blobs of one size from random ones.

Each returns what it has found, or None. All of them together find something in blobs that are
random less often than once in a million runs: the chance of each is in its docstring.
"""

from __future__ import annotations

import lzma
import math
import zlib
from collections import Counter
from collections.abc import Callable, Sequence

Blobs = Sequence[bytes]
_BLOCK = 8
_FAST_AND_FAR = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**24}]
_NORMAL_QUANTILE = 5.2
"""Exceeded by a normal variable with a chance of 1e-7."""


def uneven_bytes(blobs: Blobs) -> str | None:
    """Chi-square over the 256 byte values of everything; false alarm: 1e-7.

    The quantile of 255 degrees of freedom is Wilson and Hilferty's.
    """
    data = b"".join(blobs)
    counts, expected = Counter(data), len(data) / 256
    statistic = sum((counts[value] - expected) ** 2 / expected for value in range(256))
    spread = 2 / (9 * 255)
    limit = 255 * (1 - spread + _NORMAL_QUANTILE * math.sqrt(spread)) ** 3
    return f"chi-square {statistic:.0f} above {limit:.0f}" if statistic > limit else None


def frequent_byte_at_a_place(blobs: Blobs) -> str | None:
    """The most frequent byte of each place over all blobs; false alarm: 1e-7."""
    limit = _most_expected(len(blobs), 256 * len(blobs[0]))
    for place, column in enumerate(_columns(blobs)):
        ((value, count),) = Counter(column).most_common(1)
        if count > limit:
            return f"byte {value} stands {count} times at {place}, more than {limit}"
    return None


def uneven_bit_at_a_place(blobs: Blobs) -> str | None:
    """The ones of each bit of each place over all blobs; false alarm: 1e-7 (Hoeffding)."""
    count, size = len(blobs), len(blobs[0])
    limit = math.sqrt(count / 2 * math.log(2 * 8 * size / 1e-7))
    masks = [int.from_bytes(bytes([1 << bit]) * count) for bit in range(8)]
    for place, column in enumerate(_columns(blobs)):
        packed = int.from_bytes(column)
        for bit, mask in enumerate(masks):
            if abs((packed & mask).bit_count() - count / 2) > limit:
                return f"bit {bit} of the byte at {place} is uneven"
    return None


def shared_run(blobs: Blobs) -> str | None:
    """Equal blocks of 8 bytes at the same place in two blobs; false alarm: 2e-11 for 550 blobs.

    Two blobs with 16 equal bytes at the same place, whichever it is, share such a block.
    """
    for start in range(0, len(blobs[0]), _BLOCK):
        if len({blob[start : start + _BLOCK] for blob in blobs}) < len(blobs):
            return f"two blobs share the 8 bytes at {start}"
    return None


def compressible(blobs: Blobs) -> str | None:
    """What zlib makes of a blob, or lzma of all of them, is 8 bytes shorter.

    False alarm: 2 ** -53 for 512 blobs, because compression is one to one.
    """
    for number, blob in enumerate(blobs):
        if len(zlib.compress(blob, 9)) <= len(blob) - _BLOCK:
            return f"zlib makes blob {number} shorter"
    data = b"".join(blobs)
    if len(lzma.compress(data, filters=_FAST_AND_FAR)) <= len(data) - _BLOCK:
        return "lzma makes all blobs together shorter"
    return None


TESTS: tuple[Callable[[Blobs], str | None], ...] = (
    uneven_bytes,
    frequent_byte_at_a_place,
    uneven_bit_at_a_place,
    shared_run,
    compressible,
)


def _columns(blobs: Blobs) -> list[bytes]:
    size, joined = len(blobs[0]), b"".join(blobs)
    return [joined[place::size] for place in range(size)]


def _most_expected(draws: int, cells: int) -> int:
    """Return the count that some cell of many exceeds with a chance of at most 1e-7."""
    tail = 1.0
    for count in range(draws + 1):
        tail -= math.comb(draws, count) * (1 / 256) ** count * (255 / 256) ** (draws - count)
        if cells * tail <= 1e-7 and count > draws / 256:
            return count
    return draws
