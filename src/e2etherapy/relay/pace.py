"""How often one key may ask: token buckets in a table that no flood can fill.

There is no bucket for each key but a fixed number of cells. A key counts in one cell of each of
four rows; the emptiest of them is what it is held to. So nothing is ever thrown out to make room,
no key is in memory, and what a key has been allowed is never more than its burst and its rate.

A cell holds a moment: when it would be empty again. Moments count in seconds from any beginning.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from operator import getitem
from typing import Final

from e2etherapy.primitives.digest import labelled
from e2etherapy.relay.limits import PACE_ROWS

SALT_SIZE: Final = 32
_PLACES: Final = struct.Struct(f">{PACE_ROWS}I")


@dataclass(frozen=True, slots=True)
class Pace:
    """So much at once, and so much a second after that."""

    burst: float
    rate: float


class Cells:
    """The cells of one pace: ``PACE_ROWS * cells * 8`` bytes, whatever happens."""

    def __init__(self, pace: Pace, cells: int, salt: bytes) -> None:
        """Take the pace, the number of cells in a row, and 32 secret random bytes.

        Whoever does not know the salt cannot choose keys that share another's cells.
        """
        self._pace = pace
        self._salt = salt
        self._cells = cells
        self._rows = [array("d", bytes(8 * cells)) for _ in range(PACE_ROWS)]

    def adopt(self, pace: Pace) -> None:
        """Hold what is asked from now on to another pace; what was asked before still counts."""
        self._pace = pace

    @property
    def size(self) -> int:
        """How many bytes the cells take."""
        return sum(row.itemsize * len(row) for row in self._rows)

    def take(self, shown: tuple[bytes, ...], cost: int, now: float) -> float:
        """Count something that is asked, or return after how many seconds it may be.

        Args:
            shown: what the request shows, of fixed lengths; ids and hashes, never looked up.
            cost: what it counts for; more than a burst counts as one.
            now: never less than in the call before.

        Returns:
            0 where it was counted. Otherwise nothing was.
        """
        cells = self._cells_of(shown)
        free = max(now, min(map(getitem, self._rows, cells)))
        free += min(cost, self._pace.burst) / self._pace.rate
        wait = free - now - self._pace.burst / self._pace.rate
        if wait > _ROUNDING:
            return wait
        for row, cell in zip(self._rows, cells, strict=True):
            # Cells that others have filled further stay as they are.
            row[cell] = max(row[cell], free)
        return 0

    def forget(self, now: float) -> Iterator[None]:
        """Wipe every cell that is empty again, row by row, so that no old moment stays."""
        for number, row in enumerate(self._rows):
            self._rows[number] = array("d", [free if free > now else 0.0 for free in row])
            yield

    def _cells_of(self, shown: tuple[bytes, ...]) -> list[int]:
        """Return the cell of each row."""
        places = _PLACES.unpack_from(labelled("pace", self._salt, *shown))
        return [place % self._cells for place in places]


_ROUNDING: Final = 1e-6
"""Seconds by which sums of moments may be off."""
