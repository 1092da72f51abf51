"""An invitation link as a QR code in a terminal: dark on light, whatever the terminal's colours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

WIDEST_MARGIN = 4
NARROWEST_MARGIN = 2
"""Modules around the code; the standard asks for four, cameras are content with two."""

_BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
_RESET = "\x1b[0m"
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def for_terminal(link: str) -> str:
    """Return the code for the terminal as it is, or a sentence if it is too narrow for it.

    With NO_COLOR it is drawn for a dark terminal: the light parts are what is drawn.
    """
    return drawn(link, shutil.get_terminal_size().columns, colours=not os.environ.get("NO_COLOR"))


def drawn(link: str, columns: int, *, colours: bool) -> str:
    """Return the code for so many columns, or a sentence if they are too few."""
    import segno

    code = segno.make_qr(link)
    modules = len(code.matrix)
    margin = min(WIDEST_MARGIN, (columns - modules) // 2)
    if margin < NARROWEST_MARGIN:
        needed = modules + 2 * NARROWEST_MARGIN
        return (
            f"The QR code needs {needed} columns, and this terminal has {columns}. Make it wider "
            "and run the same command again, or hand over the link."
        )
    rows = [list(row) for row in code.matrix_iter(border=margin)]
    lines = _lines(rows, drawn=1 if colours else 0)
    if colours:
        lines = [f"{_BLACK_ON_WHITE}{line}{_RESET}" for line in lines]
    return "\n".join(lines)


def _lines(rows: Sequence[Sequence[int]], *, drawn: int) -> list[str]:
    """Return two rows of modules in each line; what equals `drawn` is in the foreground."""
    if len(rows) % 2:
        rows = [*rows, [0] * len(rows[0])]
    return [
        "".join(
            _HALVES[int(bool(above) == drawn), int(bool(below) == drawn)]
            for above, below in zip(upper, lower, strict=True)
        )
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
