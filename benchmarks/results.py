"""What a benchmark returns: rows that stand beside a peer or a floor of the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a benchmark's table.

    Attributes:
        what: what was measured.
        figure: the median over the repetitions.
        unit: of the figure.
        beside: the peer or floor, measured in turn with it, that `ratio` refers to.
        ratio: figure over the peer's figure.
        goal: what the ratio or the figure should be.
        key: what the figure is called in a summary for a script; nothing leaves it out.
        ratio_key: what the ratio is called there.
    """

    what: str
    figure: float
    unit: str
    beside: str = ""
    ratio: float | None = None
    goal: str = ""
    key: str = ""
    ratio_key: str = ""


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Return the figures and ratios that have a name."""
    figures = {row.key: row.figure for row in rows if row.key}
    ratios = {row.ratio_key: row.ratio for row in rows if row.ratio_key and row.ratio is not None}
    return {name: round(value, 3) for name, value in (figures | ratios).items()}


def table(title: str, rows: Sequence[Row]) -> str:
    """Lay rows out for a person."""
    cells = [("", "", "", "ratio", "goal")]
    for row in rows:
        figure = f"{row.figure:,.0f}" if abs(row.figure) >= 100 else f"{row.figure:,.3g}"  # noqa: PLR2004
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} x {row.beside}"
        cells.append((row.what, figure, row.unit, ratio, row.goal))
    what, figures, units, ratios, _ = (
        max(len(cell) for cell in column) for column in zip(*cells, strict=True)
    )
    lines = [
        f"  {a:{what}}  {b:>{figures}} {c:{units}}  {d:{ratios}}  {e}".rstrip()
        for a, b, c, d, e in cells
    ]
    return "\n".join([title, *lines])


@dataclass(frozen=True, slots=True)
class Timings:
    """CPU seconds of one call, for each contender and each round."""

    rounds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Return a contender's seconds for one call."""
        return statistics.median(self.rounds[name])

    def ratio(self, name: str, beside: str) -> float:
        """Return the median of the ratios within each round."""
        pairs = zip(self.rounds[name], self.rounds[beside], strict=True)
        return statistics.median(own / other for own, other in pairs)


def interleaved(
    contenders: Mapping[str, Callable[[int], object]], rounds: int, calls: int
) -> Timings:
    """Let each contender do its work `calls` times in each round.

    They take turns because a shared machine's speed changes from second to second; CPU time
    counts, because whoever else runs there is not the subject. One call before each round is not
    timed: it finds the processor's caches as the contender before left them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender(calls)
    for _ in range(rounds):
        for name, contender in contenders.items():
            contender(1)
            start = time.process_time()
            contender(calls)
            seconds[name].append((time.process_time() - start) / calls)
    return Timings(seconds)
